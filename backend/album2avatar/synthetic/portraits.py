"""Pictures of random synthetic people, each from a wanted side and in a wanted framing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from album2avatar.assets import Framing, View
from album2avatar.prior.prompts import AssetPhrase
from album2avatar.seeding import numpy_generator
from album2avatar.synthetic.backgrounds import sample_background, sample_light
from album2avatar.synthetic.cameras import frame_camera
from album2avatar.synthetic.captions import picture_phrases
from album2avatar.synthetic.dressing import dress
from album2avatar.synthetic.garments import outfit_cuts
from album2avatar.synthetic.looks import looks_of
from album2avatar.synthetic.people import Person, sample_person
from album2avatar.synthetic.pictures import (
    Picture,
    pose_person,
    take_picture,
    usual_supersampling,
)
from album2avatar.synthetic.posing import bone_transforms, leg_freedom, sample_pose
from album2avatar.synthetic.splits import person_seed
from album2avatar.synthetic.template import RestBody, Template, load_template, rest_bodies

_PICTURES_PER_PERSON = 2
_PEOPLE_AT_ONCE = 16
_FIRST_PERSON = 500_000_000
"""Index in the training split; the demo models saw the first ones."""
_PEOPLE = 400_000_000
_VIEW_AZIMUTHS: dict[View, float] = {
    "front": 0.0,
    "left side": 90.0,
    "right side": -90.0,
    "back": 180.0,
}
"""Middle of each view's quarter, degrees, see `assets.view_of_azimuth`."""


@dataclass(frozen=True)
class Portrait:
    """A picture, and its caption's parts."""

    person: Person
    picture: Picture
    phrases: tuple[AssetPhrase, ...]
    """What it shows, with colours and patterns."""
    view: View
    framing: Framing
    background: str | None
    """Colour word of a plain background; None where it is busy."""


def take_portraits(
    wanted: Sequence[tuple[View, Framing]], size: int, seed: int
) -> Iterator[Portrait]:
    """Take one picture for each wanted view and framing, in order; two of each person.

    Args:
        size: pixels of a side.
        seed: decides who is in the pictures, and everything else that isn't wanted.
    """
    template = load_template()
    people_needed = -(-len(wanted) // _PICTURES_PER_PERSON)
    for start in range(0, people_needed, _PEOPLE_AT_ONCE):
        numbers = range(start, min(start + _PEOPLE_AT_ONCE, people_needed))
        people = [_person(seed, number) for number in numbers]
        bodies = rest_bodies(template, [person.phenotype for person in people])
        for number, person, body in zip(numbers, people, bodies, strict=True):
            first = number * _PICTURES_PER_PERSON
            own = wanted[first : first + _PICTURES_PER_PERSON]
            yield from _take_of_one(template, person, body, own, size)


def _person(seed: int, number: int) -> Person:
    index = int(numpy_generator(seed, "portraits", number).integers(_PEOPLE))
    return sample_person(person_seed("training", _FIRST_PERSON + index))


def _take_of_one(
    template: Template,
    person: Person,
    body: RestBody,
    wanted: Sequence[tuple[View, Framing]],
    size: int,
) -> Iterator[Portrait]:
    dressed = dress(template, body, person)
    cuts, looks = outfit_cuts(template, person), looks_of(person)
    for index, (view, framing) in enumerate(wanted):
        generator = numpy_generator(person.seed, "portrait", index)
        pose = sample_pose(generator, template, body, leg_freedom(person))
        posed = pose_person(dressed, body, bone_transforms(template, body, pose))
        eyes = posed.bone_heads[[template.bones.index(f"eye.{side}") for side in "LR"]].mean(0)
        azimuth = _VIEW_AZIMUTHS[view] + float(generator.uniform(-44.0, 44.0))
        camera = frame_camera(generator, framing, azimuth, posed.vertices, eyes)
        light, background = sample_light(generator), sample_background(generator)
        picture = take_picture(
            template, dressed, posed, cuts, looks, camera, light, background, size,
            usual_supersampling(size),
        )  # fmt: skip
        phrases = tuple(picture_phrases(person, picture))
        yield Portrait(person, picture, phrases, view, framing, background.name)
