"""Whether an avatar has one face, and it is in front (the Janus check)."""

import math
from collections.abc import Sequence

import torch

from album2avatar.assets import PIXEL_CLASSES
from album2avatar.evaluation.avatar import AvatarSurface, render_avatar
from album2avatar.evaluation.synthioi.person import Reference
from album2avatar.perception.model import Perceived, Perception
from album2avatar.render.camera import orbit
from album2avatar.synthetic.backgrounds import Light
from album2avatar.synthetic.ground_truth import GroundTruth

AZIMUTHS = (-157, -112, -67, -22, 23, 68, 113, 158)
"""Degrees; no picture is on the border between two words."""
BEHIND = (-150, 180, 150)
"""Azimuths from which no face should be seen."""
_FIELD_OF_VIEW = 0.5
_LIGHT = Light((0.24, 0.41, 0.88), 0.75)
_BACKGROUND = 0.5
_HEAD_FRAME = 0.44
"""Metres that a close-up of the head spans."""
_FACE = PIXEL_CLASSES.index("face")
_MISTAKEN = 10.0
"""Per cent of the person's own head, seen from behind, above which the network can't tell faces
from bald heads."""


def side_check(
    person: Reference, avatar: AvatarSurface, perception: Perception
) -> dict[str, float]:
    """Ask the perception network what it sees of an avatar and of the person from eight sides.

    Args:
        avatar: laid on the person.

    Returns:
        `sides`, per cent of the pictures of the whole avatar whose side is named as in the
        person's own picture; `faces_behind`, by how many points more of the pixels of close-ups
        from behind are taken for a face, left out where the person's own bald head is.
    """
    surfaces = (avatar, person.surface)
    named, wanted = (_names(surface, person.surface, perception) for surface in surfaces)
    agreed = [mine == theirs for mine, theirs in zip(named, wanted, strict=True)]
    faces, own = (_faces_behind(person.truth, surface, perception) for surface in surfaces)
    values = {"sides": 100 * sum(agreed) / len(agreed)}
    return values if own > _MISTAKEN else {**values, "faces_behind": max(0.0, faces - own)}


def _names(surface: AvatarSurface, person: AvatarSurface, perception: Perception) -> list[str]:
    """The word for each side, in pictures that show the whole person."""
    low, high = person.vertices.amin(0), person.vertices.amax(0)
    middle = ((low + high) / 2).tolist()
    seen = _look(surface, AZIMUTHS, middle, 1.12 * float(high[2] - low[2]), perception)
    return [picture.word("view") for picture in seen]


def _faces_behind(truth: GroundTruth, surface: AvatarSurface, perception: Perception) -> float:
    """Per cent of a surface's pixels, seen from behind the head, that are taken for a face."""
    eyes = [truth.template.bones.index(f"eye.{side}") for side in "LR"]
    between = torch.from_numpy(truth.body.bone_heads[eyes].mean(0)).float()
    head = (between + torch.tensor([0.0, 0.07, -0.02])).tolist()
    seen = _look(surface, BEHIND, head, _HEAD_FRAME, perception)
    faces = sum(int((picture.labels == _FACE).sum()) for picture in seen)
    return 100 * faces / max(sum(int((picture.labels > 0).sum()) for picture in seen), 1)


def _look(
    avatar: AvatarSurface,
    azimuths: Sequence[int],
    centre: list[float],
    height: float,
    perception: Perception,
) -> list[Perceived]:
    count = len(azimuths)
    cameras = orbit(
        torch.tensor([math.radians(azimuth) for azimuth in azimuths]),
        torch.zeros(count),
        torch.tensor([centre]).repeat(count, 1),
        torch.full((count,), height),
        _FIELD_OF_VIEW,
    )
    size = perception.network.config.image_size
    grey = torch.full((3,), _BACKGROUND)
    pictures, _ = render_avatar(avatar, cameras, _LIGHT, grey, size, 2)
    return [perception.perceive(picture) for picture in pictures]
