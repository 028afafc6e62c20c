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

_LABEL_HEIGHT = 22
_SHEET_SIZE = 160
"""Pixels of a picture's side in the contact sheet."""

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


def as_json(results: Results) -> dict[str, Any]:
    """Means, spreads over the trials, and every single result."""
    return {
        "means": {name: _means(list(rows)) for name, rows in results.items()},
        "spreads": {name: _spreads(list(rows)) for name, rows in results.items()},
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
