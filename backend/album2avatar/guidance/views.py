"""From where the avatar is looked at.

Frames have the size of those in the pictures that the demo prior was trained on, and names
that its captions used: a prior judges only what it has seen.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from album2avatar.assets import AssetKind, Framing, View, view_of_azimuth
from album2avatar.body.types import CanonicalBody
from album2avatar.render.camera import Cameras, orbit
from album2avatar.settings.guidance import GuidanceSettings

FIELD_OF_VIEW = math.radians(30.0)
"""Vertical and horizontal; a portrait lens."""
ELEVATION_RANGE = (math.radians(-8.0), math.radians(20.0))
DRESSED = 1.02
"""How much taller hair and shoes make a person than the body."""
CENTRE_JITTER = 0.025
"""Largest shift of the frame's centre along each axis, as a share of the frame's height."""


@dataclass(frozen=True)
class CameraMix:
    """How often each framing is drawn; the shares are weights and need not sum to 1."""

    full_body: float = 0.4
    upper_body: float = 0.2
    lower_body: float = 0.15
    head: float = 0.25
    """Head and hands are 5 % of the surface and half of the likeness."""
    hands: float = 0.0
    """Only of use with a prior that has seen hands from near; the demo prior has not."""
    garments: float = 0.0
    """Close-ups of one garment each; only of use with a prior that has seen such."""
    head_azimuth: float = 180.0
    """Degrees from the front within which close-ups of the head are drawn."""

    @staticmethod
    def of(settings: GuidanceSettings) -> "CameraMix":
        """As settings want it."""
        return CameraMix(
            settings.full_body_share,
            settings.upper_body_share,
            settings.lower_body_share,
            settings.head_share,
            settings.hands_share,
            settings.garments_share,
            settings.head_azimuth,
        )


@dataclass(frozen=True)
class ViewSample:
    """A batch of views with the words that describe them."""

    cameras: Cameras
    azimuths: Tensor
    """(B,) radians, 0 in front, positive towards the person's left."""
    views: tuple[View, ...]
    framings: tuple[Framing | None, ...]
    """None for a close-up of a hand or a garment, for which there is no word."""
    garments: tuple[AssetKind | None, ...]
    """What a close-up of one garment shows; None for all other views."""

    def __len__(self) -> int:
        return len(self.views)


@dataclass(frozen=True)
class Frame:
    """A target in space and the height around it that the image shows, in metres."""

    centre: np.ndarray
    """(3,)."""
    heights: tuple[float, float]
    """Smallest and largest."""
    framing: Framing | None
    garment: AssetKind | None = None
    """What a close-up of one garment shows."""


def body_frames(body: CanonicalBody) -> dict[str, Frame]:
    """The frames of a body by name: each framing, `hand.L` and `hand.R`."""
    surface = body.vertices[body.parts["surface"]].detach().cpu().double().numpy()
    low, high = surface.min(0), surface.max(0)
    tall = DRESSED * float(high[2] - low[2])
    reach = float((high - low)[:2].max())
    axis = (low + high) / 2
    frames = {
        "full body": Frame(
            _at_height(axis, float(axis[2])),
            (max(1.06 * tall, 1.08 * reach), max(1.18 * tall, 1.08 * reach)),
            "full body",
        ),
        "upper body": Frame(
            _at_height(axis, high[2] - 0.225 * tall), (0.46 * tall, 0.56 * tall), "upper body"
        ),
        "lower body": Frame(
            _at_height(axis, low[2] + 0.26 * tall), (0.54 * tall, 0.62 * tall), "lower body"
        ),
        "head close-up": Frame(_head_centre(body), (0.36, 0.48), "head close-up"),
    }
    for side in ("L", "R"):
        frames[f"hand.{side}"] = Frame(_part_centre(body, f"hand.{side}"), (0.25, 0.32), None)
    return frames


def frame_views(
    frames: Sequence[Frame],
    azimuths: np.ndarray,
    elevations: np.ndarray,
    heights: np.ndarray,
    centres: np.ndarray,
    device: torch.device | str = "cpu",
) -> ViewSample:
    """Cameras on given frames.

    Args:
        frames: B frames, for their words.
        azimuths, elevations: (B,) radians.
        heights: (B,) metres that the image spans.
        centres: (B, 3) metres, the image's centre.
    """
    azimuth = torch.from_numpy(azimuths).float()
    cameras = orbit(
        azimuth,
        torch.from_numpy(elevations).float(),
        torch.from_numpy(centres).float(),
        torch.from_numpy(heights).float(),
        FIELD_OF_VIEW,
    )
    return ViewSample(
        cameras.to(device),
        azimuth.to(device),
        tuple(view_of_azimuth(math.degrees(angle)) for angle in azimuths),
        tuple(frame.framing for frame in frames),
        tuple(frame.garment for frame in frames),
    )


def sample_views(
    body: CanonicalBody,
    mix: CameraMix,
    count: int,
    generator: np.random.Generator,
    device: torch.device | str = "cpu",
    garments: Mapping[AssetKind, Frame] | None = None,
) -> ViewSample:
    """Draw views all around a body, one azimuth in each equal part of the circle.

    Close-ups of the head are drawn from as evenly spread azimuths within their part of it.

    Args:
        count: number of views.
        generator: from `numpy_generator(seed, "views", step)`.
        garments: frames of single garments, among which their share is spread evenly; without
            any, the other shares are drawn alone.
    """
    known = body_frames(body)
    weights = {
        "full body": mix.full_body,
        "upper body": mix.upper_body,
        "lower body": mix.lower_body,
        "head close-up": mix.head,
        "hand.L": mix.hands / 2,
        "hand.R": mix.hands / 2,
    }
    for kind, frame in (garments or {}).items():
        known[f"garment.{kind}"] = frame
        weights[f"garment.{kind}"] = mix.garments / len(garments or {})
    chances = np.array(list(weights.values()))
    drawn = generator.choice(list(weights), size=count, p=chances / chances.sum())
    frames = [known[name] for name in drawn]
    strata = (generator.permutation(count) + generator.random(count)) / count
    reach = [mix.head_azimuth if frame.framing == "head close-up" else 180.0 for frame in frames]
    heights = np.array([generator.uniform(*frame.heights) for frame in frames])
    shift = generator.uniform(-CENTRE_JITTER, CENTRE_JITTER, (count, 3)) * heights[:, None]
    return frame_views(
        frames,
        (strata * 2 - 1) * np.radians(reach),
        generator.uniform(*ELEVATION_RANGE, count),
        heights,
        np.stack([frame.centre for frame in frames]) + shift,
        device,
    )


def turntable_views(
    body: CanonicalBody,
    framing: Framing,
    azimuths: Sequence[float],
    device: torch.device | str = "cpu",
) -> ViewSample:
    """Level views on one frame from given azimuths in radians, for previews."""
    frame = body_frames(body)[framing]
    count = len(azimuths)
    return frame_views(
        [frame] * count,
        np.array(azimuths),
        np.zeros(count),
        np.full(count, sum(frame.heights) / 2),
        np.repeat(frame.centre[None], count, 0),
        device,
    )


def _at_height(point: np.ndarray, height: float) -> np.ndarray:
    return np.array([point[0], point[1], height])


def _head_centre(body: CanonicalBody) -> np.ndarray:
    """A little behind and below the middle between the eyes."""
    eyes = body.parts["eye.L"] | body.parts["eye.R"]
    if not eyes.any():
        return _part_centre(body, "head")
    middle = body.vertices[eyes].detach().cpu().double().mean(0).numpy()
    return middle + np.array([0.0, 0.07, -0.02])


def _part_centre(body: CanonicalBody, part: str) -> np.ndarray:
    """Centre of a part's bounding box."""
    points = body.vertices[body.parts[part]].detach().cpu().double().numpy()
    return (points.min(0) + points.max(0)) / 2
