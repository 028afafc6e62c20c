"""From a photo's measures to what is wrong with it, in words."""

from collections.abc import Iterable
from dataclasses import dataclass

from album2avatar.album.person import PersonMeasures
from album2avatar.album.quality import PhotoMeasures, bits_apart
from album2avatar.flaws import Flaw

# Each limit lies between what 70 good photos of 14 held-out synthetic people have and what photos
# with the fault have, as `python -m album2avatar.evaluation.intake` shows; docs/INTAKE.md measures
# others.
SMALL_SIDE = 256
"""Pixels of the short side; below, a full body's face has fewer than 30."""
SHARPNESS_MIN = 0.2
"""Good photos have 0.24 or more, blurred ones 0.21 or less."""
DARK = 0.3
"""95th percentile of the person's brightness; good 0.43 or more, dark 0.20 or less."""
CLIPPED_SHARE = 0.13
"""Of the person; good 0.09 or less, overexposed 0.16 or more."""
PERSON_SHARE_MIN = 0.01
"""A full body at the other end of a room still covers 2 %."""
JOINTS_MIN = 0.3
"""As in `perception.presence`; good 0.74 or more, empty rooms mostly 0.01."""
SECOND_BODY = 0.15
"""Good 0.13 or less; a second person who stands apart has 0.3 and more."""
SECOND_FACE = 0.004
"""Good mostly 0.001 or less, a second person 0.0026 or more."""
SIDE_CUT = 0.28
"""Good 0.20 or less, cut 0.38 or more."""
TOP_CUT = 0.03
"""Good 0, cut 0.07 or more."""
PICTURE_BITS = 16
"""Of 256 differing bits; twins have 11 or fewer, other photos of a person 25 or more."""
PERSON_BITS = 40
"""The same of the person alone, which tells photos apart before a camera that stands still; twins
have 20 or fewer, others 75 or more."""


@dataclass(frozen=True)
class Finding:
    """Something that speaks against a photo."""

    flaw: Flaw
    sentence: str
    """With the way out."""


def find_flaws(measures: PhotoMeasures) -> tuple[Finding, ...]:
    """What is wrong with a photo alone; nothing with a good one.

    Where nobody is seen, nobody can be blurred, dark or cut off.
    """
    is_empty = _shows_nobody(measures.person)
    of_people = (_sharpness, _exposure, _company, _framing)
    checks = (_size, _absence) if is_empty else (_size, *of_people)
    return tuple(found for check in checks if (found := check(measures)) is not None)


def find_twin(
    measures: PhotoMeasures, others: Iterable[tuple[str, PhotoMeasures]]
) -> Finding | None:
    """Whether one of the photos that are used, given with their names, shows the same."""
    for name, other in others:
        picture, person = bits_apart(measures, other)
        if picture <= PICTURE_BITS and person <= PERSON_BITS:
            return Finding("twin", f"It is nearly the same as {name}. One of the two is enough.")
    return None


def _size(measures: PhotoMeasures) -> Finding | None:
    width, height = measures.original_size
    if min(width, height) >= SMALL_SIDE:
        return None
    return Finding(
        "small", f"It is small ({width} × {height} pixels). Use the original file if there is one."
    )


def _sharpness(measures: PhotoMeasures) -> Finding | None:
    if measures.sharpness >= SHARPNESS_MIN:
        return None
    return Finding("blurred", "It is blurred. Keep it only if no other photo shows this side.")


def _exposure(measures: PhotoMeasures) -> Finding | None:
    if measures.person.bright < DARK:
        return Finding("dark", "The person is very dark; colours would suffer. Brighten the photo.")
    if measures.person.clipped > CLIPPED_SHARE:
        return Finding(
            "overexposed",
            "Large parts of the person are so bright that their colours are lost. Use a darker "
            "version of the photo if there is one.",
        )
    return None


def _absence(measures: PhotoMeasures) -> Finding:
    return Finding(
        "nobody",
        "No person was found in it. Crop it so that the person fills more of it, or keep it if "
        "there is one.",
    )


def _company(measures: PhotoMeasures) -> Finding | None:
    person = measures.person
    if person.second_body > SECOND_BODY or person.second_face > SECOND_FACE:
        return Finding(
            "several",
            "It seems to show a second person. Crop it so that only one is left, or keep it if "
            "there is only one.",
        )
    return None


def _shows_nobody(person: PersonMeasures) -> bool:
    return person.share < PERSON_SHARE_MIN or person.joints < JOINTS_MIN


def _framing(measures: PhotoMeasures) -> Finding | None:
    person = measures.person
    if person.framing != "head close-up" and person.side_cut > SIDE_CUT:
        return Finding(
            "cut",
            "The person is cut off at the side. What is outside is learned from other photos.",
        )
    if person.framing != "lower body" and person.top_cut > TOP_CUT:
        return Finding("cut", "The head is cut off. Other photos have to show it.")
    return None
