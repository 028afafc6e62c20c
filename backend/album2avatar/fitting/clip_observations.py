"""What the frames of a clip say about the poses, as one still camera would have seen it."""

import torch
from torch import Tensor
from torch.nn import functional as F

from album2avatar.body.fixed import FixedBody
from album2avatar.clip.homography import apply, warp
from album2avatar.clip.sightings import Sightings
from album2avatar.fitting.observations import Observations


def observe_frames(
    model: FixedBody,
    names: tuple[str, ...],
    sightings: Sightings,
    masks: Tensor,
    motion: Tensor,
    least_confidence: float,
    resolution: int,
) -> Observations:
    """Bring joints and masks to the plate's view and to one scale.

    Args:
        masks: (T, H, W) 0..1, as segmented.
        motion: (T, 3, 3) from the plate's pixels to each frame's.
        resolution: side of the square to which masks are stretched.
    """
    count, height, width = masks.shape
    points = torch.tensor([frame.keypoints for frame in sightings.frames])
    places = torch.stack(
        [
            apply(torch.linalg.inv(one), row[:, :2].double()).float()
            for one, row in zip(motion, points, strict=True)
        ]
    )
    inside = (points[..., 0] >= 0) & (points[..., 0] <= width)
    inside &= (points[..., 1] >= 0) & (points[..., 1] <= height)
    is_person = torch.tensor([frame.is_person for frame in sightings.frames])
    seen = inside & (points[..., 2] >= least_confidence) & is_person[:, None] & model.has_keypoint
    centred = torch.stack([2 * places[..., 0] - width, height - 2 * places[..., 1]], -1) / height
    still = torch.stack(
        [warp(mask[None], one, (height, width))[0] for mask, one in zip(masks, motion, strict=True)]
    )
    person = F.interpolate(still[:, None], (resolution, resolution), mode="area")[:, 0]
    nothing = torch.zeros_like(person)
    return Observations(
        photos=names,
        subject="person",
        views=tuple(frame.view for frame in sightings.frames),
        image_sizes=torch.tensor([[height, width]] * count),
        keypoints=centred,
        confidence=points[..., 2] * seen,
        person=person,
        skin=nothing,
        close_cloth=nothing,
        face_area=torch.full((count,), torch.nan),
        face_centre=torch.full((count, 2), torch.nan),
    )
