"""Bodies under the clothes of a data set: `python -m album2avatar.synthetic.bare_bodies --help`.

What a conditioner of the prior sees: camera-space normals of the unclothed body, in the pose
and from the camera of each picture.
"""

import itertools
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from album2avatar.errors import ModelError
from album2avatar.files import atomic_path
from album2avatar.synthetic.cameras import Camera, project, world_to_view
from album2avatar.synthetic.dataset import pose_of_picture
from album2avatar.synthetic.meshing import vertex_normals
from album2avatar.synthetic.people import sample_person
from album2avatar.synthetic.pictures import average_samples
from album2avatar.synthetic.posing import skin_mesh
from album2avatar.synthetic.rasterizing import rasterize
from album2avatar.synthetic.regions import Layer
from album2avatar.synthetic.template import (
    Floats,
    RestBody,
    Template,
    load_template,
    rest_bodies,
)

ARRAY_FILE = "body_normals.npy"
_PEOPLE_AT_ONCE = 16
_SUPERSAMPLING = 3


def body_normals(
    template: Template, body: RestBody, transforms: Floats, camera: Camera, size: int
) -> np.ndarray:
    """Draw the bare body.

    Args:
        transforms: (J, 4, 4) canonical to posed.
        size: pixels of the picture's side.

    Returns:
        (size, size, 3) uint8: camera-space normals as n/2 + 1/2; grey where empty.
    """
    vertices, normals = skin_mesh(
        body.vertices,
        vertex_normals(body.vertices, template.faces),
        template.weight_bones,
        template.weights,
        transforms,
    )
    fine = size * _SUPERSAMPLING
    layers = np.full(len(template.faces), int(Layer.BODY), np.int8)
    no_cuts = np.zeros(1, np.float32)
    _, face_of, place = rasterize(
        project(camera, vertices, fine), template.faces, layers, template.chart, no_cuts, fine, fine
    )
    covered = face_of >= 0
    corners = normals[template.faces[face_of[covered]]]
    second, third = place[covered].T
    shares = np.stack([1 - second - third, second, third], 1)
    rotation = world_to_view(camera)[:3, :3].astype(np.float32)
    seen = np.einsum("pc,pcd->pd", shares, corners) @ rotation.T
    colors = np.full((fine, fine, 3), 0.5, np.float32)
    colors[covered] += 0.5 * seen / (np.linalg.norm(seen, axis=1, keepdims=True) + 1e-9)
    return average_samples(colors, _SUPERSAMPLING, 255.0)


def add_body_normals(folder: Path) -> float:
    """Write `body_normals.npy` (N, S, S, 3) beside a data set's other arrays.

    Returns:
        Pictures per second.

    Raises:
        ModelError: the folder is no data set of synthetic people.
    """
    try:
        size = int(np.load(folder / "images.npy", mmap_mode="r").shape[1])
        lines = (folder / "records.jsonl").read_text().splitlines()
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{folder} is no data set of synthetic people ({error}). Write one with "
            "python -m album2avatar.synthetic.dataset."
        ) from error
    records: list[dict[str, Any]] = [json.loads(line) for line in lines]
    template = load_template()
    drawn = np.zeros((len(records), size, size, 3), np.uint8)
    began, done = time.monotonic(), 0
    of_people = [list(g) for _, g in itertools.groupby(records, lambda record: record["seed"])]
    for start in range(0, len(of_people), _PEOPLE_AT_ONCE):
        batch = of_people[start : start + _PEOPLE_AT_ONCE]
        people = [sample_person(rows[0]["seed"]) for rows in batch]
        bodies = rest_bodies(template, [person.phenotype for person in people])
        for person, body, rows in zip(people, bodies, batch, strict=True):
            for record in rows:
                transforms, _ = pose_of_picture(template, person, body, record["picture"])
                camera = _camera(record["camera"])
                drawn[done] = body_normals(template, body, transforms, camera, size)
                done += 1
        if done % 1024 < 4 * _PEOPLE_AT_ONCE:
            rate = done / (time.monotonic() - began)
            print(f"{done} of {len(records)} bodies, {rate:.0f} a second", flush=True)
    with atomic_path(folder / ARRAY_FILE) as path:
        np.save(path, drawn)
    return len(records) / (time.monotonic() - began)


def _camera(record: Mapping[str, Any]) -> Camera:
    x, y, z = record["target"]
    return Camera(
        azimuth=record["azimuth"],
        elevation=record["elevation"],
        target=(x, y, z),
        frame_height=record["frame_height"],
        vertical_fov=record["vertical_fov"],
    )


def main(
    data: Annotated[Path, typer.Option(help="data set of synthetic people, added to")],
) -> None:
    """Draw the bare body of every picture of a data set."""
    rate = add_body_normals(data)
    print(f"{data / ARRAY_FILE}, {rate:.0f} a second")


if __name__ == "__main__":
    typer.run(main)
