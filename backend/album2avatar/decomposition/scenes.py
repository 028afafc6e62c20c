"""One frame with everything that its mask is decided by, cut out around the person."""

from dataclasses import dataclass

import torch
from scipy import ndimage
from torch import Tensor

from album2avatar.clip.homography import warp
from album2avatar.decomposition.filling import fill_smoothly
from album2avatar.decomposition.matting import MatteScene, grown, soft_band
from album2avatar.decomposition.plate import Plate

INSIDE = (0.02, 0.05)
"""Metres within the outline from which the mesh is believed to cover a pixel."""
SURE = 0.01
"""Metres within the outline from which a pixel that the segmentation agrees with shows the person's
own colours."""


@dataclass(frozen=True)
class CutOut:
    """A part of a frame."""

    scene: MatteScene
    rows: slice
    columns: slice


@dataclass(frozen=True)
class MeshView:
    """Where the avatar is in a frame."""

    coverage: Tensor
    """(H, W) 0..1, in the frame's own pixels."""
    metres: float
    """That a pixel spans at the person."""


def cut_out(
    image: Tensor, prior: Tensor, view: MeshView, plate: Plate, index: int, motion: Tensor,
    band: float,
) -> CutOut | None:  # fmt: skip
    """Put together what is known about a frame; None where the avatar isn't in it.

    Args:
        image: (H, W, 3) sRGB 0..1.
        prior: (H, W) 0..1, as segmented, or as found in the round before.
        motion: (3, 3) from the plate's pixels to the frame's.
        band: metres around the mesh in which hair and cloth may be.
    """
    covered = view.coverage > 0.5
    if not bool(covered.any()):
        return None
    outward, inward = distances(covered, view.metres)
    rows, columns = _box(outward < 2 * band + 4 * view.metres)
    part = (rows, columns)
    size = (image.shape[0], image.shape[1])
    behind, seen = plate_behind(plate, index, motion, size)
    sure = (inward > SURE) & (prior > 0.5)
    if not bool(sure.any()):
        sure = inward > SURE
    foreground = fill_smoothly(image[part], sure[part].float())
    scene = MatteScene(
        image=image[part],
        plate=behind[part],
        seen=seen[part],
        foreground=foreground,
        prior=prior[part],
        outside=soft_band(outward, 0.5 * band, 1.5 * band)[part],
        inside=soft_band(inward, *INSIDE)[part],
        noise=plate.noise,
    )
    return CutOut(scene, rows, columns)


def plate_behind(
    plate: Plate, index: int, motion: Tensor, size: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """(H, W, 3) the plate as a frame would show it, and (H, W) how far it is known there."""
    layers = torch.cat([plate.color, plate.seen[..., None].float()], -1)
    if not torch.equal(motion, torch.eye(3).to(motion)):
        inverse = torch.linalg.inv(motion)
        channels = layers.permute(2, 0, 1)
        color = warp(channels[:3], inverse, size, "border")
        layers = torch.cat([color, warp(channels[3:], inverse, size)]).permute(1, 2, 0)
    return (layers[..., :3] * plate.gains[index]).clamp(0, 1), layers[..., 3]


def distances(covered: Tensor, metres: float) -> tuple[Tensor, Tensor]:
    """(H, W) metres from outside to the mesh's outline, and from inside; 0 on the other side."""
    inside = covered.numpy()
    outward = torch.from_numpy(ndimage.distance_transform_edt(~inside)).float()
    inward = torch.from_numpy(ndimage.distance_transform_edt(inside)).float()
    return outward * metres, inward * metres


def sure_background(view: MeshView, prior: Tensor, band: float) -> Tensor:
    """(H, W) 1.0 where no part of the person can be, before any mask is known.

    That is far from the mesh, and farther where the segmentation sees a person. Farther still it
    isn't heard: it takes floors for people.
    """
    outward, _ = distances(view.coverage > 0.1, view.metres)
    seen = grown((prior > 0.4).float(), 2) > 0
    return 1 - ((outward < band) | (seen & (outward < 3 * band))).float()


def _box(near: Tensor) -> tuple[slice, slice]:
    rows, columns = near.any(1).nonzero(), near.any(0).nonzero()
    return (
        slice(int(rows.min()), int(rows.max()) + 1),
        slice(int(columns.min()), int(columns.max()) + 1),
    )
