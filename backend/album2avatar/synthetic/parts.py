"""Pieces of a dressed person: sheets of triangles that hang on the body's bones."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from album2avatar.assets import PIXEL_CLASSES
from album2avatar.synthetic.regions import Layer
from album2avatar.synthetic.template import (
    CHART_ALONG,
    CHART_AROUND_COS,
    CHART_AROUND_SIN,
    CHART_COLUMNS,
    CHART_RADIUS,
    Floats,
    Integers,
    RestBody,
    Template,
)

INFLUENCES = 9
"""Bones per vertex, as many as Anny's template has."""


class Material(IntEnum):
    """What a part is made of; decides its colours and its class in the label map."""

    SKIN = 0
    TOP = 1
    OUTERWEAR = 2
    BOTTOM = 3
    SHOES = 4
    HAIR = 5
    BEARD = 6
    HEADWEAR = 7
    GLASSES = 8
    DRESS = 9
    LENS = 10


MATERIAL_CLASSES: npt.NDArray[np.uint8] = np.array(
    [
        PIXEL_CLASSES.index(name)
        for name in (
            *("skin", "top", "outerwear", "bottom", "shoes", "hair", "beard", "headwear"),
            *("glasses", "dress", "glasses"),
        )
    ],
    np.uint8,
)
"""Pixel class of each material; skin of the face is told apart by its place."""


@dataclass(frozen=True)
class Part:
    """One sheet in the canonical pose."""

    vertices: Floats
    """(N, 3) metres."""
    faces: Integers
    """(F, 3), counter-clockwise from outside."""
    chart: Floats
    """(N, CHART_COLUMNS)."""
    weight_bones: Integers
    """(N, INFLUENCES)."""
    weights: Floats
    """(N, INFLUENCES), the largest first."""
    layer: Layer
    material: Material


def grid_faces(rows: int, columns: int, joined: bool) -> Integers:
    """Triangles of a grid of vertices; `joined` closes each row into a ring.

    Seen from outside, rows go down and columns run from -Y over +X.
    """
    row, column = np.mgrid[0 : rows - 1, 0 : columns if joined else columns - 1]
    a = row * columns + column
    b = row * columns + (column + 1) % columns
    c, d = a + columns, b + columns
    first = np.stack([a, c, b], -1).reshape(-1, 3)
    second = np.stack([b, c, d], -1).reshape(-1, 3)
    return np.concatenate([first, second]).astype(np.int32)


def shell_chart(vertices: Floats, body: RestBody, template: Template, radius: float) -> Floats:
    """Chart of geometry off the body: its place, moved to the neutral body's height."""
    hip = template.bones.index("upperleg01.L")
    chart = np.zeros((len(vertices), CHART_COLUMNS), np.float32)
    chart[:, :3] = vertices
    chart[:, CHART_AROUND_SIN] = vertices[:, 0]
    chart[:, CHART_AROUND_COS] = -(vertices[:, 1] + 0.02)
    shift = template.landmarks["upperleg01.L"][2] - body.bone_heads[hip, 2]
    chart[:, CHART_ALONG] = vertices[:, 2] + shift
    chart[:, CHART_RADIUS] = radius
    return chart


def sparse_weights(dense: Floats) -> tuple[Integers, Floats]:
    """Keep the largest influences of (N, J) weights, normalised."""
    bones = np.argsort(-dense, axis=1, kind="stable")[:, :INFLUENCES]
    weights = np.take_along_axis(dense, bones, 1)
    weights = weights / weights.sum(1, keepdims=True)
    return bones.astype(np.int32), weights.astype(np.float32)


def bone_blend(template: Template, shares: dict[str, Floats]) -> Floats:
    """Dense weights (N, J) from one share (N,) for each named bone."""
    count = len(next(iter(shares.values())))
    dense = np.zeros((count, len(template.bones)), np.float32)
    for bone, share in shares.items():
        dense[:, template.bones.index(bone)] += share
    return dense


def shell(
    template: Template,
    body: RestBody,
    vertices: Floats,
    faces: Integers,
    dense_weights: Floats,
    material: Material,
    pattern_radius: float,
) -> Part:
    """Wrap geometry off the body into a part."""
    bones, weights = sparse_weights(dense_weights)
    vertices = np.ascontiguousarray(vertices, np.float32)
    chart = shell_chart(vertices, body, template, pattern_radius)
    return Part(vertices, faces, chart, bones, weights, Layer.SHELL, material)


@dataclass(frozen=True)
class DressedBody:
    """All parts of a person in one mesh, in the canonical pose."""

    vertices: Floats
    normals: Floats
    faces: Integers
    chart: Floats
    weight_bones: Integers
    weights: Floats
    face_layers: npt.NDArray[np.int8]
    """(F,) `Layer` of each triangle."""
    face_materials: npt.NDArray[np.int8]
    """(F,) `Material` of each triangle."""


def join_parts(parts: Sequence[Part], normals: Sequence[Floats]) -> DressedBody:
    """Put parts into one mesh; `normals` are the vertex normals of each part."""
    starts = np.cumsum([0, *(len(part.vertices) for part in parts[:-1])]).astype(np.int32)
    return DressedBody(
        vertices=np.concatenate([part.vertices for part in parts]),
        normals=np.concatenate(list(normals)),
        faces=np.concatenate([p.faces + s for p, s in zip(parts, starts, strict=True)]),
        chart=np.concatenate([part.chart for part in parts]),
        weight_bones=np.concatenate([part.weight_bones for part in parts]),
        weights=np.concatenate([part.weights for part in parts]),
        face_layers=np.concatenate([np.full(len(p.faces), p.layer, np.int8) for p in parts]),
        face_materials=np.concatenate([np.full(len(p.faces), p.material, np.int8) for p in parts]),
    )
