"""What all photos of a head agree on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from scipy.optimize import least_squares

from album2avatar.projection.light import HARMONICS, light_basis
from album2avatar.refine.head_fitting import HeadLook
from album2avatar.refine.head_mesh import CLASSES, OTHER, Floats, HeadMesh, HeadPose
from album2avatar.refine.head_photo import BACKGROUND, HeadPhoto, at_places

ROUNDS = 5
"""Of finding lights and colours from one another."""
LEAST_FACING = 0.25
"""Cosine between surface and line of sight from which a photo shows a vertex."""
PLAIN = 300.0
"""Pixels a metre at which a photo counts once; closer ones count more."""
MOST_SAY = 4.0
SURFACE_SAY = 0.3
"""What the surface's own classes count against a photo that faces them."""
AGREEMENT = 0.15
"""Difference of logarithms beyond which a colour is something else than the head's."""
LIGHT_RIDGE = 0.03
MIRROR_SAY = 0.5
"""What the mirror image of a photo's own colours counts against another photo's."""
USUAL_PITCH, USUAL_SHIFT = 0.2, 0.02
"""By which all photos together are off, radians and metres."""


@dataclass(frozen=True)
class _Sample:
    """One photo at the head's V vertices."""

    classes: Floats
    """(V, CLASSES + 1)."""
    log_colors: Floats
    """(V, 3)."""
    harmonics: Floats
    """(V, HARMONICS) of the normals in the camera's frame."""
    say: Floats
    """(V,) how much is shown, 0 where nothing is."""


def looks_in_photos(
    photos: Sequence[HeadPhoto], poses: Sequence[HeadPose], mesh: HeadMesh, blur: float
) -> list[HeadLook]:
    """What the head looks like in each photo, as all photos show it.

    A face is as good as symmetric. Photos that are all turned away to one side would agree with
    one another; with their mirror images they agree only where they are right. A photo's own
    colours therefore count on the other side alone.

    Args:
        blur: metres; finer detail is left out.
    """
    samples = [_sample(*both, mesh, blur) for both in zip(photos, poses, strict=True)]
    classes = _classes(samples, mesh)
    # A photo says nothing of a vertex that it shows as something else.
    shown = np.stack(
        [
            sample.say * ((sample.classes[:, :OTHER] * classes[:, :OTHER]).sum(1) > SURFACE_SAY)
            for sample in samples
        ]
    )
    lights, unlit, heard = _unlit(samples, shown, classes, mesh)
    is_head = classes[:, :OTHER].sum(1) > 0.5
    summed, whole = (unlit * heard[..., None]).sum(0), heard.sum(0)
    found: list[HeadLook] = []
    for index, sample in enumerate(samples):
        own = unlit[index] * heard[index][:, None]
        say = whole - heard[index]
        colors = summed - own
        say = say + say[mesh.mirrored] + MIRROR_SAY * heard[index][mesh.mirrored]
        colors = colors + colors[mesh.mirrored] + MIRROR_SAY * own[mesh.mirrored]
        lit = colors / say.clip(min=1e-6)[:, None] + sample.harmonics @ lights[index]
        found.append(HeadLook(classes, lit, np.where(is_head & (say > 0.05), say.clip(max=1), 0)))
    return found


def levelled(
    photos: Sequence[HeadPhoto], poses: Sequence[HeadPose], mesh: HeadMesh
) -> list[HeadPose]:
    """Nod and shift the head in all photos alike, until the keypoints are right in the mean.

    Photos only tell how they are turned against one another, and symmetry which way is ahead. What
    is up only single points tell.
    """

    def moved(motion: Floats) -> list[HeadPose]:
        pitch, back, up = motion
        whole = np.array([pitch, 0.0, 0.0, 0.0, back, up])
        return [pose.over(whole, mesh.middle) for pose in poses]

    def away(motion: Floats) -> Floats:
        seen = [photo.points_away(pose) for photo, pose in zip(photos, moved(motion), strict=True)]
        return np.concatenate([*seen, motion / [USUAL_PITCH, USUAL_SHIFT, USUAL_SHIFT]])

    found = least_squares(away, np.zeros(3), loss="soft_l1", x_scale=[0.05, 0.01, 0.01])
    return moved(found.x)


def _sample(photo: HeadPhoto, pose: HeadPose, mesh: HeadMesh, blur: float) -> _Sample:
    points, normals = pose.of(mesh.vertices), mesh.normals @ pose.rotation.T
    sight = -points / np.linalg.norm(points, axis=1, keepdims=True)
    facing = (normals * sight).sum(1)
    places = photo.places(points)
    height, width = photo.head.shape
    inside = ((places > 1) & (places < np.array([width, height]) - 2)).all(1)
    size = photo.pixels_per_metre(pose, mesh)
    sigma = max(blur * size, 0.4)
    head = gaussian_filter(photo.head, sigma)[..., None].clip(min=1e-3)
    colors = gaussian_filter(photo.head[..., None] * photo.log_colors, (sigma, sigma, 0)) / head
    say = np.where(inside & (facing > LEAST_FACING), facing**2, 0) * min(size / PLAIN, MOST_SAY)
    harmonics = light_basis(torch.from_numpy(normals)).numpy()
    return _Sample(at_places(photo.classes, places), at_places(colors, places), harmonics, say)


def _classes(samples: Sequence[_Sample], mesh: HeadMesh) -> Floats:
    """(V, CLASSES) shares that photos and surface vote for, alike on both sides."""
    votes = SURFACE_SAY * mesh.shares
    for sample in samples:
        say = sample.say * (1 - sample.classes[:, BACKGROUND])
        votes = votes + say[:, None] * sample.classes[:, :CLASSES]
    votes = mesh.both_sides(votes)
    return votes / votes.sum(1, keepdims=True)


def _unlit(
    samples: Sequence[_Sample], shown: Floats, classes: Floats, mesh: HeadMesh
) -> tuple[Floats, Floats, Floats]:
    """Lights (P, HARMONICS, 3), colours without them (P, V, 3), and what each counts (P, V)."""
    colors = np.stack([sample.log_colors for sample in samples])
    lights = np.zeros((len(samples), HARMONICS, 3))
    albedo, unlit, heard = _plain_colors(colors, shown, classes), colors, shown
    for number in range(ROUNDS):
        for index, sample in enumerate(samples):
            lights[index] = _light(sample.harmonics, heard[index], colors[index] - albedo)
        shade = np.stack([sample.harmonics @ lights[i] for i, sample in enumerate(samples)])
        unlit = colors - shade
        if number > 0:  # the first lights are found under one colour for each class
            summed = mesh.both_sides((unlit * heard[..., None]).sum(0))
            say = mesh.both_sides(heard.sum(0)[:, None])
            albedo = np.where(say > 0.02, summed / say.clip(min=1e-6), albedo)
        away = np.abs(unlit - albedo).mean(-1)
        heard = shown / (1 + (away / AGREEMENT) ** 2)
    return lights, unlit, heard


def _plain_colors(colors: Floats, shown: Floats, classes: Floats) -> Floats:
    """(V, 3) the median colour of each vertex's class."""
    plain = np.zeros((len(classes), 3))
    of_class = classes.argmax(1)
    for one in range(OTHER):
        own = of_class == one
        seen = colors[:, own][shown[:, own] > 0]
        if len(seen) > 0:
            plain[own] = np.median(seen, axis=0)
    return plain


def _light(harmonics: Floats, heard: Floats, difference: Floats) -> Floats:
    """(HARMONICS, 3) that explains how a photo differs from the colours without light."""
    weighted = heard[:, None] * harmonics
    # A photo that shows nothing of the head has no light.
    ridge = (LIGHT_RIDGE * heard.sum() + 1e-6) * np.eye(HARMONICS)
    ridge[0, 0] = 1e-3
    return np.linalg.solve(weighted.T @ harmonics + ridge, weighted.T @ difference)
