"""The still background of a clip, painted over, so that only the person is left to be seen."""

import torch
from torch import Tensor
from torch.nn import functional as F

from album2avatar.clip.homography import warp
from album2avatar.perception.model import Perception

SAMPLES = 31
"""Frames of which the median is taken."""
CHANGED = (0.04, 0.1)
"""Difference in sRGB from the still background at which a pixel begins to count as changed, and
from which it does for sure."""
REACH = 4
"""Pixels at 480 rows around changed ones that are kept: some of a person is like the wall."""
WALL = 0.6
"""Grey of the wall that is painted."""
HEAD_CONFIDENCE = 0.5
HEAD_SHARE = 0.001
"""Of the picture, face and hair; with a head's joint a still background that shows so much of them
shows a person who stands still."""


def still_background(frames: Tensor, motion: Tensor) -> Tensor:
    """(H, W, 3) sRGB 0..1, the median of frames as the middle one's camera sees them.

    Args:
        frames: (T, H, W, 3) uint8.
        motion: (T, 3, 3) from the plate's pixels to each frame's.
    """
    count, size = len(frames), (frames.shape[1], frames.shape[2])
    chosen = torch.linspace(0, count - 1, min(SAMPLES, count)).round().long().tolist()
    layers = [
        warp(frames[n].permute(2, 0, 1).float(), motion[n], size, "border").round().to(torch.uint8)
        for n in chosen
    ]
    return torch.stack(layers).median(0).values.permute(1, 2, 0).float() / 255


def still_person(perception: Perception, background: Tensor) -> bool:
    """Whether the still background shows a head: then the person hardly moves."""
    seen = perception.perceive_photo(background)
    head = [seen.pixel_classes.index(name) for name in ("face", "hair")]
    share = float(torch.isin(seen.labels, torch.tensor(head)).float().mean())
    joint = seen.keypoints[seen.keypoint_names.index("head"), 2]
    return share > HEAD_SHARE and float(joint) > HEAD_CONFIDENCE


def plain_behind(pixels: Tensor, background: Tensor, motion: Tensor) -> Tensor:
    """(H, W, 3) a frame in which what is as in the still background is grey.

    Args:
        pixels: (H, W, 3) sRGB 0..1.
        motion: (3, 3) from the background's pixels to the frame's.
    """
    size = (pixels.shape[0], pixels.shape[1])
    behind = warp(background.permute(2, 0, 1), torch.linalg.inv(motion), size, "border")
    away = (pixels - behind.permute(1, 2, 0)).abs().amax(-1)
    low, high = CHANGED
    changed = ((away - low) / (high - low)).clamp(0, 1)[None, None]
    reach = max(1, round(REACH * size[0] / 480))
    kept = F.max_pool2d(changed, 2 * reach + 1, 1, reach)
    kept = F.avg_pool2d(kept, 2 * reach - 1, 1, reach - 1)[0, 0][..., None]
    return kept * pixels + (1 - kept) * WALL
