"""Brims and visors: headwear that reaches further than any head was sculpted.

The head is fitted as a rigid body by its outline, and a brim that the surface lacks pulls it aside
in every photo differently.
"""

from collections.abc import Sequence

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt

from album2avatar.refine.head_mesh import HEADWEAR, OTHER, HeadMesh, HeadPose
from album2avatar.refine.head_photo import SPAN, HeadCrop, HeadPhoto

REACH = 0.035
"""Metres beside the drawn head: a knitted cap that is drawn too small ends before."""
STANDS_OUT = 0.01
"""Share of a head's cells, in the middle one of the photos. Synthetic people with a cap and a hat
have 0.03 and 0.07, as refined 0.02 and 0.07; one in a knitted cap has 0.003."""
CELLS = 40


def has_brim(photos: Sequence[HeadPhoto], poses: Sequence[HeadPose], mesh: HeadMesh) -> bool:
    """Whether the headwear stands out of the surface's head."""
    if not photos:
        return False
    beside = [_beside(*both, mesh) for both in zip(photos, poses, strict=True)]
    return float(np.median(beside)) > STANDS_OUT


def _beside(photo: HeadPhoto, pose: HeadPose, mesh: HeadMesh) -> float:
    """Headwear far from what is drawn, as a share of the photo's head."""
    here = photo.brought_here(pose, mesh)
    crop = HeadCrop.around(photo, here, mesh, CELLS)
    covered = crop.draw(mesh, torch.ones(len(mesh.vertices), 1), [here])[0, ..., 0] > 0.5
    metres = np.asarray(distance_transform_edt(~covered)) * SPAN / CELLS
    headwear = np.where(metres > REACH, crop.classes[..., HEADWEAR], 0.0)
    return float(headwear.sum() / crop.classes[..., :OTHER].sum().clip(min=1e-6))
