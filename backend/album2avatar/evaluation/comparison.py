"""How near an avatar comes to the person whose album it was made from."""

import math
from dataclasses import dataclass, replace

import numpy as np
import torch

from album2avatar.assets import PIXEL_CLASSES, View
from album2avatar.body.types import CanonicalBody
from album2avatar.evaluation.avatar import AvatarSurface, render_avatar
from album2avatar.evaluation.metrics import (
    Floats,
    Similarity,
    align,
    chamfer_distance,
    color_difference,
    intersection_over_union,
)
from album2avatar.render.camera import Cameras, orbit
from album2avatar.seeding import numpy_generator
from album2avatar.synthetic.backgrounds import Background, Light
from album2avatar.synthetic.cameras import Camera
from album2avatar.synthetic.ground_truth import GroundTruth, canonical_picture, outer_surface
from album2avatar.synthetic.outer_surface import outer_points, plain_surface
from album2avatar.synthetic.pictures import Picture

VIEW_AZIMUTHS: dict[View, float] = {
    "front": 0.0,
    "left side": 90.0,
    "right side": -90.0,
    "back": 180.0,
}
_FIELD_OF_VIEW = 0.3
_LIGHT = Light((0.24, 0.41, 0.88), 0.75)
_GREY = 0.5
_SUPERSAMPLING = 3
"""Odd, so that the middle sample of a pixel, which gives its label, is its centre."""
_ALIGNMENT_POINTS = 20_000


@dataclass(frozen=True)
class Comparison:
    """What was measured, and the pictures that it was measured on."""

    color_differences: dict[str, float]
    """Pixel class to the median ΔE*ab over all views' pixels that show it in the truth."""
    silhouette_ious: dict[str, float]
    """View to the intersection over union of the two silhouettes."""
    avatar_chamfer_cm: float
    body_chamfer_cm: float | None
    """None where the workspace has no fitted body."""
    similarity: Similarity
    """Scale and shift that aligned the avatar with the truth."""
    truth_pictures: list[Floats]
    """(S, S, 3) sRGB 0..1 of each view."""
    avatar_pictures: list[Floats]

    @property
    def silhouette_iou(self) -> float:
        """Mean over the views."""
        return float(np.mean(list(self.silhouette_ious.values())))


def compare(
    truth: GroundTruth,
    avatar: AvatarSurface,
    body: CanonicalBody | None,
    size: int,
    point_count: int,
) -> Comparison:
    """Lay the avatar on the truth and compare shape, outline and colours.

    Args:
        size: pixels of a picture's side.
        point_count: points on each surface for the Chamfer distance.
    """
    target = outer_surface(truth, point_count)
    points = _outer(avatar.vertices.numpy(), avatar.faces.numpy(), point_count)
    similarity = _align(points, target)
    moved = replace(
        avatar,
        vertices=torch.from_numpy(similarity.apply(avatar.vertices.numpy())).float(),
    )
    pictures = [truth_picture(truth, azimuth, size) for azimuth in VIEW_AZIMUTHS.values()]
    drawn = [_avatar_picture(truth, moved, azimuth, size) for azimuth in VIEW_AZIMUTHS.values()]
    images: list[Floats] = [picture.image / 255.0 for picture in pictures]
    return Comparison(
        color_differences=_by_class(pictures, images, [image for image, _ in drawn]),
        silhouette_ious={
            view: intersection_over_union(picture.labels > 0, covered > 0.5)
            for view, picture, (_, covered) in zip(VIEW_AZIMUTHS, pictures, drawn, strict=True)
        },
        avatar_chamfer_cm=100 * chamfer_distance(similarity.apply(points), target),
        body_chamfer_cm=None if body is None else _body_chamfer(body, target, point_count),
        similarity=similarity,
        truth_pictures=images,
        avatar_pictures=[image for image, _ in drawn],
    )


def canonical_camera(truth: GroundTruth, azimuth: float) -> Camera:
    """A camera at the person's half height that shows the whole person."""
    low, high = truth.dressed.vertices.min(0), truth.dressed.vertices.max(0)
    x, y, z = (float(value) for value in (low + high) / 2)
    return Camera(azimuth, 0.0, (x, y, z), 1.1 * float(high[2] - low[2]), _FIELD_OF_VIEW)


def side_camera(truth: GroundTruth, azimuth: float) -> Cameras:
    """The camera of `canonical_camera`, for the rasterizer."""
    camera = canonical_camera(truth, azimuth)
    return orbit(
        torch.tensor([math.radians(camera.azimuth)]),
        torch.tensor([math.radians(camera.elevation)]),
        torch.tensor([camera.target]),
        torch.tensor([camera.frame_height]),
        camera.vertical_fov,
    )


def truth_picture(truth: GroundTruth, azimuth: float, size: int) -> Picture:
    """The person from one side, on grey."""
    grey = Background("grey", np.full((2, 2, 3), 255 * _GREY, np.float32))
    camera = canonical_camera(truth, azimuth)
    return canonical_picture(truth, camera, _LIGHT, grey, size, _SUPERSAMPLING)


def _avatar_picture(
    truth: GroundTruth, avatar: AvatarSurface, azimuth: float, size: int
) -> tuple[Floats, Floats]:
    cameras = side_camera(truth, azimuth)
    background = torch.full((3,), _GREY)
    image, covered = render_avatar(avatar, cameras, _LIGHT, background, size, _SUPERSAMPLING)
    return image[0].double().numpy(), covered[0, ..., 0].numpy()


def _by_class(
    pictures: list[Picture], truth: list[Floats], avatar: list[Floats]
) -> dict[str, float]:
    """Median colour difference of each class; avatar pixels that are empty count as grey."""
    labels = np.concatenate([picture.labels.ravel() for picture in pictures])
    difference = np.concatenate(
        [color_difference(a, b).ravel() for a, b in zip(truth, avatar, strict=True)]
    )
    return {
        name: float(np.median(difference[labels == index]))
        for index, name in enumerate(PIXEL_CLASSES)
        if index > 0 and (labels == index).any()
    }


def _body_chamfer(body: CanonicalBody, target: Floats, point_count: int) -> float:
    points = _outer(body.vertices.numpy(), body.faces.numpy(), point_count)
    return 100 * chamfer_distance(_align(points, target).apply(points), target)


def _outer(vertices: Floats, faces: np.ndarray, count: int) -> Floats:
    generator = numpy_generator(0, "evaluation", "surface points")
    return outer_points(plain_surface(vertices, faces), count, generator)


def _align(points: Floats, target: Floats) -> Similarity:
    return align(points[:_ALIGNMENT_POINTS], target[:_ALIGNMENT_POINTS])
