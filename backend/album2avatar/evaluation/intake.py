"""How well the intake tells good photos from bad ones: precision and recall of each filter.

`python -m album2avatar.evaluation.intake FOLDER` photographs held-out synthetic people, puts faults
into most photos, and prints two tables: what the measures of two sets of people are, and how often
the limits of `album.judging` are right. The limits were read off the first set; the second one is
measured. FOLDER keeps the measures, so that a second run takes seconds.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from album2avatar.album.judging import SMALL_SIDE, find_flaws, find_twin
from album2avatar.album.person import measures_from_json
from album2avatar.album.quality import PhotoMeasures, bits_apart, measure_photo
from album2avatar.album.sight import see
from album2avatar.evaluation.faulty_photos import FLAW_OF, Fault, faulty_album
from album2avatar.files import write_json
from album2avatar.flaws import FLAWS, Flaw
from album2avatar.model_folders import find_model
from album2avatar.perception.model import load_perception
from album2avatar.settings import AlbumSettings

FIRST_CHOSEN, FIRST_MEASURED = 7000, 8000
"""Held-out people whom nothing else looks at: of the first the limits are read off."""

_SHOWN: dict[str, tuple[Fault, ...]] = {
    "short_side": ("small",),
    "sharpness": ("blurred",),
    "bright": ("dark",),
    "clipped": ("overexposed",),
    "joints": ("nobody",),
    "person_share": ("nobody",),
    "second_body": ("second person",),
    "second_face": ("second person",),
    "side_cut": ("cut at the side",),
    "top_cut": ("cut through the head",),
}
"""Measure to the faults that it is there for."""


@dataclass(frozen=True)
class Sample:
    """One photo with its truth."""

    person: int
    fault: Fault
    framing: str
    measures: PhotoMeasures


@dataclass(frozen=True)
class Score:
    """How often a filter is right."""

    name: str
    hits: int
    misses: int
    false_alarms: int
    alarms_on_good: int
    """Of the false alarms, those on photos without any fault."""

    @property
    def precision(self) -> float:
        """Share of the alarms that are right; 1 without any alarm."""
        alarms = self.hits + self.false_alarms
        return self.hits / alarms if alarms else 1.0

    @property
    def recall(self) -> float:
        """Share of the faults that are found; 1 without any fault."""
        faults = self.hits + self.misses
        return self.hits / faults if faults else 1.0


def main(
    folder: Annotated[Path, typer.Argument(help="Keeps the measures.")],
    chosen: Annotated[int, typer.Option(help="People of whom the limits are read off.")] = 10,
    measured: Annotated[int, typer.Option(help="People who are measured.")] = 20,
) -> None:
    """Photograph, measure, print the tables."""
    for title, first, count in (
        ("People of whom the limits are read off", FIRST_CHOSEN, chosen),
        ("People who are measured", FIRST_MEASURED, measured),
    ):
        samples = [
            sample
            for index in range(first, first + count)
            for sample in samples_of(index, folder / f"{index}.json")
        ]
        print(f"\n{title}: {count}, {len(samples)} photos\n")
        print(measure_table(samples))
        print()
        print(score_table(score(samples), samples))


def samples_of(index: int, path: Path) -> list[Sample]:
    """Measure one person's photos; what is in the file is not measured again."""
    if not path.exists():
        perception = load_perception(find_model("demo-perception"))
        rows: list[dict[str, Any]] = []
        for photo in faulty_album(index):
            person = see(perception, np.asarray(photo.image))
            measures = measure_photo(photo.image, photo.image.size, person)
            rows.append({"fault": photo.fault, "framing": photo.framing, **_to_json(measures)})
        write_json(path, rows)
    return [
        Sample(index, row.pop("fault"), row.pop("framing"), _from_json(row))
        for row in json.loads(path.read_text())
    ]


def score(samples: Sequence[Sample]) -> list[Score]:
    """Judge every photo beside those before it, and count for each flaw, then for all together."""
    found = [judged(samples, place) for place in range(len(samples))]
    truths = [true_flaws(sample) for sample in samples]
    scores = [
        _count(
            flaw, [flaw in flaws for flaws in found], [flaw in truth for truth in truths], truths
        )
        for flaw in FLAWS
        if flaw != "unreadable"
    ]
    leave_out = AlbumSettings().leave_out
    rejected = [any(flaw in leave_out for flaw in flaws) for flaws in found]
    bad = [any(flaw in leave_out for flaw in truth) for truth in truths]
    return [*scores, _count("left out by default", rejected, bad, truths)]


def true_flaws(sample: Sample) -> set[Flaw]:
    """What the photo ought to be called; what a crop left of one may be small besides."""
    flaws: set[Flaw] = set()
    if sample.fault in FLAW_OF:
        flaws.add(FLAW_OF[sample.fault])
    if min(sample.measures.original_size) < SMALL_SIDE:
        flaws.add("small")
    return flaws


def judged(samples: Sequence[Sample], place: int) -> set[Flaw]:
    """Flaws of one photo; twins are looked for among the person's good photos before it."""
    sample = samples[place]
    flaws: set[Flaw] = {finding.flaw for finding in find_flaws(sample.measures)}
    before = [
        (str(number), other.measures)
        for number, other in enumerate(samples[:place])
        if other.person == sample.person and other.fault == "good"
    ]
    if "nobody" not in flaws and find_twin(sample.measures, before) is not None:
        flaws.add("twin")
    return flaws


def measure_table(samples: Sequence[Sample]) -> str:
    """Markdown: percentiles of each measure, of good photos and of those with the fault."""
    lines = [
        "| measure | good: 0, 5, 50, 95, 100 % | fault | 0, 5, 50, 95, 100 % |",
        "|---|---|---|---|",
    ]
    for measure, faults in _SHOWN.items():
        good = [s.measures.numbers()[measure] for s in samples if s.fault == "good"]
        bad = [s.measures.numbers()[measure] for s in samples if s.fault in faults]
        if good and bad:
            lines.append(f"| {measure} | {_spread(good)} | {faults[0]} | {_spread(bad)} |")
    pairs = {"twin": twin_distances(samples, "twin"), "good": twin_distances(samples, "good")}
    for column, name in enumerate(("picture bits", "person bits")):
        good, bad = ([pair[column] for pair in pairs[kind]] for kind in ("good", "twin"))
        if good and bad:
            lines.append(f"| {name} | {_spread(good)} | twin | {_spread(bad)} |")
    return "\n".join(lines)


def twin_distances(samples: Sequence[Sample], fault: Fault) -> list[tuple[int, int]]:
    """Differing bits between photos with a fault and the nearest good photo before."""
    nearest: list[tuple[int, int]] = []
    for place, sample in enumerate(samples):
        others = [
            bits_apart(sample.measures, other.measures)
            for other in samples[:place]
            if other.person == sample.person and other.fault == "good"
        ]
        if sample.fault == fault and others:
            nearest.append(min(others))
    return nearest


def score_table(scores: Sequence[Score], samples: Sequence[Sample]) -> str:
    """Markdown: precision and recall of each filter."""
    good = sum(sample.fault == "good" for sample in samples)
    lines = [
        f"| filter | precision | recall | faults | false alarms | on the {good} good photos |",
        "|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.name} | {row.precision:.2f} | {row.recall:.2f} | {row.hits + row.misses} | "
        f"{row.false_alarms} | {row.alarms_on_good} |"
        for row in scores
    ]
    return "\n".join(lines)


def _count(
    name: str, alarms: Sequence[bool], faults: Sequence[bool], truths: Sequence[set[Flaw]]
) -> Score:
    both = list(zip(alarms, faults, truths, strict=True))
    return Score(
        name=name,
        hits=sum(alarm and fault for alarm, fault, _ in both),
        misses=sum(fault and not alarm for alarm, fault, _ in both),
        false_alarms=sum(alarm and not fault for alarm, fault, _ in both),
        alarms_on_good=sum(alarm and not truth for alarm, _, truth in both),
    )


def _spread(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.3g}" for value in np.percentile(values, (0, 5, 50, 95, 100)))


def _to_json(measures: PhotoMeasures) -> dict[str, Any]:
    return {
        **asdict(measures),
        "picture_bits": np.packbits(measures.picture_bits).tobytes().hex(),
        "person_bits": np.packbits(measures.person_bits).tobytes().hex(),
    }


def _from_json(row: dict[str, Any]) -> PhotoMeasures:
    width, height = row["original_size"]
    return PhotoMeasures(
        original_size=(width, height),
        sharpness=row["sharpness"],
        person=measures_from_json(row["person"]),
        picture_bits=_bits(row["picture_bits"]),
        person_bits=_bits(row["person_bits"]),
    )


def _bits(text: str) -> np.ndarray:
    return np.unpackbits(np.frombuffer(bytes.fromhex(text), np.uint8)).astype(bool)


if __name__ == "__main__":
    typer.run(main)
