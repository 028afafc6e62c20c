"""Masks without the background that they took along."""

from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import binary_propagation, distance_transform_edt, gaussian_filter
from torch import Tensor

from album2avatar.projection.observations import MaskedPhoto

RIM = 0.08
"""How far inside of the outline there may be background, in square roots of the person's area."""
OUTSIDE = 3.0
"""Pixels beyond the outline at which the background is surely itself."""
BESIDE = 12
"""Pixels around the person's box in which the nearest background lies; with room for the blur."""
BLUR = 1.5
"""Pixels over which colours are blurred before they are compared."""
SAME = 0.12
"""Distance in sRGB within which a pixel has the background's colour."""
OTHER = 0.25
"""Distance from the asset's own colour beyond which a pixel isn't the asset's."""


def without_background(photo: MaskedPhoto) -> MaskedPhoto:
    """Take from the mask's rim what has the colour of the background beside it.

    A pixel goes if it is connected with the background, has its colour, and is far from the colour
    that the same asset has farther inside. Where both are alike nothing is known, and all stays.
    """
    mask = photo.mask.cpu().numpy()
    person = mask > 0
    inside = np.asarray(distance_transform_edt(person))
    rim = person & (inside < RIM * float(person.sum()) ** 0.5)
    return _without(photo, rim & _like_background(photo, rim), ~person)


def without_gaps(photo: MaskedPhoto, drawn: Tensor) -> MaskedPhoto:
    """Take from the mask the gaps in which the background shows between the person's limbs.

    A print may have the background's colour, too; so a gap has to be one where the surface leaves
    it, and goes as far as that colour does.

    Args:
        drawn: (H, W) bool, where the surface is in the pose of the photo, row 0 at the top.
    """
    mask = photo.mask.cpu().numpy()
    person = mask > 0
    like = _like_background(photo, person & ~drawn.cpu().numpy())
    return _without(photo, like, like & ~drawn.cpu().numpy())


def _without(
    photo: MaskedPhoto, pixels: NDArray[np.bool_], seeds: NDArray[np.bool_]
) -> MaskedPhoto:
    """Take from the mask those pixels (H, W) that are connected with seeds (H, W)."""
    gone = binary_propagation(seeds, mask=pixels | seeds)
    return replace(
        photo, mask=torch.where(torch.from_numpy(gone).to(photo.mask.device), 0, photo.mask)
    )


def _like_background(photo: MaskedPhoto, doubtful: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(H, W), pixels of the person with the colour of the nearest background, and not with that
    which their asset has where it isn't doubtful (H, W) and doesn't look like background."""
    mask = photo.mask.cpu().numpy()
    image = photo.image.cpu().numpy().astype(np.float32)
    found = np.zeros(mask.shape, np.bool_)
    box = _around(mask > 0)
    found[box] = _like_background_within(mask[box], image[box], doubtful[box])
    return found


def _around(person: NDArray[np.bool_]) -> tuple[slice, slice]:
    """The part of a picture that holds the person and the nearest background on every side."""
    rows, columns = (np.flatnonzero(person.any(axis)) for axis in (1, 0))
    if len(rows) == 0:
        return slice(0, 0), slice(0, 0)
    return (
        slice(max(0, rows[0] - BESIDE), rows[-1] + BESIDE + 1),
        slice(max(0, columns[0] - BESIDE), columns[-1] + BESIDE + 1),
    )


def _like_background_within(
    mask: NDArray[np.integer], image: NDArray[np.float32], doubtful: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    person = mask > 0
    beyond = np.asarray(distance_transform_edt(~person)) > OUTSIDE
    if not doubtful.any() or not beyond.any():
        return np.zeros_like(person)
    away = _distance(image, beyond)
    is_other = np.zeros_like(person)
    for asset in np.unique(mask[doubtful]):
        own = mask == asset
        core = own & ~doubtful & (away > OTHER)
        if core.any():
            is_other |= own & (_distance(image, core) > OTHER)
    return person & is_other & (away < SAME)


def _distance(image: NDArray[np.float32], region: NDArray[np.bool_]) -> NDArray[np.float32]:
    """(H, W) distance of each pixel's colour to that of the nearest pixel of a region."""
    layers = np.concatenate([image * region[..., None], region[..., None]], -1).astype(np.float32)
    smooth = gaussian_filter(layers, (BLUR, BLUR, 0), truncate=2.5)
    colors = smooth[..., :3] / np.maximum(smooth[..., 3:], 1e-3)
    nearest = distance_transform_edt(~region, return_distances=False, return_indices=True)
    rows, columns = np.asarray(nearest)
    return np.linalg.norm(image - colors[rows, columns], axis=-1)
