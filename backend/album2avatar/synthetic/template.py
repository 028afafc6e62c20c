"""The Anny template with everything that dressing needs to know about its surface."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse
import torch
from anny import Anny

from album2avatar.body.anny_cache import load_anny

Floats = npt.NDArray[np.floating[Any]]
Integers = npt.NDArray[np.int32]

CHART_X, CHART_Y, CHART_Z = 0, 1, 2
CHART_ARM, CHART_LEG = 3, 4
CHART_ON_ARM, CHART_ON_HAND, CHART_ON_HEAD, CHART_ON_FOOT, CHART_IS_EYE = 5, 6, 7, 8, 9
CHART_AROUND_SIN, CHART_AROUND_COS, CHART_ALONG, CHART_RADIUS = 10, 11, 12, 13
CHART_COLUMNS = 14
"""Columns of the chart: the place of a surface point on a neutral body (metres), how far
along arm (0 shoulder, ½ elbow, 1 wrist) and leg (0 hip, ½ knee, 1 ankle) it is, its
skinning share of some parts, and the coordinates in which cloth patterns run."""

_NEUTRAL = {"gender": 0.5, "age": 0.67, "muscle": 0.5, "weight": 0.5, "height": 0.5}


@dataclass(frozen=True)
class Template:
    """What all bodies share. V vertices, F triangles, J bones."""

    model: Anny
    faces: Integers
    """(F, 3)."""
    bones: tuple[str, ...]
    parents: tuple[int, ...]
    weight_bones: Integers
    """(V, 9) bone of each influence."""
    weights: Floats
    """(V, 9), the largest influence first."""
    chart: Floats
    """(V, CHART_COLUMNS)."""
    landmarks: dict[str, Floats]
    """Bone name to its head on the neutral body, (3,) metres."""
    neighbor_starts: Integers
    """(V + 1,) where each vertex's neighbours begin in `neighbors`."""
    neighbors: Integers
    """(2E,) vertices across an edge."""


@dataclass(frozen=True)
class RestBody:
    """A body in the canonical A-pose."""

    vertices: Floats
    """(V, 3) metres."""
    bone_heads: Floats
    """(J, 3) metres."""


@functools.cache
def load_template() -> Template:
    """Load Anny from the user's cache and chart its surface."""
    model = load_anny().to(dtype=torch.float32)
    bones = tuple(model.bone_labels)
    with torch.no_grad():
        neutral = model(phenotype_kwargs=_NEUTRAL)
    vertices = neutral["rest_vertices"][0].numpy()
    heads = neutral["rest_bone_heads"][0].numpy()
    faces = model.get_triangular_faces().numpy().astype(np.int32)
    weight_bones = model.vertex_bone_indices.numpy().astype(np.int32)
    weights = model.vertex_bone_weights.numpy().astype(np.float32)
    order = np.argsort(-weights, axis=1, kind="stable")
    weight_bones = np.take_along_axis(weight_bones, order, 1)
    weights = np.take_along_axis(weights, order, 1)
    landmarks = {bone: heads[i] for i, bone in enumerate(bones)}
    starts, neighbors = _neighbors(len(vertices), faces)
    return Template(
        model=model,
        faces=faces,
        bones=bones,
        parents=tuple(model.bone_parents),
        weight_bones=weight_bones,
        weights=weights,
        chart=_chart(vertices, landmarks, bones, weight_bones, weights),
        landmarks=landmarks,
        neighbor_starts=starts,
        neighbors=neighbors,
    )


def rest_bodies(template: Template, phenotypes: Sequence[Mapping[str, float]]) -> list[RestBody]:
    """Shape one body for each set of Anny's phenotype values (0..1)."""
    names = phenotypes[0].keys()
    values: dict[str, Any] = {
        name: torch.tensor([phenotype[name] for phenotype in phenotypes]) for name in names
    }
    model = template.model
    with torch.no_grad():
        coefficients = model.get_phenotype_blendshape_coefficients(**values)
        rest = model.get_rest_model(coefficients)
    vertices = rest["rest_vertices"].numpy()
    heads = rest["rest_bone_heads"].numpy()
    return [RestBody(v, h) for v, h in zip(vertices, heads, strict=True)]


def _neighbors(count: int, faces: Integers) -> tuple[Integers, Integers]:
    pairs = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]])
    pairs = np.concatenate([pairs, pairs[:, ::-1]])
    ones = np.ones(len(pairs), np.int8)
    graph = scipy.sparse.csr_matrix((ones, (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    return graph.indptr.astype(np.int32), graph.indices.astype(np.int32)


def _chart(
    vertices: Floats,
    landmarks: Mapping[str, Floats],
    bones: Sequence[str],
    weight_bones: Integers,
    weights: Floats,
) -> Floats:
    dense = np.zeros((len(vertices), len(bones)), np.float32)
    np.add.at(dense, (np.arange(len(vertices))[:, None], weight_bones), weights)

    def share(*prefixes: str) -> Floats:
        return dense[:, [i for i, bone in enumerate(bones) if bone.startswith(prefixes)]].sum(1)

    chart = np.zeros((len(vertices), CHART_COLUMNS), np.float32)
    chart[:, :3] = vertices
    on_arm = share("upperarm", "lowerarm", "wrist", "metacarpal", "finger")
    on_leg = share("upperleg02", "lowerleg", "foot", "toe") + 0.5 * share("upperleg01")
    chart[:, CHART_ON_ARM] = on_arm
    chart[:, CHART_ON_HAND] = share("wrist", "metacarpal", "finger")
    chart[:, CHART_ON_HEAD] = share("head", "eye")
    chart[:, CHART_ON_FOOT] = share("foot", "toe")
    chart[:, CHART_IS_EYE] = (share("eye") > 0.9) & (on_arm == 0)
    chart[:, CHART_AROUND_SIN] = vertices[:, 0]
    chart[:, CHART_AROUND_COS] = -(vertices[:, 1] + 0.02)
    chart[:, CHART_ALONG] = vertices[:, 2]
    chart[:, CHART_RADIUS] = 0.16
    for side, sign in (("L", 1.0), ("R", -1.0)):
        on_side = vertices[:, 0] * sign >= 0
        arm = [landmarks[f"{bone}.{side}"] for bone in ("upperarm01", "lowerarm01", "wrist")]
        leg = [landmarks[f"{bone}.{side}"] for bone in ("upperleg01", "lowerleg01", "foot")]
        chart[on_side, CHART_ARM] = _along_limb(vertices[on_side], arm)
        chart[on_side, CHART_LEG] = _along_limb(vertices[on_side], leg)
        _chart_limb(chart, on_side & (on_arm > 0.5), CHART_ARM, arm, 0.055)
        _chart_limb(chart, on_side & (on_leg > 0.5), CHART_LEG, leg, 0.09)
    return chart


def _along_limb(points: Floats, joints: Sequence[Floats]) -> Floats:
    """Position along a two-bone limb: 0 at its root, ½ at the hinge, 1 at its end."""
    root, hinge, end = joints
    upper = ((points - root) @ (hinge - root)) / ((hinge - root) @ (hinge - root))
    lower = ((points - hinge) @ (end - hinge)) / ((end - hinge) @ (end - hinge))
    return np.where(lower > 0, 0.5 + 0.5 * lower, np.minimum(0.5 * upper, 0.5))


def _chart_limb(
    chart: Floats,
    chosen: npt.NDArray[np.bool_],
    along: int,
    joints: Sequence[Floats],
    radius: float,
) -> None:
    """Let cloth patterns run around and along a limb."""
    root, hinge, end = joints
    t = chart[chosen, along]
    upper = root + (hinge - root) * np.minimum(2 * t, 1)[:, None]
    axis_point = upper + (end - hinge) * np.maximum(2 * t - 1, 0)[:, None]
    direction = (end - root) / np.linalg.norm(end - root)
    outward = np.cross(direction, np.array([0.0, 1.0, 0.0]))
    outward /= np.linalg.norm(outward)
    offset = chart[chosen, :3] - axis_point
    chart[chosen, CHART_AROUND_SIN] = offset @ outward
    chart[chosen, CHART_AROUND_COS] = -offset[:, 1]
    length = float(np.linalg.norm(hinge - root) + np.linalg.norm(end - hinge))
    chart[chosen, CHART_ALONG] = root[2] - t * length
    chart[chosen, CHART_RADIUS] = radius
