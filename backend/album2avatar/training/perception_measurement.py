"""Command line that measures a perception model; `scripts/measure_perception` calls it."""

from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from PIL import Image

from album2avatar.files import atomic_path, write_json
from album2avatar.model_folders import find_model
from album2avatar.perception.model import Perception, load_perception
from album2avatar.training.perception_data import PeopleDataset
from album2avatar.training.perception_evaluation import SURE, evaluate

_CLASS_COLOURS = np.array(
    [
        (0, 0, 0), (255, 205, 165), (255, 130, 90), (120, 65, 25), (200, 0, 100), (220, 40, 40),
        (40, 70, 220), (40, 190, 70), (245, 215, 40), (0, 210, 210), (195, 70, 245), (255,) * 3,
    ],
    np.uint8,
)  # fmt: skip
"""In the order of PIXEL_CLASSES."""


def main(
    data: Annotated[Path, typer.Option(help="data set of held-out people")],
    output: Annotated[Path, typer.Option(help="folder for scores.json and sheet.png")],
    model: Annotated[str, typer.Option(help="name or folder")] = "demo-perception",
    count: Annotated[int, typer.Option(min=1, help="pictures to measure")] = 500,
) -> None:
    """Write scores.json and sheet.png."""
    torch.set_num_threads(1)
    perception = load_perception(find_model(model))
    dataset = PeopleDataset(data)
    sheet = draw_sheet(perception, dataset, rows=range(24), columns=8)
    with atomic_path(output / "sheet.png") as temporary:
        Image.fromarray(sheet).save(temporary)
    write_json(output / "scores.json", evaluate(perception, dataset, count).to_json())


def draw_sheet(
    perception: Perception, dataset: PeopleDataset, rows: range, columns: int
) -> NDArray[np.uint8]:
    """Pictures above what was seen in them: classes in colour, keypoints as white crosses."""
    cells = [draw_cell(perception, dataset, row) for row in rows]
    lines = [
        np.concatenate(cells[start : start + columns], axis=1)
        for start in range(0, len(cells), columns)
    ]
    return np.concatenate(lines, axis=0)


def draw_cell(perception: Perception, dataset: PeopleDataset, row: int) -> NDArray[np.uint8]:
    """(2 S, S, 3): a picture and, below it, what was seen."""
    image = dataset.batch([row]).images[0].permute(1, 2, 0)
    seen = perception.perceive(image)
    drawn = _CLASS_COLOURS[seen.labels.numpy()]
    size = len(drawn)
    for x, y, confidence in seen.keypoints.tolist():
        if confidence > SURE and 1 <= x < size - 1 and 1 <= y < size - 1:
            drawn[int(y), int(x) - 1 : int(x) + 2] = 255
            drawn[int(y) - 1 : int(y) + 2, int(x)] = 255
    return np.concatenate([(image.numpy() * 255).round().astype(np.uint8), drawn])


if __name__ == "__main__":
    typer.run(main)
