"""Photos as the head is held against them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from scipy.ndimage import gaussian_filter, label
from torch import Tensor
from torch.nn import functional as F

from album2avatar.assets import AssetKind, PhotoLabels
from album2avatar.projection.light import LEAST_COLOR
from album2avatar.projection.observations import MaskedPhoto
from album2avatar.refine.head_mesh import (
    CLASSES,
    FACE,
    OTHER,
    Floats,
    HeadMesh,
    HeadPose,
    head_class,
)
from album2avatar.render import visibility_warp
from album2avatar.render.interpolate import interpolate
from album2avatar.render.rasterize import rasterize

SPAN = 0.36
"""Metres that a crop shows across: a head with hat and hair, in any direction."""
BACKGROUND = CLASSES
"""Number of the photo's class that no surface has."""
ELSEWHERE = 0.1
"""Metres beside the mask's head at which a pose isn't where the head is."""
MARGIN = 0.75
"""Of the head's size, kept around it: the pose may have it elsewhere."""
MOST_PIXELS = 600
"""Along a side of what is kept."""
LEAST_PIXELS = 60
"""Of a head, for it to be worth looking at."""
LEAST_FACE = 0.1
"""Share of the head's pixels: hair from behind looks alike from many sides."""
BLUR = 1.2
"""Cells, so that a picture changes smoothly while a head turns by less than one."""
LEAST_SURE = {"neck": 0.5, "eye": 0.3}
"""Confidences below which a keypoint is not believed."""
SPREAD = {"neck": 0.01, "eye": 0.012}
"""Usual error of a keypoint in metres."""
_NEAR, _FAR = 0.05, 50.0


@dataclass(frozen=True)
class SeenPoint:
    """A keypoint of a head."""

    point: Floats
    """(3,) canonical."""
    place: Floats
    """(2,) pixels, right and down."""
    certainty: float
    """Its confidence by its usual error in metres."""


@dataclass(frozen=True)
class HeadPhoto:
    """What one photo shows around a head, (H, W)."""

    classes: Floats
    """(H, W, CLASSES + 1), 1 where the pixel is of the class, the last is the background."""
    log_colors: Floats
    """(H, W, 3) logarithm of sRGB."""
    focal: float
    """Pixels."""
    centre: Floats
    """(2,) the pixel, right and down, that the camera looks at; it may lie outside."""
    bounds: Floats
    """(2, 2) first and last corner of the whole photo in these pixels: what is beyond is unknown,
    what is only not kept is background."""
    seen: tuple[SeenPoint, ...]

    @staticmethod
    def of(
        photo: MaskedPhoto,
        fov: float,
        labels: PhotoLabels,
        kinds: Sequence[AssetKind],
        mesh: HeadMesh,
    ) -> "HeadPhoto":
        """A photo with its keypoints.

        Args:
            fov: over the picture's height, radians.
            kinds: of the assets that the mask counts.
        """
        height, width = photo.mask.shape
        classes = _classes(photo, kinds)
        head = _largest_piece((classes < OTHER).numpy())
        rows, columns = (_around(head, axis) for axis in (1, 0))
        near, image = classes[rows, columns], photo.image[rows, columns]
        shown = torch.stack([(near == number).float() for number in range(CLASSES + 1)], -1)
        layers = torch.cat([shown, image.clamp(min=LEAST_COLOR).log()], -1)
        scale = min(1.0, MOST_PIXELS / max(near.shape))
        size = [max(1, round(scale * side)) for side in near.shape]
        small = F.interpolate(layers.permute(2, 0, 1)[None], size, mode="area")[0]
        values = small.permute(1, 2, 0).double().numpy()
        origin = np.array([columns.start, rows.start], np.float64)
        return HeadPhoto(
            classes=values[..., : CLASSES + 1],
            log_colors=values[..., CLASSES + 1 :],
            focal=scale * height / 2 / math.tan(fov / 2),
            centre=scale * (np.array([width, height]) / 2 - origin),
            bounds=scale * (np.array([[0.0, 0.0], [width, height]]) - origin),
            seen=tuple(
                replace(one, place=scale * (one.place - origin))
                for one in _seen_points(labels, mesh)
            ),
        )

    @property
    def head(self) -> Floats:
        """(H, W) 1.0 where face, hair or headwear is."""
        return self.classes[..., :OTHER].sum(-1)

    def places(self, points: Floats) -> Floats:
        """Pixels (N, 2), right and down, of points (N, 3) in the camera's frame."""
        flat = self.focal * points[:, :2] / -points[:, 2:]
        return self.centre + flat * np.array([1.0, -1.0])

    def pixels_per_metre(self, pose: HeadPose, mesh: HeadMesh) -> float:
        """How large a head is."""
        return self.focal / -pose.of(mesh.middle[None])[0, 2]

    def brought_here(self, pose: HeadPose, mesh: HeadMesh) -> HeadPose:
        """A pose whose head is shifted onto the mask's where it is elsewhere."""
        rows, columns = np.nonzero(_largest_piece(self.head > 0.5))
        if len(rows) == 0:
            return pose
        low, high = np.array([columns.min(), rows.min()]), np.array([columns.max(), rows.max()])
        place = self.places(pose.of(mesh.middle[None]))[0]
        away = ((low + high + 1) / 2 - place) / self.pixels_per_metre(pose, mesh)
        if float(np.linalg.norm(away)) < ELSEWHERE:
            return pose
        return HeadPose(pose.rotation, pose.shift + np.array([away[0], -away[1], 0.0]))

    def points_away(self, pose: HeadPose) -> Floats:
        """How far keypoints are from where a pose puts them, right and up, in usual errors."""
        if not self.seen:
            return np.zeros(0)
        points = pose.of(np.stack([seen.point for seen in self.seen]))
        metres = -points[:, 2:] / self.focal
        places = np.stack([seen.place for seen in self.seen])
        certainties = np.array([[seen.certainty] for seen in self.seen])
        away = (self.places(points) - places) * np.array([1.0, -1.0])
        return (certainties * metres * away).ravel()


@dataclass(frozen=True)
class HeadCrop:
    """A square cut out around a head, in n x n cells."""

    photo: HeadPhoto
    middle: Floats
    """(2,) pixel in the photo."""
    half: float
    """Pixels."""
    classes: Floats
    """(n, n, CLASSES + 1), blurred."""
    log_colors: Floats
    """(n, n, 3), blurred, times the share of the head."""
    inside: Floats
    """(n, n) 0..1, how far a cell lies in the photo."""

    @staticmethod
    def around(photo: HeadPhoto, pose: HeadPose, mesh: HeadMesh, cells: int) -> "HeadCrop":
        """Cut out where a pose has the head."""
        middle = photo.places(pose.of(mesh.middle[None]))[0]
        half = SPAN / 2 * photo.pixels_per_metre(pose, mesh)
        steps = (np.arange(cells) + 0.5) / cells * 2 - 1
        places = np.stack(np.meshgrid(*(middle[:, None] + half * steps)), -1)
        pixels = half / cells  # half a cell
        values = np.concatenate([photo.classes, photo.head[..., None] * photo.log_colors], -1)
        found = at_places(_blurred_near(values, middle, half, pixels), places.reshape(-1, 2))
        found = found.reshape(cells, cells, -1)
        height, width = photo.head.shape
        kept = ((places >= 0) & (places < np.array([width, height]))).all(-1, keepdims=True)
        background = np.eye(found.shape[-1])[BACKGROUND]
        inside = ((places >= photo.bounds[0]) & (places < photo.bounds[1])).all(-1, keepdims=True)
        is_known = np.where(inside, 1.0, 0.0)
        picture = _blurred(np.concatenate([np.where(kept, found, background), is_known], -1))
        return HeadCrop(
            photo, middle, half, picture[..., : CLASSES + 1], picture[..., -4:-1], picture[..., -1]
        )

    @property
    def cells(self) -> int:
        """Along a side."""
        return len(self.inside)

    def draw(self, mesh: HeadMesh, attributes: Tensor, poses: Sequence[HeadPose]) -> Floats:
        """Attributes (V, C) as they are seen in B poses, blurred: (B, n, n, C)."""
        clip = np.stack([self._clip(pose.of(mesh.vertices)) for pose in poses])
        rast = rasterize(
            torch.from_numpy(clip).float(),
            mesh.faces,
            (self.cells, self.cells),
            visibility_warp.face_ids,
        )
        drawn = interpolate(attributes, rast, mesh.faces).flip(1).double().numpy()
        return np.stack([_blurred(picture) for picture in drawn])

    def _clip(self, points: Floats) -> Floats:
        depth = -points[:, 2]
        right, down = ((self.photo.places(points) - self.middle) / self.half).T
        ahead = ((_FAR + _NEAR) * depth - 2 * _FAR * _NEAR) / (_FAR - _NEAR)
        return np.stack([right * depth, -down * depth, ahead, depth], 1)


def shows_face(photo: MaskedPhoto, kinds: Sequence[AssetKind]) -> bool:
    """Whether a head's pixels tell how it is turned."""
    classes = _classes(photo, kinds)
    head, face = int((classes < OTHER).sum()), int((classes == FACE).sum())
    return head >= LEAST_PIXELS and face > LEAST_FACE * head


def at_places(picture: Floats, places: Floats) -> Floats:
    """Read a picture (H, W, C) at pixels (N, 2) by bilinear filtering; its rim goes on outside."""
    height, width = picture.shape[:2]
    x = (places[:, 0] - 0.5).clip(0, width - 1)
    y = (places[:, 1] - 0.5).clip(0, height - 1)
    left, top = x.astype(np.int64), y.astype(np.int64)
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    across, down = (x - left)[:, None], (y - top)[:, None]
    above = picture[top, left] * (1 - across) + picture[top, right] * across
    below = picture[bottom, left] * (1 - across) + picture[bottom, right] * across
    return above * (1 - down) + below * down


def _classes(photo: MaskedPhoto, kinds: Sequence[AssetKind]) -> Tensor:
    """(H, W) int64, what each pixel is on a head, or BACKGROUND."""
    return torch.tensor([BACKGROUND, *(head_class(kind) for kind in kinds)])[photo.mask]


def _around(head: npt.NDArray[np.bool_], axis: int) -> slice:
    """Rows (axis 1) or columns (axis 0) of a head (H, W) and beside it."""
    on = np.flatnonzero(head.any(axis))
    first, last = int(on[0]), int(on[-1]) + 1
    margin = math.ceil(MARGIN * (last - first))
    return slice(max(0, first - margin), min(head.shape[1 - axis], last + margin))


def _largest_piece(head: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Of what masks take for head; a speck elsewhere is none."""
    pieces, count = cast("tuple[npt.NDArray[np.int32], int]", label(head))
    return pieces == 1 + np.bincount(pieces.ravel())[1:].argmax() if count else head


def _blurred(picture: Floats) -> Floats:
    return gaussian_filter(picture, (BLUR, BLUR, 0))


def _blurred_near(values: Floats, middle: Floats, half: float, sigma: float) -> Floats:
    """Blur pixels (H, W, C) as far as a crop reads them; elsewhere they stay."""
    reach = half + 4 * sigma + 2
    (left, top), (right, bottom) = (
        np.clip(middle + sign * reach, 0, values.shape[1::-1]).astype(np.int64) for sign in (-1, 1)
    )
    if right - left < 2 or bottom - top < 2:
        return values
    result = values.copy()
    result[top:bottom, left:right] = gaussian_filter(
        values[top:bottom, left:right], (sigma, sigma, 0)
    )
    return result


def _seen_points(labels: PhotoLabels, mesh: HeadMesh) -> tuple[SeenPoint, ...]:
    known = (("head", "neck", mesh.neck), ("left_eye", "eye", mesh.eyes[0]),
             ("right_eye", "eye", mesh.eyes[1]))  # fmt: skip
    found: list[SeenPoint] = []
    for name, part, point in known:
        right, down, confidence = labels.keypoints.get(name, (0.0, 0.0, 0.0))
        if confidence >= LEAST_SURE[part]:
            place = np.array([right, down], np.float64)
            found.append(SeenPoint(point, place, confidence / SPREAD[part]))
    return tuple(found)
