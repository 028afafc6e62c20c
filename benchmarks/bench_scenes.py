"""Scenes and clocks that the rendering benchmarks share."""

import math
import time
from collections.abc import Callable

import torch
from torch import Tensor

from album2avatar.body.anny import load_anny_body
from album2avatar.mesh.topology import edge_table
from album2avatar.mesh.types import Mesh
from album2avatar.render.camera import Cameras, orbit
from album2avatar.render.screen import to_clip


def body_mesh() -> tuple[Tensor, Tensor]:
    """Anny's default body, centred, in metres."""
    model = load_anny_body()
    body = model.canonical(torch.zeros(model.shape_size))
    middle = (body.vertices.amax(0) + body.vertices.amin(0)) / 2
    return body.vertices - middle, body.faces


def subdivided(mesh: Mesh) -> Mesh:
    """Each face cut into four at the middles of its edges; the surface stays the same."""
    edges = edge_table(mesh.faces)
    count = len(mesh.vertices)
    keys = edges.vertices[:, 0] * count + edges.vertices[:, 1]

    def middle(a: Tensor, b: Tensor) -> Tensor:
        return count + torch.searchsorted(keys, torch.minimum(a, b) * count + torch.maximum(a, b))

    a, b, c = mesh.faces.unbind(1)
    ab, bc, ca = middle(a, b), middle(b, c), middle(c, a)
    quarters = [[a, ab, ca], [b, bc, ab], [c, ca, bc], [ab, bc, ca]]
    faces = torch.cat([torch.stack(quarter, 1) for quarter in quarters])
    return Mesh(torch.cat([mesh.vertices, mesh.vertices[edges.vertices].mean(1)]), faces)


def cameras_around(azimuths: list[float], size_metres: float = 2.0) -> Cameras:
    """Cameras around the body at 8 degrees of elevation; azimuths in degrees."""
    angles = torch.tensor(azimuths) * (math.pi / 180)
    return orbit(
        angles,
        torch.full_like(angles, math.radians(8)),
        torch.zeros(len(azimuths), 3),
        torch.full_like(angles, size_metres),
        math.radians(40),
    )


def clip_positions(vertices: Tensor, azimuths: list[float], size_metres: float = 2.0) -> Tensor:
    """Clip-space positions seen from `cameras_around`."""
    return to_clip(vertices, cameras_around(azimuths, size_metres).clip_from_world(1.0))


def cpu_milliseconds(work: Callable[[], object], repeats: int = 7) -> float:
    """Least CPU time of this process over some runs: other processes hardly change it."""
    work()
    times: list[float] = []
    for _ in range(repeats):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return 1000 * min(times)
