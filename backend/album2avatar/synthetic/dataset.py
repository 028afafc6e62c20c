"""Data sets of synthetic people: `python -m album2avatar.synthetic.dataset --help`."""

import json
import multiprocessing
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer

from album2avatar.assets import Framing, view_of_azimuth
from album2avatar.body.keypoints import KEYPOINTS
from album2avatar.files import atomic_path
from album2avatar.seeding import numpy_generator
from album2avatar.synthetic.backgrounds import sample_background, sample_light
from album2avatar.synthetic.cameras import FRAMING_SHARES, frame_camera, sample_azimuth
from album2avatar.synthetic.captions import attributes, picture_phrases
from album2avatar.synthetic.dressing import dress
from album2avatar.synthetic.garments import outfit_cuts
from album2avatar.synthetic.looks import looks_of
from album2avatar.synthetic.people import Person, sample_person
from album2avatar.synthetic.pictures import Picture, pose_person, take_picture, usual_supersampling
from album2avatar.synthetic.posing import bone_transforms, leg_freedom, sample_pose
from album2avatar.synthetic.splits import Split, person_seed
from album2avatar.synthetic.template import (
    Floats,
    RestBody,
    Template,
    load_template,
    rest_bodies,
)

_Job = tuple[Split, int, int, int, int]
"""Split, first person, number of people, size, supersampling."""
_Batch = list[tuple[Picture, dict[str, Any]]]

PICTURES_PER_PERSON = 4
_PEOPLE_AT_ONCE = 16


def person_pictures(
    template: Template, person: Person, body: RestBody, size: int, supersampling: int
) -> Iterator[tuple[Picture, dict[str, Any]]]:
    """Pictures of one person, each in another pose, light and place, with their records."""
    dressed, cuts, looks = (
        dress(template, body, person),
        outfit_cuts(template, person),
        looks_of(person),
    )
    for index in range(PICTURES_PER_PERSON):
        transforms, generator = pose_of_picture(template, person, body, index)
        posed = pose_person(dressed, body, transforms)
        shares = np.array(list(FRAMING_SHARES.values()))
        framing: Framing = tuple(FRAMING_SHARES)[int(generator.choice(len(shares), p=shares))]
        eyes = posed.bone_heads[[template.bones.index(f"eye.{side}") for side in "LR"]].mean(0)
        azimuth = sample_azimuth(generator)
        camera = frame_camera(generator, framing, azimuth, posed.vertices, eyes)
        light, background = sample_light(generator), sample_background(generator)
        picture = take_picture(
            template, dressed, posed, cuts, looks, camera, light, background, size, supersampling
        )
        record = {
            "seed": person.seed,
            "picture": index,
            "subject": person.subject,
            "phrases": {p.kind: p.words for p in picture_phrases(person, picture)},
            "attributes": attributes(person),
            "view": view_of_azimuth(camera.azimuth),
            "framing": framing,
            "background": background.name,
            "azimuth": camera.azimuth,
            "camera": asdict(camera),
            "light": asdict(light),
        }
        yield picture, record


def pose_of_picture(
    template: Template, person: Person, body: RestBody, index: int
) -> tuple[Floats, np.random.Generator]:
    """How a person stands in one of their pictures.

    Returns:
        (J, 4, 4) canonical-to-posed matrices, and the generator that goes on to draw the rest
        of the picture.
    """
    generator = numpy_generator(person.seed, "synthetic", "picture", index)
    pose = sample_pose(generator, template, body, leg_freedom(person))
    return bone_transforms(template, body, pose), generator


def _make_people(job: _Job) -> _Batch:
    split, first, count, size, supersampling = job
    torch.set_num_threads(1)
    template = load_template()
    people = [sample_person(person_seed(split, first + i)) for i in range(count)]
    bodies = rest_bodies(template, [person.phenotype for person in people])
    return [
        made
        for person, body in zip(people, bodies, strict=True)
        for made in person_pictures(template, person, body, size, supersampling)
    ]


def _batches(jobs: list[_Job], workers: int) -> Iterator[_Batch]:
    """Do the jobs in order, in this process or in several."""
    if workers == 1:
        yield from map(_make_people, jobs)
        return
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        yield from pool.imap(_make_people, jobs)


def write_dataset(
    output: Path, split: Split, count: int, size: int, first_seed: int, workers: int
) -> float:
    """Write `count` pictures and their truth as arrays; see docs/SYNTHETIC_PEOPLE.md.

    Returns:
        Pictures per second.
    """
    output.mkdir(parents=True, exist_ok=True)
    supersampling = usual_supersampling(size)
    people = -(-count // PICTURES_PER_PERSON)
    jobs: list[_Job] = [
        (split, first_seed + start, min(_PEOPLE_AT_ONCE, people - start), size, supersampling)
        for start in range(0, people, _PEOPLE_AT_ONCE)
    ]
    images = np.zeros((count, size, size, 3), np.uint8)
    normals = np.full((count, size, size, 3), 128, np.uint8)
    labels = np.zeros((count, size, size), np.uint8)
    keypoints = np.zeros((count, len(KEYPOINTS), 3), np.float32)
    records: list[str] = []
    began = time.monotonic()
    for batch in _batches(jobs, workers):
        for picture, record in batch[: count - len(records)]:
            row = len(records)
            images[row], normals[row] = picture.image, picture.normals
            labels[row], keypoints[row] = picture.labels, picture.keypoints
            records.append(json.dumps(record))
        if len(records) % 1024 < len(batch):
            rate = len(records) / (time.monotonic() - began)
            print(f"{len(records)} of {count} pictures, {rate:.0f} a second", flush=True)
    for name, array in (
        ("images", images), ("normals", normals), ("labels", labels), ("keypoints", keypoints),
    ):  # fmt: skip
        with atomic_path(output / f"{name}.npy") as path:
            np.save(path, array)
    with atomic_path(output / "records.jsonl") as path:
        path.write_text("\n".join(records) + "\n")
    return count / (time.monotonic() - began)


def main(
    split: Annotated[Split, typer.Option(help="whose seeds to use")],
    count: Annotated[int, typer.Option(min=1, help="pictures")],
    output: Annotated[Path, typer.Option(help="folder to write")],
    size: Annotated[int, typer.Option(min=16, max=1024, help="pixels of a side")] = 64,
    first_seed: Annotated[int, typer.Option(min=0, help="first person of the split")] = 0,
    workers: Annotated[int, typer.Option(min=1, max=64, help="processes")] = 1,
) -> None:
    """Write a data set of synthetic people."""
    rate = write_dataset(output, split, count, size, first_seed, workers)
    print(f"{count} pictures in {output}, {rate:.0f} a second")


if __name__ == "__main__":
    typer.run(main)
