"""Make one rendered picture into the many ways in which it could have been a photo."""

import math
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from album2avatar.assets import PIXEL_CLASSES
from album2avatar.body.keypoints import KEYPOINTS
from album2avatar.perception.crops import OUTSIDE
from album2avatar.perception.mirror import mirrored_names
from album2avatar.perception.vocabulary import ATTRIBUTES, SHOWN_BY
from album2avatar.training.perception_backgrounds import random_backgrounds
from album2avatar.training.perception_data import UNKNOWN, Batch

OTHER_BACKGROUND_SHARE = 0.25
EMPTY_SHARE = 0.04

SHOWN_PIXELS = 4
"""Fewer pixels of a garment than these teach nothing about its name."""


@dataclass(frozen=True)
class Placement:
    """Where each picture's content goes: turned, scaled, shifted. (B,) tensors."""

    angle: Tensor
    """Radians, turning from x towards y."""
    scale: Tensor
    """Above 1 shows the person larger."""
    shift: Tensor
    """(B, 2) in pixels of the result."""


def augment(batch: Batch, generator: torch.Generator) -> Batch:
    """Flip, place, put before another background, and spoil as cameras do."""
    flipped = flip_some(batch, generator)
    placed, person, inside = place(flipped, random_placement(flipped, generator))
    images = change_background(placed.images, person, inside, generator)
    peopled = empty_some(replace(placed, images=images), generator)
    return hide_unseen(replace(peopled, images=spoil(peopled.images, generator)))


def flip_some(batch: Batch, generator: torch.Generator) -> Batch:
    """Mirror half of the pictures; left and right change their names."""
    chosen = torch.rand(len(batch.images), generator=generator) < 0.5
    keypoints = batch.keypoints[:, mirrored_names(KEYPOINTS)].clone()
    keypoints[..., 0] = batch.images.shape[-1] - keypoints[..., 0]
    # The last one stands for UNKNOWN, which is -1.
    mirrored = torch.tensor([*mirrored_names(ATTRIBUTES["view"]), UNKNOWN])
    view = batch.attributes["view"]
    return Batch(
        images=torch.where(chosen[:, None, None, None], batch.images.flip(-1), batch.images),
        labels=torch.where(chosen[:, None, None], batch.labels.flip(-1), batch.labels),
        keypoints=torch.where(chosen[:, None, None], keypoints, batch.keypoints),
        attributes=batch.attributes | {"view": torch.where(chosen, mirrored[view], view)},
    )


def random_placement(batch: Batch, generator: torch.Generator) -> Placement:
    """Mostly near the original; sometimes small in the picture, or cut off."""
    count, size = len(batch.images), batch.images.shape[-1]
    draws = torch.rand(count, 5, generator=generator)
    changed = (draws[:, 0] < 0.5).float()
    scale = torch.exp(changed * (math.log(0.65) + draws[:, 1] * math.log(1.4 / 0.65)))
    reach = 0.1 + 0.5 * (scale - 1).abs()
    return Placement(
        angle=changed * (draws[:, 2] - 0.5) * math.radians(16),
        scale=scale,
        shift=changed[:, None] * (draws[:, 3:] - 0.5) * 2 * reach[:, None] * size,
    )


def place(batch: Batch, placement: Placement) -> tuple[Batch, Tensor, Tensor]:
    """Resample the pictures and move the keypoints along.

    Returns:
        The batch; (B, 1, S, S) how much of each pixel is person; (B, 1, S, S) how much
        of it lay inside the original picture.
    """
    size = batch.images.shape[-1]
    cosine, sine = torch.cos(placement.angle), torch.sin(placement.angle)
    turn = torch.stack([cosine, -sine, sine, cosine], -1).reshape(-1, 2, 2)
    forward = turn * placement.scale[:, None, None]
    backward = turn.transpose(1, 2) / placement.scale[:, None, None]
    shift = placement.shift * 2 / size
    theta = torch.cat([backward, -(backward @ shift[..., None])], dim=-1)
    grid = F.affine_grid(theta, list(batch.images.shape), align_corners=False)

    was_person = (batch.labels > 0).float()[:, None]
    whole = torch.ones_like(was_person)
    stack = torch.cat([batch.images, was_person, whole], dim=1)
    moved = F.grid_sample(stack, grid, align_corners=False)
    labels = F.grid_sample(batch.labels[:, None].float(), grid, mode="nearest", align_corners=False)

    centre = size / 2
    points = (batch.keypoints[..., :2] - centre) @ forward.transpose(1, 2)
    points = points + centre + placement.shift[:, None]
    within = ((points >= 0) & (points < size)).all(-1)
    seen = batch.keypoints[..., 2] * within
    labels = labels[:, 0].round().long()
    kept = (labels > 0).sum((1, 2)) / placement.scale**2
    cut = kept < 0.9 * was_person.sum((1, 2, 3))
    framing = torch.where(cut, UNKNOWN, batch.attributes["framing"])
    result = Batch(
        images=moved[:, :3],
        labels=labels,
        keypoints=torch.cat([points, seen[..., None]], dim=-1),
        attributes=batch.attributes | {"framing": framing},
    )
    return result, moved[:, 3:4], moved[:, 4:5]


def change_background(
    images: Tensor, person: Tensor, inside: Tensor, generator: torch.Generator
) -> Tensor:
    """Put some of the people before something else; the others get a plain margin.

    Args:
        images: (B, 3, S, S), black beyond the original picture.
        person: (B, 1, S, S) share of person.
        inside: (B, 1, S, S) share of original picture.
    """
    chosen = torch.rand(len(images), generator=generator) < OTHER_BACKGROUND_SHARE
    backgrounds = random_backgrounds(int(chosen.sum()), images.shape[-1], generator)
    result = images + (1 - inside) * OUTSIDE
    # What the original background left in a soft edge stays: it is a part of the edge.
    share = person[chosen]
    result[chosen] = share * images[chosen] + (1 - share) * backgrounds
    return result


def empty_some(batch: Batch, generator: torch.Generator) -> Batch:
    """Replace a few pictures by mere background: most of the world shows nobody."""
    chosen = torch.rand(len(batch.images), generator=generator) < EMPTY_SHARE
    images, keypoints = batch.images.clone(), batch.keypoints.clone()
    images[chosen] = random_backgrounds(int(chosen.sum()), images.shape[-1], generator)
    keypoints[chosen, :, 2] = 0.0
    return Batch(
        images=images,
        labels=torch.where(chosen[:, None, None], 0, batch.labels),
        keypoints=keypoints,
        attributes={
            name: torch.where(chosen, UNKNOWN, values) for name, values in batch.attributes.items()
        },
    )


def spoil(images: Tensor, generator: torch.Generator) -> Tensor:
    """Exposure, contrast, tint, blur, noise and compression, each on some of the pictures."""
    count = len(images)

    def some(share: float) -> Tensor:
        return (torch.rand(count, generator=generator) < share)[:, None, None, None]

    def between(low: float, high: float, channels: int = 1) -> Tensor:
        drawn = torch.rand(count, channels, generator=generator)
        return (low + (high - low) * drawn)[:, :, None, None]

    gain = between(0.8, 1.2) * between(0.94, 1.06, channels=3)
    gamma, offset = between(0.75, 1.3), between(-0.06, 0.06)
    toned = (images.clamp(1e-4, 1) ** gamma * gain + offset).clamp(0, 1)
    images = torch.where(some(0.5), toned, images)
    images = torch.where(some(0.15), blur(images), images)
    images = torch.where(some(0.1), compress(images, between(0.02, 0.12)), images)
    noise = torch.randn(images.shape, generator=generator) * between(0.0, 0.04)
    return torch.where(some(0.3), images + noise, images).clamp(0, 1)


def blur(images: Tensor) -> Tensor:
    """Binomial 5×5 blur of (B, 3, S, S)."""
    line = torch.tensor([1.0, 4.0, 6.0, 4.0, 1.0]) / 16
    kernel = (line[:, None] * line[None, :]).expand(3, 1, 5, 5)
    return F.conv2d(F.pad(images, (2, 2, 2, 2), mode="replicate"), kernel, groups=3)


def compress(images: Tensor, step: Tensor) -> Tensor:
    """Round the cosine coefficients of 8×8 blocks, coarser towards fine detail, as JPEG does.

    Args:
        images: (B, 3, S, S), S a multiple of 8.
        step: (B, 1, 1, 1) step of the coarsest cosine.
    """
    count, channels, size, _ = images.shape
    index = torch.arange(8.0)
    basis = torch.cos((2 * index[None] + 1) * index[:, None] * math.pi / 16) / 2
    basis[0] /= math.sqrt(2)
    blocks = images.reshape(count, channels, size // 8, 8, size // 8, 8).transpose(3, 4)
    steps = step[..., None, None] * (1 + index[:, None] + index[None, :])
    coefficients = basis @ blocks @ basis.T
    rounded = (coefficients / steps).round() * steps
    return (basis.T @ rounded @ basis).transpose(3, 4).reshape(images.shape)


def hide_unseen(batch: Batch) -> Batch:
    """Drop the attributes of garments of which a picture shows next to nothing."""
    attributes = dict(batch.attributes)
    for name, classes in SHOWN_BY.items():
        indices = torch.tensor([PIXEL_CLASSES.index(label) for label in classes])
        shown = torch.isin(batch.labels, indices).sum((1, 2)) >= SHOWN_PIXELS
        attributes[name] = torch.where(shown, attributes[name], UNKNOWN)
    return replace(batch, attributes=attributes)
