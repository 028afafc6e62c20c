"""The benchmark's table says who is better, and how often."""

import json
import threading
from pathlib import Path

from PIL import Image

from album2avatar.evaluation.synthioi.benchmark import Failure, Outcome
from album2avatar.evaluation.synthioi.contenders import Budget
from album2avatar.evaluation.synthioi.report import (
    color_table,
    contact_sheet,
    losses_table,
    markdown_table,
    published_notes,
    write_report,
)
from album2avatar.evaluation.synthioi.results import PERSON, Result, strip_file
from album2avatar.evaluation.synthioi.runs import Bench, Trial
from album2avatar.presets import published_description


def result(contender: str, person: int, **values: float) -> Result:
    return Result(
        contender=contender,
        person=person,
        seed=0,
        fingerprint="",
        values=values,
        color_differences={"top": 1.0},
    )


def bench_in(folder: Path) -> Bench:
    return Bench(folder, Budget("quick", 5, 7), lambda event: None, threading.Event())


def test_wins_are_counted_in_each_measure_s_own_direction():
    """Less distance is better, more overlap is; a tie is nobody's, and what is missing isn't."""
    ours = [result("ours", 0, chamfer=0.4, iou=0.9), result("ours", 1, chamfer=0.6, iou=0.9)]
    other = [
        result("tech", 0, chamfer=0.5, iou=0.8),
        result("tech", 1, chamfer=0.5, iou=0.9, psnr=20.0),
    ]
    rows = markdown_table({"ours": ours, "tech": other}).splitlines()
    assert rows[0] == "| measure | ours | tech |"
    assert rows[2] == "| Chamfer, cm ↓ | 0.500 | 0.500 (1/2) |"
    assert rows[3] == "| silhouette IoU ↑ | 0.900 | 0.850 (1/2) |"
    assert rows[4] == "| PSNR, dB ↑ |  | 20.00 |"
    assert len(rows) == 5


def test_what_a_change_costs_is_told_beside_its_mean():
    """Over the trials; what isn't among the few measures that tell it is left out."""
    ours = [result("ours", 0, p2s=0.4, iou=0.9), result("ours", 1, p2s=0.6, iou=0.9)]
    other = [result("ours, network", n, p2s=0.7, iou=0.95, ssim=0.5) for n in (0, 1)]
    rows = losses_table({"ours": ours, "ours, network": other}).splitlines()
    assert rows[0] == "| ours, changed | P2S, cm ↓ | silhouette IoU ↑ |"
    assert rows[2] == "| ours | 0.500 | 0.900 |"
    assert rows[3] == "| network | 0.700 (+0.200) | 0.950 (+0.050) |"


def test_the_notes_name_what_a_preset_does_not_follow():
    """Of the contenders that stand for a published system, and of no other."""
    notes = published_notes(["ours", "tech", "ours, network"])
    assert notes.startswith("*tech*: ")
    assert notes.count("\n- ") == len(published_description("tech").differs)
    assert not published_notes(["ours"])


def test_an_asset_s_colour_is_a_mean_over_who_wears_it():
    worn = [{"bottom": 4.0}, {"bottom": 8.0, "top": 3.0}]
    ours, tech = (
        [
            result(name, person).model_copy(
                update={"color_differences": {asset: more + value for asset, value in own.items()}}
            )
            for person, own in enumerate(worn)
        ]
        for name, more in (("ours", 0), ("tech", 1))
    )
    rows = color_table({"ours": ours, "tech": tech}).splitlines()
    assert rows[0] == "| ΔE of | ours | tech |"
    assert set(rows[2:]) == {"| top (1) | 3.0 | 4.0 |", "| bottom (2) | 6.0 | 7.0 |"}


def test_a_report_tells_what_was_run_and_what_is_missing(tmp_path: Path):
    """Means and spreads are those of the trials; a trial that failed is named, with its reason."""
    trials = [Trial(0, 0), Trial(1, 0)]
    for trial in trials:
        for name in (PERSON, "ours"):
            path = strip_file(tmp_path, name, trial)
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (64, 16)).save(path)
    rows = [result("ours", 0, iou=0.8), result("ours", 1, iou=0.9)]
    truth = [result(PERSON, 0, iou=1.0), result(PERSON, 1, iou=1.0)]
    failures = [Failure("tech", Trial(2, 0), "No photo shows a person.")]
    write_report(bench_in(tmp_path), Outcome(trials, {"ours": rows, PERSON: truth}, failures))
    told = json.loads((tmp_path / "synthioi.json").read_text())
    assert abs(told["means"]["ours"]["iou"] - 0.85) < 1e-12
    assert abs(told["spreads"]["ours"]["iou"] - 0.05) < 1e-12
    assert len(told["results"]) == 4
    assert told["made_with"]["paint_calls"] == 7
    assert told["failures"][0]["person"] == 2
    text = (tmp_path / "synthioi.md").read_text()
    assert "5 + 7 prior calls; held-out people 1000, 1001, seeds 0: 2 trials." in text
    assert "| silhouette IoU ↑ | 0.850 | 1.000 |" in text
    assert "- tech, person 2, seed 0: No photo shows a person." in text
    assert (tmp_path / "synthioi.png").exists()


def test_the_sheet_has_a_row_a_trial_and_a_column_each(tmp_path: Path):
    trials = [Trial(0, 0), Trial(1, 0)]
    for name, color in ((PERSON, "red"), ("ours", "blue")):
        for trial in trials:
            path = strip_file(tmp_path, name, trial)
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (64, 16), color).save(path)
    sheet = contact_sheet(tmp_path, ["ours"], trials)
    width, height = sheet.size
    assert sheet.getpixel((width // 4, height - 5)) == (255, 0, 0)
    assert sheet.getpixel((3 * width // 4, height - 5)) == (0, 0, 255)
    assert sheet.getpixel((3 * width // 4, height // 2 - 20)) == (0, 0, 255)
