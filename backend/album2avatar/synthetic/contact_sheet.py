"""One picture with many synthetic people: `scripts/contact_sheet`."""

from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from PIL import Image

from album2avatar.assets import Framing
from album2avatar.files import atomic_path
from album2avatar.seeding import numpy_generator
from album2avatar.synthetic.backgrounds import sample_background, sample_light
from album2avatar.synthetic.cameras import frame_camera
from album2avatar.synthetic.ground_truth import ground_truth
from album2avatar.synthetic.people import sample_person
from album2avatar.synthetic.pictures import pose_person, take_picture
from album2avatar.synthetic.posing import bone_transforms, leg_freedom, sample_pose
from album2avatar.synthetic.splits import person_seed

_SHOTS: tuple[tuple[Framing, float], ...] = (
    ("full body", -20.0),
    ("full body", 100.0),
    ("full body", 180.0),
    ("upper body", 25.0),
    ("head close-up", -30.0),
)
_PEOPLE_PER_ROW = 2


def write_contact_sheet(output: Path, people: int, size: int) -> None:
    """Draw the first people of the held-out split from several sides.

    Args:
        size: pixels of one picture's side.
    """
    strips = [_person_strip(index, size) for index in range(people)]
    rows = [
        np.concatenate(strips[start : start + _PEOPLE_PER_ROW], 1)
        for start in range(0, people, _PEOPLE_PER_ROW)
    ]
    with atomic_path(output) as path:
        Image.fromarray(np.concatenate(rows)).save(path, optimize=True)


def _person_strip(index: int, size: int) -> np.ndarray:
    person = sample_person(person_seed("held-out", index))
    truth = ground_truth(person)
    pictures: list[np.ndarray] = []
    for number, (framing, azimuth) in enumerate(_SHOTS):
        generator = numpy_generator(person.seed, "synthetic", "contact sheet", number)
        pose = sample_pose(generator, truth.template, truth.body, leg_freedom(person))
        transforms = bone_transforms(truth.template, truth.body, pose)
        posed = pose_person(truth.dressed, truth.body, transforms)
        eyes = posed.bone_heads[[truth.template.bones.index(f"eye.{s}") for s in "LR"]].mean(0)
        camera = frame_camera(generator, framing, azimuth, posed.vertices, eyes)
        light, background = sample_light(generator), sample_background(generator)
        picture = take_picture(
            truth.template, truth.dressed, posed, truth.cuts, truth.looks, camera, light,
            background, size, 3,
        )  # fmt: skip
        pictures.append(picture.image)
    return np.concatenate(pictures, 1)


def main(
    output: Annotated[Path, typer.Argument(help="PNG to write")],
    people: Annotated[int, typer.Option(min=2, max=200)] = 16,
    size: Annotated[int, typer.Option(min=32, max=1024, help="pixels of one picture")] = 144,
) -> None:
    """Write a contact sheet of held-out synthetic people."""
    write_contact_sheet(output, people - people % _PEOPLE_PER_ROW, size)


if __name__ == "__main__":
    typer.run(main)
