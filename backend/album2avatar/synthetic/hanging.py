"""Skirts, and the lower parts of dresses and coats: cloth that hangs off the hips."""

import math

import numpy as np
from scipy.spatial import KDTree

from album2avatar.synthetic.meshing import polar_reach
from album2avatar.synthetic.parts import Material, Part, bone_blend, grid_faces, shell
from album2avatar.synthetic.people import Person
from album2avatar.synthetic.template import CHART_ON_ARM, Floats, RestBody, Template

_ROWS, _COLUMNS = 18, 48


def hanging_cloth(template: Template, body: RestBody, person: Person) -> list[Part]:
    """The hanging parts of the person's outfit."""
    heads = {bone: body.bone_heads[i] for i, bone in enumerate(template.bones)}
    hip, knee = float(heads["upperleg01.L"][2]), float(heads["lowerleg01.L"][2])
    waist = float(heads["spine03"][2]) - 0.06
    thigh = hip - knee
    shortness = 0.5 + 0.5 * person.hem
    flare = 0.02 + 0.1 * person.looseness
    parts: list[Part] = []
    if person.bottom is not None and person.bottom.name == "skirt":
        end = knee - 0.3 * thigh + shortness * 0.85 * thigh
        parts.append(_hang(template, body, waist, end, 0.014, flare, Material.BOTTOM))
    if person.dress is not None:
        end = knee - 0.35 * thigh + shortness * 0.85 * thigh
        parts.append(_hang(template, body, waist + 0.03, end, 0.02, flare, Material.DRESS))
    if person.outerwear is not None and person.outerwear.name == "coat":
        end = knee - 0.1 * thigh + shortness * 0.4 * thigh
        parts.append(
            _hang(template, body, waist + 0.02, end, 0.036, 0.5 * flare, Material.OUTERWEAR)
        )
    return parts


def _hang(
    template: Template,
    body: RestBody,
    top: float,
    end: float,
    ease: float,
    flare: float,
    material: Material,
) -> Part:
    """A closed sheet from `top` to `end` (metres) that clears hips and legs by `ease`."""
    torso = body.vertices[template.chart[:, CHART_ON_ARM] < 0.3]
    center_y = float(torso[np.abs(torso[:, 2] - top) < 0.15, 1].mean())
    reach = polar_reach(torso, 0.0, center_y, end, top - end, _COLUMNS, _ROWS)[::-1]
    radius = _drape(reach) + ease
    fall = np.linspace(0.0, 1.0, _ROWS)[:, None]
    angle = np.linspace(0.0, 2.0 * math.pi, _COLUMNS, endpoint=False)[None, :]
    radius = radius + flare * fall**1.3 + 0.25 * flare * fall**2 * np.sin(9.0 * angle)
    # The upper rim starts inside the body, so that it meets the waist without a gap.
    radius[0] -= ease + 0.03
    height = top - fall * (top - end) + 0.0 * angle
    vertices = np.stack(
        [radius * np.sin(angle), center_y - radius * np.cos(angle), height], -1
    ).reshape(-1, 3)
    weights = _hang_weights(template, body, vertices)
    faces = grid_faces(_ROWS, _COLUMNS, joined=True)
    return shell(template, body, vertices.astype(np.float32), faces, weights, material, 0.17)


def _drape(reach: Floats) -> Floats:
    """Radii (rows, columns) of cloth over a body of this reach, from the top row down.

    Cloth falls from what stands out above it, and spans hollows.
    """
    around = np.maximum(np.maximum(np.roll(reach, 1, 1), np.roll(reach, -1, 1)), reach)
    for row in range(1, len(around)):
        around[row] = np.maximum(around[row], 0.985 * around[row - 1])
    for _ in range(12):
        spanned = 0.5 * (np.roll(around, 2, 1) + np.roll(around, -2, 1))
        around = np.maximum(around, spanned)
    softened = (np.roll(around, 1, 1) + np.roll(around, -1, 1) + 2 * around) / 4
    return np.maximum(around, softened)


def _hang_weights(template: Template, body: RestBody, vertices: Floats) -> Floats:
    """Upper rows move with the trunk, lower rows with the nearer thigh."""
    hip = body.bone_heads[template.bones.index("upperleg01.L"), 2]
    trunk = (template.chart[:, CHART_ON_ARM] < 0.3) & (body.vertices[:, 2] > hip - 0.12)
    trunk &= np.arange(len(trunk)) % 3 == 0
    dense = np.zeros((int(trunk.sum()), len(template.bones)), np.float32)
    np.add.at(
        dense, (np.arange(len(dense))[:, None], template.weight_bones[trunk]),
        template.weights[trunk],
    )  # fmt: skip
    nearest = KDTree(body.vertices[trunk]).query(vertices, k=4)[1]
    following = dense[nearest].mean(1)
    below = np.clip((hip + 0.02 - vertices[:, 2]) / 0.16, 0.0, 1.0)
    on_left = np.clip(0.5 + vertices[:, 0] / 0.24, 0.0, 1.0)
    thighs = bone_blend(
        template,
        {
            "upperleg01.L": 0.9 * on_left,
            "upperleg01.R": 0.9 * (1.0 - on_left),
            "root": np.full(len(vertices), 0.1),
        },
    )
    return following * (1.0 - below)[:, None] + thighs * below[:, None]
