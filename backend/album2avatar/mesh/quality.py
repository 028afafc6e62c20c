"""How well triangles are shaped."""

import torch
from torch import Tensor

from album2avatar.mesh.normals import face_vectors
from album2avatar.mesh.types import Mesh


def radius_ratios(mesh: Mesh) -> Tensor:
    """Twice the inscribed circle's radius over the circumscribed one's, (F,) in 0..1.

    1 is equilateral, 0 has no area: needles and caps alike.

    Source: Pébay and Baker 2003, "Analysis of triangle quality measures".
    """
    lengths = _side_lengths(mesh)
    double_area = face_vectors(mesh.vertices, mesh.faces).norm(dim=1)
    below = lengths.sum(dim=1) * lengths.prod(dim=1)
    # 2 r / R with r = 2 A / (a + b + c) and R = a b c / 4 A.
    return torch.where(below > 0, 4 * double_area.square() / below, 0.0)


def smallest_angles(mesh: Mesh) -> Tensor:
    """The smallest of each face's angles, (F,) radians, at most a third of pi."""
    corners = mesh.vertices[mesh.faces]
    one_way = corners.roll(-1, dims=1) - corners
    other = corners.roll(1, dims=1) - corners
    across = torch.linalg.cross(one_way, other).norm(dim=2)
    angles = torch.atan2(across, (one_way * other).sum(dim=2))
    # A face whose corners fall together has no angle that could be measured.
    return torch.where(_side_lengths(mesh).amin(dim=1) > 0, angles.amin(dim=1), 0.0)


def _side_lengths(mesh: Mesh) -> Tensor:
    corners = mesh.vertices[mesh.faces]
    return (corners.roll(-1, dims=1) - corners).norm(dim=2)
