"""Hair and beards: what grows on the scalp, and what falls from it."""

import math

import numba
import numpy as np

from album2avatar.synthetic.garments import Smoothed, cloth
from album2avatar.synthetic.meshing import polar_reach
from album2avatar.synthetic.parts import Material, Part, bone_blend, grid_faces, shell
from album2avatar.synthetic.people import Person
from album2avatar.synthetic.regions import Layer, is_ear
from album2avatar.synthetic.template import (
    CHART_ON_ARM,
    CHART_ON_HEAD,
    CHART_Y,
    Floats,
    RestBody,
    Template,
)

_HEIGHT_ROWS, _COLUMNS = 20, 33
_ANGLE_BINS = 36


def hair_parts(
    template: Template, body: RestBody, smoothed: Smoothed, cuts: Floats, person: Person
) -> list[Part]:
    """All hair of a person, beard included."""
    parts: list[Part] = []
    if person.hair != "bald":
        thickness = {"short": 0.014, "long": 0.018, "bun": 0.009}[person.hair]
        if person.headwear is not None:
            thickness = 0.006
        # Thin at the hairline in front, full behind.
        behind = np.clip((template.chart[:, CHART_Y] - cuts[13]) / 0.06, 0.25, 1.0)
        ease = (thickness * behind).astype(np.float32)
        parts.append(cloth(template, body, smoothed.lightly, cuts, Layer.HAIR, Material.HAIR, ease))
    if person.hair == "long":
        parts.append(_falling_hair(template, body, cuts, person))
    if person.hair == "bun" and person.headwear is None:
        parts.append(_bun(template, body))
    if person.beard:
        ease = np.full(len(template.chart), 0.006, np.float32)
        parts.append(
            cloth(template, body, smoothed.lightly, cuts, Layer.BEARD, Material.BEARD, ease)
        )
    return parts


def head_vertices(template: Template, body: RestBody, cuts: Floats) -> Floats:
    """The head without its ears and eyes, (N, 3)."""
    return body.vertices[_is_bare_head(template.chart, cuts)]


@numba.njit(cache=True, fastmath=True)
def _is_bare_head(chart: Floats, cuts: Floats) -> np.ndarray:
    chosen = np.zeros(chart.shape[0], np.bool_)
    for i in range(chart.shape[0]):
        chosen[i] = chart[i, CHART_ON_HEAD] > 0.5 and not is_ear(chart[i], cuts)
    return chosen


def _bone(template: Template, body: RestBody, name: str) -> Floats:
    return body.bone_heads[template.bones.index(name)]


def _falling_hair(template: Template, body: RestBody, cuts: Floats, person: Person) -> Part:
    """A curtain from temple to temple around the back, down to chest or waist."""
    eye, neck = _bone(template, body, "eye.L"), _bone(template, body, "neck01")
    head = head_vertices(template, body, cuts)
    center_y = float(head[:, 1].min() + head[:, 1].max()) / 2 + 0.01
    # Under headwear the curtain begins below the rim.
    start = float(eye[2]) + (0.055 if person.headwear is None else 0.0)
    end = float(neck[2]) - 0.02 - 0.26 * person.hair_length
    trunk = template.chart[:, CHART_ON_ARM] < 0.2
    near = body.vertices[trunk & (np.abs(body.vertices[:, 0]) < 0.17)]
    reach = polar_reach(near, 0.0, center_y, end, start - end, _ANGLE_BINS, _HEIGHT_ROWS)[::-1]
    reach = np.maximum(np.maximum(np.roll(reach, 1, 1), np.roll(reach, -1, 1)), reach)
    for row in range(1, len(reach)):
        reach[row] = np.maximum(reach[row], reach[row - 1] - 0.012)
    fall = np.linspace(0.0, 1.0, _HEIGHT_ROWS)
    height = start - fall * (start - end)
    chin = float(eye[2]) - 0.1
    # The curtain opens less far forward once it reaches the shoulders.
    lowered = np.clip((chin - height) / max(chin - float(neck[2]) + 0.06, 1e-3), 0.0, 1.0)
    half_angle = np.radians(118.0 - 48.0 * lowered)
    across = np.linspace(-1.0, 1.0, _COLUMNS)
    angle = math.pi + half_angle[:, None] * across[None, :]
    columns = (angle / (2 * math.pi) * _ANGLE_BINS - 0.5) % _ANGLE_BINS
    left = np.floor(columns).astype(int)
    share = columns - left
    rows = np.arange(_HEIGHT_ROWS)[:, None]
    radius = reach[rows, left % _ANGLE_BINS] * (1 - share)
    radius = radius + reach[rows, (left + 1) % _ANGLE_BINS] * share
    fullness = np.sqrt(np.maximum(1.0 - np.abs(across[None, :]) ** 4, 0.0))
    tip = 1.0 - 0.5 * fall[:, None] ** 4
    # Grows out of the scalp, so that no step shows where the curtain begins.
    growth = np.clip(0.35 + 2.2 * fall[:, None], 0.0, 1.0)
    radius = radius + 0.004 + 0.024 * fullness * tip * growth
    radius = radius + 0.003 * np.sin(across[None, :] * 14.0) * fall[:, None]
    radius[0] -= 0.016
    uneven = 0.02 * np.sin(across[None, :] * 9.0 + person.seed) * fall[:, None] ** 3
    vertices = np.stack(
        [radius * np.sin(angle), center_y - radius * np.cos(angle), height[:, None] + uneven], -1
    ).reshape(-1, 3)
    lowered_all = np.repeat(lowered, _COLUMNS)
    weights = bone_blend(
        template,
        {
            "head": 1.0 - lowered_all,
            "neck01": 0.4 * lowered_all,
            "spine01": 0.6 * lowered_all,
        },
    )
    faces = grid_faces(_HEIGHT_ROWS, _COLUMNS, joined=False)
    return shell(template, body, vertices, faces, weights, Material.HAIR, 0.1)


def _bun(template: Template, body: RestBody) -> Part:
    """A ball of hair behind the crown."""
    eye = _bone(template, body, "eye.L")
    polar = np.linspace(0.0, math.pi, 9)[:, None]
    around = np.linspace(0.0, 2 * math.pi, 16, endpoint=False)[None, :]
    x = 0.042 * np.sin(polar) * np.sin(around)
    y = -0.042 * np.sin(polar) * np.cos(around)
    z = 0.038 * np.cos(polar) + 0.0 * around
    crown = body.vertices[template.chart[:, CHART_ON_HEAD] > 0.5]
    center = np.array([0.0, crown[:, 1].max() + 0.01, eye[2] + 0.075])
    vertices = np.stack([x, y, z], -1).reshape(-1, 3) + center
    weights = bone_blend(template, {"head": np.ones(len(vertices))})
    return shell(
        template, body, vertices, grid_faces(9, 16, joined=True), weights, Material.HAIR, 0.04
    )
