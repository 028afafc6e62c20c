"""Turning a head until it looks like one photo of it."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import least_squares
from scipy.spatial.transform import Rotation
from torch import Tensor

from album2avatar.refine.head_mesh import CLASSES, OTHER, Floats, HeadMesh, HeadPose
from album2avatar.refine.head_photo import SPAN, HeadCrop

EVALUATIONS = 8
CLASS_SPREAD, COLOR_SPREAD = 0.25, 0.12
"""Usual errors of a cell: share of a class, logarithm of a colour."""
PATCH = 0.03
"""Metres across what counts as one observation: neighbouring cells err together."""
USUAL_TURN = np.array([0.1, 0.1, 0.15])
"""Radians by which a head is off that was looked for from all sides: it nods and tilts (x, y) less
wrongly than it looks aside (z)."""
USUAL_SHIFT = np.array([0.04, 0.04, 0.03])
"""Metres, right, up and ahead."""
SEARCH_CELLS = 40
YAWS, PITCHES = np.radians(np.arange(-180, 180, 20)), np.radians([-20.0, 0.0, 20.0])
YAW_COST = 2.0 / np.radians(60.0) ** 2
"""Energy for a squared radian: what was found so far is usually near."""
TRIED = 3
"""Of the searched poses, so many are fitted."""
BETTER = 1.15
"""A searched pose must have an energy so much lower than the fitted one."""
_HALF = 0.5
"""Share of a cell from which its colour is known."""
_STEP_CELLS = 0.7
_HEAD_RADIUS = 0.08
_FIRM = 1e6
"""Weight with which a saturating loss is a plain square."""


@dataclass(frozen=True)
class HeadLook:
    """What a head's vertices look like in one photo."""

    classes: Floats
    """(V, CLASSES) shares."""
    log_colors: Floats
    """(V, 3) lit as in the photo."""
    known: Floats
    """(V,) 0..1, whose colour counts."""

    @staticmethod
    def colorless(classes: Floats) -> "HeadLook":
        """What each vertex is made of alone."""
        return HeadLook(classes, np.zeros((len(classes), 3)), np.zeros(len(classes)))

    def attributes(self) -> Tensor:
        """(V, CLASSES + 4) float32: shares, colours times `known`, `known`."""
        known = self.known[:, None]
        rows = np.concatenate([self.classes, self.log_colors * known, known], 1)
        return torch.from_numpy(rows).float()


@dataclass(frozen=True)
class FittedHead:
    """A pose, and how far it is from the photo."""

    pose: HeadPose
    begun: HeadPose
    """Turned aside as it was found, and not fitted any closer; a fit stays near to that."""
    energy: float


def fit_head(
    mesh: HeadMesh,
    look: HeadLook,
    crop: HeadCrop,
    pose: HeadPose,
    begun: HeadPose,
    points_say: float,
) -> FittedHead:
    """Turn and shift a head from where it is.

    Least squares over the crop's cells, in which what doesn't fit at all counts less, with forward
    differences that are as wide as a cell: the pictures are blurred by more.

    Args:
        begun: see `FittedHead`.
        points_say: what the keypoints' squares count.
    """
    attributes = look.attributes()
    compared = _compared(mesh, attributes, crop, pose)
    step = _step(crop)
    patch = (SPAN / crop.cells / PATCH) ** 2
    points = len(crop.photo.points_away(pose))
    cells = (CLASSES + 3) * crop.cells**2
    # Cells and keypoints count what they do and saturate at one usual error; the prior doesn't.
    weights = np.repeat([patch, points_say, _FIRM], [cells, points, 6])

    def residuals(motions: Floats) -> Floats:
        poses = [pose.moved(motion, mesh.middle) for motion in motions]
        pictures = crop.draw(mesh, attributes, poses)
        rows = [
            np.concatenate([_away(crop, drawn, compared), crop.photo.points_away(one)])
            for drawn, one in zip(pictures, poses, strict=True)
        ]
        scaled = np.stack(rows) * np.sqrt(weights[:-6])
        unusual = [_unusual(mesh, begun, one) for one in poses]
        return np.concatenate([scaled, np.stack(unusual)], 1)

    def slopes(motion: Floats) -> Floats:
        rows = residuals(np.concatenate([motion[None], motion + np.diag(step)]))
        return ((rows[1:] - rows[0]) / step[:, None]).T

    def saturating(squares: Floats) -> Floats:
        root = np.sqrt(1 + squares / weights)
        return np.stack([2 * weights * (root - 1), 1 / root, -0.5 / weights / root**3])

    found = least_squares(
        lambda motion: residuals(motion[None])[0],
        np.zeros(6),
        jac=slopes,  # pyright: ignore[reportArgumentType] - the stubs know no callable
        loss=saturating,  # pyright: ignore[reportArgumentType] - nor here
        x_scale=step,
        max_nfev=EVALUATIONS,
    )
    return FittedHead(pose.moved(found.x, mesh.middle), begun, 2 * float(found.cost))


def search_head(mesh: HeadMesh, look: HeadLook, crop: HeadCrop, pose: HeadPose) -> FittedHead:
    """Find a head that is turned anyhow: look from all sides, fit the best and the old one."""
    tried = _turned(mesh, crop, pose)
    pictures = crop.draw(mesh, look.attributes(), [one for _, one in tried])
    nothing = np.zeros((crop.cells, crop.cells))
    patch = (SPAN / crop.cells / PATCH) ** 2
    costs = [
        YAW_COST * yaw**2
        + patch * _saturated(_away(crop, drawn, nothing))
        + _saturated(crop.photo.points_away(one))
        for drawn, (yaw, one) in zip(pictures, tried, strict=True)
    ]
    picked = [tried[number] for number in np.argsort(costs)[:TRIED]]
    first = fit_head(mesh, look, crop, pose, pose, 1.0)
    others = [
        (fit_head(mesh, look, crop, one, _yawed(mesh, crop, pose, yaw), 1.0), YAW_COST * yaw**2)
        for yaw, one in picked
    ]
    best, cost = min(others, key=lambda other: other[0].energy + other[1])
    return best if BETTER * (best.energy + cost) < first.energy else first


def _turned(mesh: HeadMesh, crop: HeadCrop, pose: HeadPose) -> list[tuple[float, HeadPose]]:
    """Yaws and the poses that they lead to, nodding or not."""
    found: list[tuple[float, HeadPose]] = []
    for yaw in YAWS.tolist():
        level = _yawed(mesh, crop, pose, yaw)
        for pitch in PITCHES.tolist():
            nod = np.array([pitch, 0.0, 0.0, 0.0, 0.0, 0.0])
            found.append((yaw, _neck_as_seen(mesh, crop, level.over(nod, mesh.middle))))
    return found


def _yawed(mesh: HeadMesh, crop: HeadCrop, pose: HeadPose, yaw: float) -> HeadPose:
    turn = np.array([0.0, 0.0, yaw, 0.0, 0.0, 0.0])
    return _neck_as_seen(mesh, crop, pose.over(turn, mesh.middle))


def _unusual(mesh: HeadMesh, begun: HeadPose, pose: HeadPose) -> Floats:
    """How far a pose is from where it was begun, (6,) in usual errors."""
    turn = Rotation.from_matrix(begun.rotation.T @ pose.rotation).as_rotvec()
    shift = (pose.of(mesh.middle[None]) - begun.of(mesh.middle[None]))[0]
    return np.concatenate([turn / USUAL_TURN, shift / USUAL_SHIFT])


def _neck_as_seen(mesh: HeadMesh, crop: HeadCrop, pose: HeadPose) -> HeadPose:
    for seen in crop.photo.seen:
        if np.array_equal(seen.point, mesh.neck):
            point = pose.of(seen.point[None])
            away = (seen.place - crop.photo.places(point)[0]) * -point[0, 2] / crop.photo.focal
            return HeadPose(pose.rotation, pose.shift + np.array([away[0], -away[1], 0.0]))
    return pose


def _compared(mesh: HeadMesh, attributes: Tensor, crop: HeadCrop, pose: HeadPose) -> Floats:
    """(n, n) how far cells' colours are compared; decided once, lest a head flees from them."""
    known = crop.draw(mesh, attributes, [pose])[0, ..., -1]
    return crop.inside * ((known > _HALF) & (crop.classes[..., :OTHER].sum(-1) > _HALF))


def _away(crop: HeadCrop, drawn: Floats, compared: Floats) -> Floats:
    """How far a drawn picture (n, n, CLASSES + 4) is from the photo, in usual errors.

    Where the photo shows a neck or clothes and nothing is drawn, nothing is known.
    """
    head = drawn[..., :OTHER] - crop.classes[..., :OTHER]
    on_person = crop.classes[..., : OTHER + 1].sum(-1)
    beside = (drawn[..., OTHER] - on_person).clip(min=0)[..., None]
    shares = crop.inside[..., None] * np.concatenate([head, beside], -1) / CLASS_SPREAD
    ours = drawn[..., CLASSES:-1] / drawn[..., -1:].clip(min=_HALF)
    theirs = crop.log_colors / crop.classes[..., :OTHER].sum(-1, keepdims=True).clip(min=_HALF)
    colors = compared[..., None] * (ours - theirs) / COLOR_SPREAD
    return np.concatenate([shares, colors], -1).ravel()


def _saturated(away: Floats) -> float:
    return float((2 * (np.sqrt(1 + away**2) - 1)).sum())


def _step(crop: HeadCrop) -> Floats:
    """Motions (6,) that a picture shows: less than a cell, and in depth more."""
    step = _STEP_CELLS * SPAN / crop.cells
    return np.array([*[step / _HEAD_RADIUS] * 3, step, step, 6 * step])
