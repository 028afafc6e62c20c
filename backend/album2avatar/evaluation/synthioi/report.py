"""The benchmark's outcome as a table, as JSON, and as a picture."""

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from album2avatar.evaluation.synthioi.measures import MEASURES, Measure
from album2avatar.evaluation.synthioi.results import PERSON, Result, strip_file
from album2avatar.evaluation.synthioi.runs import Trial
from album2avatar.files import atomic_path
from album2avatar.presets import published_description, published_names

_LABEL_HEIGHT = 22
_SHEET_SIZE = 160
"""Pixels of a picture's side in the contact sheet."""

_LOSSES = (
    "p2s", "normal_degrees", "iou", "hands", "face", "psnr", "color_median", "color_worst", "sides",
    "baked_light", "needles", "prior_calls", "seconds",
)  # fmt: skip
"""What a table of ablations tells."""

Results = Mapping[str, Sequence[Result]]
"""Contender to its results, of the same trials in the same order."""


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


def as_json(results: Results) -> dict[str, Any]:
    """Means, spreads over the trials, and every single result."""
    return {
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


def _values(measure: Measure, results: Sequence[Result]) -> dict[tuple[int, int], float]:
    return {
        (result.person, result.seed): result.values[measure.key]
        for result in results
        if measure.key in result.values
    }


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
