"""Precision and recall of the intake, where both are known."""

from dataclasses import replace

import numpy as np

from album2avatar.album.quality import PhotoMeasures
from album2avatar.evaluation.intake import Sample, measure_table, score, score_table
from album2avatar.evaluation.wrong_poses import Judged, table
from album2avatar.fit_report import PhotoFit
from seen_people import ONE_PERSON, seen

DRAW = np.random.default_rng(0)


def sample(fault, **changes) -> Sample:
    bits = DRAW.integers(0, 2, 256).astype(bool)
    measures = PhotoMeasures((800, 1000), 0.3, ONE_PERSON, bits, bits)
    return Sample(1, fault, "full body", replace(measures, **changes))


def test_hits_misses_and_false_alarms_are_counted():
    first = sample("good")
    samples = [
        first,
        sample("good", sharpness=0.01),
        sample("blurred", sharpness=0.01),
        sample("blurred"),
        sample("dark", person=seen(bright=0.05), sharpness=0.01),
        replace(first, fault="twin"),
    ]
    scores = {row.name: row for row in score(samples)}
    blurred = scores["blurred"]
    assert (blurred.hits, blurred.misses, blurred.false_alarms) == (1, 1, 2)
    assert blurred.alarms_on_good == 1
    assert (blurred.precision, blurred.recall) == (1 / 3, 1 / 2)
    assert (scores["twin"].precision, scores["twin"].recall) == (1.0, 1.0)
    together = scores["left out by default"]
    assert (together.hits, together.misses, together.false_alarms) == (3, 1, 1)
    assert "| blurred | 0.33 | 0.50 | 2 | 2 | 1 |" in score_table(score(samples), samples)
    assert "| sharpness |" in measure_table(samples)


def test_spoilt_poses_are_counted_by_fault():
    def fit(verdict) -> PhotoFit:
        return PhotoFit(
            photo="a",
            inside=0.9,
            covered=0.9,
            confidence=0.9,
            keypoints=20,
            disagreement=0.02,
            verdict=verdict,
            warnings=(),
        )

    text = table(
        [Judged("", fit("good")), Judged("limb", fit("doubtful")), Judged("limb", fit("good"))]
    )
    assert "| as fitted | 1 | 0 |" in text
    assert "| limb | 2 | 1 |" in text
    assert "precision 1.00, recall 0.50 of 2" in text
