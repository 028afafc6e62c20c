"""Which bone belongs to which part of the body, by its name. Knows nothing of Blender.

One table serves the rigs of Anny, SMPL-X, Mixamo and Unreal: their names differ, but the words
in them are the same few.
"""

import re

BODY, HEAD, FACE = "Body", "Head", "Face"
ARMS, FINGERS, LEGS, TOES = "Arm", "Fingers", "Leg", "Toes"

GROUP_NAMES: tuple[str, ...] = (
    BODY,
    HEAD,
    FACE,
    *(f"{side} {part}" for side in ("Left", "Right") for part in (ARMS, FINGERS, LEGS, TOES)),
)
"""In the order in which an artist sees them."""

_PARTS: tuple[tuple[str, re.Pattern[str]], ...] = (
    (FINGERS, re.compile(r"finger|metacarpal|thumb|index|middle|ring|pinky")),
    (TOES, re.compile(r"toe\d")),
    (
        FACE,
        re.compile(
            r"eye|jaw|tongue|teeth|lip|brow|cheek|nose"
            r"|levator|oculi|oris|orbicularis|risorius|temporalis|special"
        ),
    ),
    (HEAD, re.compile(r"neck|head")),
    (ARMS, re.compile(r"clavicle|collar|shoulder|arm|elbow|wrist|hand")),
    (LEGS, re.compile(r"pelvis|hip|leg|thigh|calf|knee|foot|ankle|toe|ball")),
)
"""The first that fits counts: a thumb of the left hand is a finger."""

_SIDES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("Left", re.compile(r"(?:^|[^a-z])l(?:$|[^a-z])|left")),
    ("Right", re.compile(r"(?:^|[^a-z])r(?:$|[^a-z])|right")),
)

PALETTES: dict[str, str] = {"Left": "THEME04", "Right": "THEME01"}
"""Blender's bone colours by side: blue and red, as in Rigify. The middle keeps the default."""


def group_of(bone: str) -> str:
    """Name of the group that a bone belongs to; what has no other place is the body's.

    >>> group_of("finger1-2.L"), group_of("right_elbow"), group_of("mixamorig:Hips")
    ('Left Fingers', 'Right Arm', 'Body')
    """
    name = bone.lower()
    part = next((part for part, pattern in _PARTS if pattern.search(name)), BODY)
    if part in (BODY, HEAD, FACE):
        return part
    side = next((side for side, pattern in _SIDES if pattern.search(name)), None)
    return f"{side} {part}" if side else BODY


def palette_of(group: str) -> str:
    """Bone colour of a group."""
    return PALETTES.get(group.split()[0], "DEFAULT")
