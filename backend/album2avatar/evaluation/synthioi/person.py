"""The person with whom avatars are compared."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from album2avatar.body.anny_parts import anny_parts
from album2avatar.evaluation.avatar import AvatarSurface
from album2avatar.mesh.signed_distance import DistanceField
from album2avatar.mesh.types import Mesh
from album2avatar.synthetic.ground_truth import (
    GroundTruth,
    labelled_mesh,
    outer_surface,
    outer_triangles,
)

POINTS = 100_000
"""Samples on each surface, as published."""
BARE = 0.004
"""Metres from the body within which a point is on skin and not on what is worn."""
PARTS: Mapping[str, tuple[str, ...]] = {"hands": ("hand.L", "hand.R"), "face": ("face",)}


@dataclass(frozen=True)
class Reference:
    """What every avatar of one person is measured against."""

    truth: GroundTruth
    surface: AvatarSurface
    """The person as if they were an avatar."""
    outer: Mesh
    """What can be seen of the dressed surface."""
    points: Tensor
    """(POINTS, 3) spread evenly over it."""
    bare: Mapping[str, Tensor]
    """(POINTS,) bool for each of `PARTS`: points on that part's bare skin."""

    @staticmethod
    def of(truth: GroundTruth) -> "Reference":
        """Look at a person from around; takes seconds."""
        vertices, faces = outer_triangles(truth)
        points = torch.from_numpy(outer_surface(truth, POINTS)).float()
        return Reference(
            truth,
            _surface(truth),
            Mesh(torch.from_numpy(vertices).float(), torch.from_numpy(faces).long()),
            points,
            _bare_parts(truth, points),
        )


def _surface(truth: GroundTruth) -> AvatarSurface:
    """The dressed surface, each triangle in the colour of its middle."""
    mesh = labelled_mesh(truth)
    count = len(mesh.faces)
    return AvatarSurface(
        vertices=torch.from_numpy(mesh.vertices).float(),
        faces=torch.from_numpy(mesh.faces.astype(np.int64)),
        corner_uv=torch.zeros(count, 3, 2),
        face_colors=torch.from_numpy(mesh.face_colors).float(),
        albedo=torch.zeros(2, 2, 3),
    )


def _bare_parts(truth: GroundTruth, points: Tensor) -> dict[str, Tensor]:
    body = torch.from_numpy(truth.body.vertices).float()
    known = anny_parts(truth.template.model, body)
    skin = Mesh(body, torch.from_numpy(truth.template.faces).long())
    closest = DistanceField(skin).closest(points)
    is_bare, vertex = closest.distance < BARE, closest.nearest_vertex()
    return {
        name: is_bare & torch.stack([known[part] for part in parts]).any(0)[vertex]
        for name, parts in PARTS.items()
    }
