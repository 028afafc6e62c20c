"""Contact sheet of a fit: the body's outline and keypoints over each photo."""

import math
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor

from album2avatar.body.model import BodyModel
from album2avatar.files import atomic_path
from album2avatar.fitting.observations import Observations
from album2avatar.fitting.silhouettes import Skin, body_coverage
from album2avatar.fitting.variables import FitVariables, PosedBodies, cameras_of, project
from album2avatar.workspace import Workspace

_HEIGHT = 256
_OUTLINE = (255, 40, 160)
_SEEN = (40, 220, 60)
_FITTED = (255, 220, 0)


def draw_fit(
    path: Path,
    workspace: Workspace,
    model: BodyModel,
    observations: Observations,
    skin: Skin,
    variables: FitVariables,
) -> Path:
    """Write the contact sheet: outline in pink, seen keypoints green, the body's yellow."""
    with torch.no_grad():
        bodies, cameras = PosedBodies.of(model, variables), cameras_of(variables)
        coverage = body_coverage(bodies, cameras, skin, observations.aspects, _HEIGHT)
        fitted = project(bodies.joints[:, model.keypoint_bones], variables.log_focal)
    tiles = [
        _tile(
            workspace.photo(photo),
            coverage[index],
            observations.keypoints[index][observations.confidence[index] > 0],
            fitted[index],
        )
        for index, photo in enumerate(observations.photos)
    ]
    with atomic_path(path) as temporary:
        _sheet(tiles).save(temporary)
    return path


def _tile(photo: Path, coverage: Tensor, seen: Tensor, fitted: Tensor) -> Image.Image:
    with Image.open(photo) as image:
        width = max(1, round(_HEIGHT * image.width / image.height))
        tile = image.convert("RGB").resize((width, _HEIGHT), Image.Resampling.BILINEAR)
    covered = Image.fromarray((coverage.numpy() > 0.5).astype(np.uint8)).resize((width, _HEIGHT))
    inside = np.asarray(covered) > 0
    outline = inside ^ _eroded(inside)
    pixels = np.array(tile)
    pixels[outline] = _OUTLINE
    tile = Image.fromarray(pixels)
    pen = ImageDraw.Draw(tile)
    for points, colour in ((fitted, _FITTED), (seen, _SEEN)):
        for x, y in points.tolist():
            column, row = (width + x * _HEIGHT) / 2, (1 - y) * _HEIGHT / 2
            pen.ellipse((column - 2, row - 2, column + 2, row + 2), fill=colour)
    return tile


def _eroded(inside: np.ndarray) -> np.ndarray:
    padded = np.pad(inside, 1)
    return padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:] & inside


def _sheet(tiles: list[Image.Image]) -> Image.Image:
    columns = math.ceil(math.sqrt(len(tiles)))
    rows = math.ceil(len(tiles) / columns)
    width = max(tile.width for tile in tiles)
    sheet = Image.new("RGB", (columns * width, rows * _HEIGHT), (30, 30, 30))
    for index, tile in enumerate(tiles):
        sheet.paste(tile, (index % columns * width, index // columns * _HEIGHT))
    return sheet
