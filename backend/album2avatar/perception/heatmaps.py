"""Keypoints as heatmaps: targets to learn from, and back to coordinates."""

import torch
import torch.nn.functional as F
from torch import Tensor

WINDOW = 7
"""Side, in heatmap pixels, of the neighbourhood of the peak that decides the position. Four
standard deviations of the targets to each side would be 12; flat tails only add noise."""


def heatmap_targets(keypoints: Tensor, size: int, deviation: float) -> Tensor:
    """Probability of each keypoint being in each pixel, or nowhere.

    Args:
        keypoints: (B, K, 3) x and y in heatmap pixels (centres at +0.5), and 1 where the
            keypoint is to be found, else 0.
        size: side of the heatmap.
        deviation: of the Gaussian, in heatmap pixels.

    Returns:
        (B, K, size² + 1) that sums to 1; the last bin means nowhere.
    """
    centres = torch.arange(size, dtype=keypoints.dtype, device=keypoints.device) + 0.5
    across = torch.exp(-0.5 * ((centres - keypoints[..., :1]) / deviation) ** 2)
    down = torch.exp(-0.5 * ((centres - keypoints[..., 1:2]) / deviation) ** 2)
    bumps = (down[..., :, None] * across[..., None, :]).flatten(2)
    total = bumps.sum(-1, keepdim=True)
    found = (keypoints[..., 2:] > 0.5) & (total > 1e-3)
    bumps = torch.where(found, bumps / total.clamp(min=1e-3), torch.zeros_like(bumps))
    return torch.cat([bumps, 1.0 - found.to(bumps.dtype)], dim=-1)


def heatmap_loss(heatmaps: Tensor, absent: Tensor, targets: Tensor) -> Tensor:
    """Cross-entropy of the predicted against the wanted probabilities.

    Args:
        heatmaps: (B, K, S, S) logits.
        absent: (B, K) logits of the last bin.
        targets: (B, K, S² + 1).

    Returns:
        Scalar.
    """
    logits = torch.cat([heatmaps.flatten(2), absent[..., None]], dim=-1)
    return -(targets * logits.log_softmax(-1)).sum(-1).mean()


def find_keypoints(heatmaps: Tensor, absent: Tensor) -> Tensor:
    """Read positions and confidences from heatmaps.

    The position is the probabilities' mean in a window around the highest of them, which
    resolves fractions of a pixel and is not pulled by a second peak far away.

    Args:
        heatmaps: (B, K, S, S) logits.
        absent: (B, K) logits of the keypoint being nowhere.

    Returns:
        (B, K, 3) x and y in heatmap pixels (centres at +0.5) and confidence: the
        probability of the keypoint being within the window.
    """
    batch, count, size, _ = heatmaps.shape
    logits = torch.cat([heatmaps.flatten(2), absent[..., None]], dim=-1)
    probabilities = logits.softmax(-1)[..., :-1].reshape(batch, count, size, size)
    reach = WINDOW // 2
    peak = heatmaps.flatten(2).argmax(-1)
    offsets = torch.arange(-reach, reach + 1, device=heatmaps.device)
    columns = (peak % size)[..., None] + offsets
    rows = (peak // size)[..., None] + offsets
    padded = F.pad(probabilities, (reach, reach, reach, reach))
    images = torch.arange(batch, device=heatmaps.device)[:, None, None, None]
    points = torch.arange(count, device=heatmaps.device)[None, :, None, None]
    window = padded[images, points, rows[..., :, None] + reach, columns[..., None, :] + reach]
    mass = window.sum((-1, -2))
    safe = mass.clamp(min=1e-12)
    x = (window.sum(-2) * (columns + 0.5)).sum(-1) / safe
    y = (window.sum(-1) * (rows + 0.5)).sum(-1) / safe
    return torch.stack([x, y, mass], dim=-1)
