"""The band of tetrahedra around the part of the avatar that a swap changes."""

import torch
from scipy.spatial import KDTree
from torch import Tensor

from album2avatar.mesh.tetrahedra import TetrahedralMesh, lattice_tetrahedra
from album2avatar.sculpt.swap_shape import SwapShape

MARGIN = 0.05
"""Metres around what changes in which the surface is marched anew."""
DEPTH = 0.035
"""Metres on both sides of the surface that is looked for: how far guidance may move it."""


def swap_lattice(shape: SwapShape, kept: Tensor, spacing: float) -> TetrahedralMesh:
    """Fill the neighbourhood of the changed surface with tetrahedra.

    Args:
        kept: (F,) bool, the avatar's faces that stay.
        spacing: metres, side of a lattice cube.
    """
    mesh = shape.avatar.mesh
    before = mesh.vertices[mesh.faces[~kept].unique()]
    changed = torch.cat([before, shape.garment_points(), shape.uncovered_points()])
    low = changed.amin(0) - MARGIN - 2 * spacing
    high = changed.amax(0) + MARGIN + 2 * spacing
    counts = ((high - low) / spacing).ceil().long().tolist()
    cells = torch.cartesian_prod(*[torch.arange(count) for count in counts])
    centres = low + (cells + 0.5) * spacing
    near = KDTree(changed.numpy()).query(centres.numpy(), distance_upper_bound=MARGIN)[0]
    cells = cells[torch.from_numpy(near) < MARGIN]
    distance = shape.signed_distance(low + (cells + 0.5) * spacing)
    points, tetrahedra = lattice_tetrahedra(cells[distance.abs() < max(DEPTH, 2 * spacing)])
    return TetrahedralMesh(low + points * (spacing / 2), tetrahedra)
