"""Scenes and clocks that the rendering benchmarks share."""

import math
import time
from collections.abc import Callable

import torch
from torch import Tensor

from album2avatar.body.anny import load_anny_body
from album2avatar.render.camera import orbit
from album2avatar.render.screen import to_clip


def body_mesh() -> tuple[Tensor, Tensor]:
    """Anny's default body, centred, in metres."""
    model = load_anny_body()
    body = model.canonical(torch.zeros(model.shape_size))
    middle = (body.vertices.amax(0) + body.vertices.amin(0)) / 2
    return body.vertices - middle, body.faces


def clip_positions(vertices: Tensor, azimuths: list[float], size_metres: float = 2.0) -> Tensor:
    """Clip-space positions seen from around the body at 8 degrees of elevation."""
    angles = torch.tensor(azimuths) * (math.pi / 180)
    cameras = orbit(
        angles,
        torch.full_like(angles, math.radians(8)),
        torch.zeros(len(azimuths), 3),
        torch.full_like(angles, size_metres),
        math.radians(40),
    )
    return to_clip(vertices, cameras.clip_from_world(1.0))


def cpu_milliseconds(work: Callable[[], object], repeats: int = 7) -> float:
    """Least CPU time of this process over some runs: other processes hardly change it."""
    work()
    times: list[float] = []
    for _ in range(repeats):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return 1000 * min(times)
