"""Scenes that the render tests share."""

import math
from functools import cache

import numpy as np
import torch
import trimesh
from torch import Tensor

from album2avatar.body.anny import load_anny_body
from album2avatar.render.camera import Cameras, orbit
from album2avatar.render.screen import to_clip


@cache
def body_mesh() -> tuple[Tensor, Tensor]:
    """Anny's default body as triangles, centred on its middle, in metres."""
    model = load_anny_body()
    body = model.canonical(torch.zeros(model.shape_size))
    vertices, faces = body.vertices, body.faces
    middle = (vertices.amax(0) + vertices.amin(0)) / 2
    return vertices - middle, faces


def sphere_mesh(subdivisions: int = 3, radius: float = 0.5) -> tuple[Tensor, Tensor]:
    """An icosphere around the origin."""
    mesh = trimesh.creation.icosphere(subdivisions=subdivisions, radius=radius)
    return torch.tensor(mesh.vertices).float(), torch.tensor(mesh.faces).long()


def cameras_around(azimuths: list[float], frame_height: float, elevation: float = 8.0) -> Cameras:
    """Cameras that look at the origin from the given azimuths in degrees."""
    angles = torch.tensor(azimuths) * (math.pi / 180)
    return orbit(
        angles,
        torch.full_like(angles, math.radians(elevation)),
        torch.zeros(len(azimuths), 3),
        torch.full_like(angles, frame_height),
        math.radians(40),
    )


def clip_positions(vertices: Tensor, cameras: Cameras, aspect: float = 1.0) -> Tensor:
    """(B, V, 4) clip-space positions."""
    return to_clip(vertices, cameras.clip_from_world(aspect))


def reference_ids(pos: Tensor, faces: Tensor, height: int, width: int) -> np.ndarray:
    """Nearest face by testing every pixel of every face's bounding box, in float64.

    Written from the definition (barycentric coordinates by 2x2 solves), with nothing of the
    code under test. (B, H, W), -1 for none.
    """
    ids = []
    for picture in pos.double().numpy():
        x = (picture[:, 0] / picture[:, 3] + 1) / 2 * width - 0.5
        y = (picture[:, 1] / picture[:, 3] + 1) / 2 * height - 0.5
        z = picture[:, 2] / picture[:, 3]
        nearest = np.full((height, width), np.inf)
        shown = np.full((height, width), -1)
        for index, (a, b, c) in enumerate(faces.numpy()):
            x0, x1 = max(math.ceil(min(x[a], x[b], x[c])), 0), max(x[a], x[b], x[c])
            y0, y1 = max(math.ceil(min(y[a], y[b], y[c])), 0), max(y[a], y[b], y[c])
            columns = np.arange(x0, min(math.floor(x1), width - 1) + 1)
            rows = np.arange(y0, min(math.floor(y1), height - 1) + 1)
            area = (x[b] - x[a]) * (y[c] - y[a]) - (x[c] - x[a]) * (y[b] - y[a])
            if not len(columns) or not len(rows) or area == 0:
                continue
            px, py = np.meshgrid(columns - x[a], rows - y[a])
            beta = (px * (y[c] - y[a]) - (x[c] - x[a]) * py) / area
            gamma = ((x[b] - x[a]) * py - px * (y[b] - y[a])) / area
            depth = z[a] + beta * (z[b] - z[a]) + gamma * (z[c] - z[a])
            window = np.ix_(rows, columns)
            inside = (beta >= 0) & (gamma >= 0) & (beta + gamma <= 1) & (np.abs(depth) < 1)
            wins = inside & (depth < nearest[window])
            nearest[window] = np.where(wins, depth, nearest[window])
            shown[window] = np.where(wins, index, shown[window])
        ids.append(shown)
    return np.stack(ids)
