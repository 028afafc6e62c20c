"""Balls whose faces are of a known size."""

import torch
import trimesh

from album2avatar.mesh.types import Mesh


def ball(subdivisions: int, radius: float = 1.0) -> Mesh:
    sphere = trimesh.creation.icosphere(subdivisions=subdivisions, radius=radius)
    return Mesh(torch.tensor(sphere.vertices).float(), torch.tensor(sphere.faces).long())


def finer_above(mesh: Mesh, factor: float) -> Mesh:
    """The ball with faces that are `factor` times smaller at its north pole than on average.

    Stereographic projection from the pole, scaling, and back: angles stay.
    """
    x, y, z = mesh.vertices.unbind(1)
    flat = torch.stack([x, y], 1) / (1 + z).clamp(min=1e-6)[:, None] / factor
    square = flat.square().sum(1)
    upper = torch.cat([2 * flat, (1 - square)[:, None]], 1) / (1 + square)[:, None]
    return Mesh(upper, mesh.faces)
