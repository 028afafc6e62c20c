"""What a network would see of people, without a network."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from album2avatar.album.person import PersonMeasures

ONE_PERSON = PersonMeasures(
    share=0.2,
    joints=0.9,
    second_body=0.0,
    second_face=0.0,
    side_cut=0.0,
    top_cut=0.0,
    framing="full body",
    bright=0.8,
    clipped=0.0,
    box=(0.25, 0.05, 0.75, 0.95),
)


def seen(**changes: Any) -> PersonMeasures:
    """One whole person, well lit, but for the changes."""
    return replace(ONE_PERSON, **changes)


def see_one_person(photo: Path) -> PersonMeasures:
    """A sight for tests in which people don't matter."""
    return ONE_PERSON
