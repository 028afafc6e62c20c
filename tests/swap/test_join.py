"""A new surface gets faces as small as those whose place it takes."""

import torch

from album2avatar.mesh.borders import compacted
from album2avatar.mesh.normals import face_vectors
from album2avatar.mesh.types import Mesh
from album2avatar.sculpt.swap_stage import FINER, join
from toy_balls import ball, finer_above


def density(mesh: Mesh, faces: torch.Tensor) -> float:
    """Faces for each unit of area."""
    area = face_vectors(mesh.vertices, mesh.faces[faces]).norm(dim=1).sum() / 2
    return int(faces.sum()) / float(area)


def test_where_the_avatar_is_fine_its_new_part_is_fine_too():
    avatar, new = finer_above(ball(4), 4.0), finer_above(ball(6), 4.0)
    kept = avatar.vertices[avatar.faces].mean(1)[:, 2] < 0.9
    upper = new.vertices[new.faces].mean(1)[:, 2] > 0.85
    stitched = join(avatar, kept, compacted(new, upper)[0])
    is_new = torch.arange(len(stitched.mesh.faces)) >= len(stitched.old_faces)
    assert density(stitched.mesh, is_new) > 0.7 * FINER * density(avatar, ~kept)
