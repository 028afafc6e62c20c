"""Beanies, caps, hats and glasses: rigid things on the head."""

import math

import numpy as np

from album2avatar.synthetic.hair import head_vertices
from album2avatar.synthetic.parts import Material, Part, bone_blend, grid_faces, shell
from album2avatar.synthetic.people import Person
from album2avatar.synthetic.template import Floats, Integers, RestBody, Template

_COLUMNS = 40


def headwear_parts(template: Template, body: RestBody, cuts: Floats, person: Person) -> list[Part]:
    """What the person wears on the head."""
    if person.headwear is None:
        return []
    head = head_vertices(template, body, cuts)
    eye = body.bone_heads[template.bones.index("eye.L")]
    fit = _HeadFit.around(head, float(eye[2]), 0.012 if person.hair == "bald" else 0.018)
    kind = person.headwear.name
    if kind == "beanie":
        return [_on_head(template, body, *_dome(fit, 0.04, -0.035, 2.2, 0.03))]
    if kind == "cap":
        dome = _on_head(template, body, *_dome(fit, 0.05, 0.03, 2.3, 0.012))
        return [dome, _on_head(template, body, *_visor(fit))]
    crown = _on_head(template, body, *_dome(fit, 0.05, 0.045, 4.5, 0.035))
    return [crown, _on_head(template, body, *_brim(fit))]


class _HeadFit:
    """An upright ellipse around a head."""

    def __init__(self, center_y: float, half_x: float, half_y: float, eye: float, top: float):
        self.center_y, self.half_x, self.half_y = center_y, half_x, half_y
        self.eye, self.top = eye, top

    @classmethod
    def around(cls, head: Floats, eye: float, ease: float) -> "_HeadFit":
        """Fit the part of the head that hats sit on, with `ease` metres of room."""
        upper = head[head[:, 2] > eye + 0.03]
        low, high = upper.min(0), upper.max(0)
        return cls(
            center_y=float(low[1] + high[1]) / 2,
            half_x=float(high[0] - low[0]) / 2 + ease,
            half_y=float(high[1] - low[1]) / 2 + ease,
            eye=eye,
            top=float(high[2]) + ease,
        )

    def place(self, scale: Floats, angle: Floats, height: Floats) -> Floats:
        """Points (N, 3) at multiples of the ellipse, `angle` from the front over the left."""
        x = self.half_x * scale * np.sin(angle)
        y = self.center_y - self.half_y * scale * np.cos(angle)
        return np.stack(np.broadcast_arrays(x, y, height), -1).reshape(-1, 3)


def _dome(
    fit: _HeadFit, front: float, back: float, power: float, extra: float
) -> tuple[Floats, Integers]:
    """A crown from its rim (metres above the eyes, in front and behind) to the top."""
    angle = np.linspace(0.0, 2 * math.pi, _COLUMNS, endpoint=False)[None, :]
    rim = fit.eye + back + (front - back) * (0.5 + 0.5 * np.cos(angle))
    up = np.linspace(1.0, 0.0, 11)[:, None]
    height = rim + (fit.top + extra - rim) * up
    scale = (1.0 - np.minimum(up, 1.0) ** power) ** (1.0 / power)
    return fit.place(np.maximum(scale, 0.001), angle, height), grid_faces(11, _COLUMNS, joined=True)


def _visor(fit: _HeadFit) -> tuple[Floats, Integers]:
    """A cap's visor, bent down at its sides."""
    angle = np.linspace(-1.15, 1.15, 21)[None, :]
    out = np.linspace(0.0, 1.0, 5)[:, None]
    width = np.cos(angle / 1.15 * math.pi / 2) ** 0.5
    scale = 0.97 + 0.72 * out * width
    height = fit.eye + 0.052 - 0.018 * out - 0.02 * (angle / 1.15) ** 2
    return fit.place(scale, angle, height), grid_faces(5, 21, joined=False)


def _brim(fit: _HeadFit) -> tuple[Floats, Integers]:
    """A hat's brim, a little lower in front and behind than at its sides."""
    angle = np.linspace(0.0, 2 * math.pi, _COLUMNS, endpoint=False)[None, :]
    out = np.linspace(0.0, 1.0, 5)[:, None]
    height = fit.eye + 0.052 + out * (0.012 - 0.022 * np.cos(angle) ** 2)
    return fit.place(0.96 + 0.75 * out, angle, height), grid_faces(5, _COLUMNS, joined=True)


def _on_head(template: Template, body: RestBody, vertices: Floats, faces: Integers) -> Part:
    weights = bone_blend(template, {"head": np.ones(len(vertices))})
    return shell(template, body, vertices, faces, weights, Material.HEADWEAR, 0.09)


def glasses_parts(template: Template, body: RestBody, person: Person) -> list[Part]:
    """Frames, and dark lenses in sunglasses."""
    if person.glasses == "none":
        return []
    left = body.bone_heads[template.bones.index("eye.L")]
    half_gap, eye_y, eye_z = float(left[0]), float(left[1]), float(left[2])
    front = eye_y - 0.026
    weights = bone_blend(template, {"head": np.ones(40)})
    parts: list[Part] = []
    angle = np.linspace(0.0, 2 * math.pi, 20, endpoint=False)[None, :]
    for sign in (-1.0, 1.0):
        rim = np.array([1.0, 0.8])[:, None]
        x = sign * (half_gap + 0.002) + 0.0275 * rim * np.sin(angle)
        z = eye_z - 0.003 + 0.0225 * rim * np.cos(angle)
        y = front + 0.18 * np.abs(np.abs(x) - half_gap) * (np.abs(x) > half_gap)
        ring = np.stack([x, y, z], -1).reshape(-1, 3)
        parts.append(
            shell(template, body, ring, grid_faces(2, 20, True), weights, Material.GLASSES, 1)
        )
        if person.glasses == "sunglasses":
            middle = ring[20:].mean(0, keepdims=True).repeat(20, 0)
            lens = np.concatenate([ring[20:], middle])
            parts.append(
                shell(template, body, lens, grid_faces(2, 20, True), weights, Material.LENS, 1)
            )
        parts.append(
            _bar(
                template,
                body,
                [sign * (half_gap + 0.028), front + 0.006, eye_z + 0.004],
                [sign * (half_gap + 0.046), eye_y + 0.095, eye_z + 0.006],
            )
        )
    parts.append(
        _bar(template, body, [-half_gap + 0.023, front, eye_z], [half_gap - 0.023, front, eye_z])
    )
    return parts


def _bar(template: Template, body: RestBody, start: list[float], end: list[float]) -> Part:
    """A flat bar, 5 mm high, seen from both sides."""
    corners = np.array([start, end, start, end])
    corners[:2, 2] += 0.0025
    corners[2:, 2] -= 0.0025
    weights = bone_blend(template, {"head": np.ones(4)})
    return shell(template, body, corners, grid_faces(2, 2, False), weights, Material.GLASSES, 1)
