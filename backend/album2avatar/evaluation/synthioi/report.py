"""The benchmark's outcome as tables, as JSON, and as a picture."""

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from album2avatar import __version__
from album2avatar.assets import PIXEL_CLASSES
from album2avatar.evaluation.synthioi.benchmark import Outcome
from album2avatar.evaluation.synthioi.contenders import is_change_of
from album2avatar.evaluation.synthioi.measures import MEASURES, VERSION, Measure
from album2avatar.evaluation.synthioi.results import PERSON, Result, strip_file
from album2avatar.evaluation.synthioi.runs import FIRST_PERSON, Bench, Trial
from album2avatar.files import atomic_path, write_bytes, write_json
from album2avatar.presets import published_description, published_names

_LABEL_HEIGHT = 22
_SHEET_SIZE = 160
"""Pixels of a picture's side in the contact sheet."""

_LOSSES = (
    "p2s", "normal_degrees", "iou", "hands", "face", "psnr", "color_median", "color_worst", "sides",
    "faces_behind", "baked_light", "needles", "prior_calls", "seconds",
)  # fmt: skip
"""What a table of ablations tells."""

Results = Mapping[str, Sequence[Result]]
"""Contender to its results, of the same trials in the same order."""


def write_report(bench: Bench, outcome: Outcome) -> None:
    """Write `synthioi.md`, `synthioi.json` and, where there is something to see, `synthioi.png`."""
    names = [name for name in outcome.results if name != PERSON]
    parts = [_heading(bench, outcome.trials), *_tables(outcome.results, names)]
    parts += [_failure_notes(outcome), published_notes(names)]
    text = "\n\n".join(part for part in parts if part)
    write_bytes(bench.folder / "synthioi.md", f"{text}\n".encode())
    write_json(bench.folder / "synthioi.json", as_json(bench, outcome))
    if outcome.trials:
        save_sheet(
            bench.folder / "synthioi.png", contact_sheet(bench.folder, names, outcome.trials)
        )


def markdown_table(results: Results) -> str:
    """Mean of each measure for each contender, and how often the first one is better.

    In brackets stands the number of trials in which the first contender is strictly better; equal
    values count for neither.
    """
    names = list(results)
    lines = [
        "| measure | " + " | ".join(names) + " |",
        "|---" * (len(names) + 1) + "|",
    ]
    for measure in MEASURES:
        known = {name: _values(measure, results[name]) for name in names}
        if not any(known.values()):
            continue
        cells = [_cell(measure, known[names[0]], known[name], name, names[0]) for name in names]
        arrow = "↑" if measure.is_better_high else "↓"
        lines.append(f"| {measure.title} {arrow} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def losses_table(results: Results) -> str:
    """What each change costs: a row a contender, means, and behind each the difference from the
    first contender's. A minus is a gain where less is better, as arrows say."""
    names = list(results)
    measures = [measure for measure in MEASURES if measure.key in _LOSSES]
    means = {name: _means(results[name]) for name in names}
    measures = [measure for measure in measures if measure.key in means[names[0]]]
    arrows = ["↑" if measure.is_better_high else "↓" for measure in measures]
    titles = [f"{one.title} {arrow}" for one, arrow in zip(measures, arrows, strict=True)]
    lines = [
        f"| {names[0]}, changed | " + " | ".join(titles) + " |",
        "|---" * (len(measures) + 1) + "|",
    ]
    for name in names:
        cells: list[str] = []
        for measure in measures:
            value, usual = means[name][measure.key], means[names[0]][measure.key]
            change = "" if name == names[0] else f" ({value - usual:+.{measure.decimals}f})"
            cells.append(f"{value:.{measure.decimals}f}{change}")
        lines.append(f"| {name.removeprefix(f'{names[0]}, ')} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def color_table(results: Results) -> str:
    """Each asset's median ΔE*ab, in the mean over the trials whose person shows the asset.

    In brackets stands the number of these trials.
    """
    names = list(results)
    lines = ["| ΔE of | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for asset in PIXEL_CLASSES:
        known = [_color_differences(results[name], asset) for name in names]
        if all(known):
            cells = [f"{statistics.mean(values):.1f}" for values in known]
            lines.append(f"| {asset} ({len(known[0])}) | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def published_notes(names: Sequence[str]) -> str:
    """What the presets of published systems among some contenders stand for, and in what they
    differ from those systems."""
    paragraphs: list[str] = []
    for name in names:
        if name in published_names():
            told = published_description(name)
            sources = "; ".join(told.sources)
            points = [f"- {point}" for point in told.differs]
            paragraphs.append("\n".join([f"*{name}*: {told.summary} ({sources})", "", *points]))
    return "\n\n".join(paragraphs)


def as_json(bench: Bench, outcome: Outcome) -> dict[str, Any]:
    """What was run; means, spreads over the trials, and every single result."""
    results, budget = outcome.results, bench.budget
    return {
        "made_with": {
            "version": __version__,
            "measures": VERSION,
            "scale": budget.scale,
            "sculpt_calls": budget.sculpt_calls,
            "paint_calls": budget.paint_calls,
        },
        "failures": [
            {
                "contender": failure.contender,
                "person": failure.trial.person,
                "seed": failure.trial.seed,
                "reason": failure.reason,
            }
            for failure in outcome.failures
        ],
        "means": {name: _means(rows) for name, rows in results.items()},
        "spreads": {name: _spreads(rows) for name, rows in results.items()},
        "results": [row.model_dump() for rows in results.values() for row in rows],
    }


def contact_sheet(folder: Path, contenders: Sequence[str], trials: Sequence[Trial]) -> Image.Image:
    """A row a trial: the person and every contender's avatar from four sides."""
    columns = [PERSON, *contenders]
    width, height = 4 * _SHEET_SIZE, _SHEET_SIZE
    sheet = Image.new("RGB", (width * len(columns), _LABEL_HEIGHT + height * len(trials)), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(size=14)
    for column, name in enumerate(columns):
        draw.text((column * width + 6, 3), name, fill="black", font=font)
        for row, trial in enumerate(trials):
            with Image.open(strip_file(folder, name, trial)) as strip:
                small = strip.convert("RGB").resize((width, height), Image.Resampling.LANCZOS)
            sheet.paste(small, (column * width, _LABEL_HEIGHT + row * height))
    return sheet


def save_sheet(path: Path, sheet: Image.Image) -> None:
    """Write it as PNG, atomically."""
    with atomic_path(path) as temporary:
        sheet.save(temporary, format="PNG", optimize=True)


def _heading(bench: Bench, trials: Sequence[Trial]) -> str:
    budget = bench.budget
    people = sorted({FIRST_PERSON + trial.person for trial in trials})
    seeds = sorted({trial.seed for trial in trials})
    return (
        f"album2avatar {__version__}, measures of version {VERSION}, preset `{budget.scale}`; "
        f"{budget.sculpt_calls} + {budget.paint_calls} prior calls; held-out people "
        f"{_listed(people)}, seeds {_listed(seeds)}: {len(trials)} trials."
    )


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(str(number) for number in numbers) or "none"


def _tables(results: Results, names: Sequence[str]) -> list[str]:
    """Of the contenders; of what changes to the first one cost; of the assets' colours."""
    if not results[names[0]]:
        return []
    changed = [name for name in names if is_change_of(name, names[0])]
    others = {name: rows for name, rows in results.items() if name not in changed}
    tables = [markdown_table(others)]
    if changed:
        tables.append(losses_table({name: results[name] for name in (names[0], *changed)}))
    return [*tables, color_table(others)]


def _failure_notes(outcome: Outcome) -> str:
    if not outcome.failures:
        return ""
    lines = [f"- {failure.told}" for failure in outcome.failures]
    return "\n".join(["Left out for everybody, because an avatar could not be made:", "", *lines])


def _values(measure: Measure, results: Sequence[Result]) -> dict[tuple[int, int], float]:
    return {
        (result.person, result.seed): result.values[measure.key]
        for result in results
        if measure.key in result.values
    }


def _color_differences(results: Sequence[Result], asset: str) -> list[float]:
    return [row.color_differences[asset] for row in results if asset in row.color_differences]


def _cell(
    measure: Measure,
    first: Mapping[tuple[int, int], float],
    own: Mapping[tuple[int, int], float],
    name: str,
    first_name: str,
) -> str:
    if not own:
        return ""
    mean = f"{statistics.mean(own.values()):.{measure.decimals}f}"
    shared = first.keys() & own.keys()
    if name in (first_name, PERSON) or measure.group == "effort" or not shared:
        return mean
    sign = 1 if measure.is_better_high else -1
    wins = sum(sign * (first[key] - own[key]) > 0 for key in shared)
    return f"{mean} ({wins}/{len(shared)})"


def _means(rows: Sequence[Result]) -> dict[str, float]:
    return {key: float(np.mean(values)) for key, values in _by_key(rows).items()}


def _spreads(rows: Sequence[Result]) -> dict[str, float]:
    return {key: float(np.std(values)) for key, values in _by_key(rows).items()}


def _by_key(rows: Sequence[Result]) -> dict[str, list[float]]:
    keys = [measure.key for measure in MEASURES]
    found = {key: [row.values[key] for row in rows if key in row.values] for key in keys}
    return {key: values for key, values in found.items() if values}
