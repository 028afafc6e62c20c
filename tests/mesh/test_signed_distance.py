"""Signed distance against boxes and spheres; magnification against its inverse."""

import pytest
import torch

from album2avatar.errors import MeshError
from album2avatar.mesh.magnification import Magnifier, demagnify, magnify
from album2avatar.mesh.signed_distance import DistanceField
from album2avatar.mesh.types import Mesh

BOX_FACES = torch.tensor(
    [
        [0, 3, 2], [0, 1, 3], [4, 7, 5], [4, 6, 7], [0, 5, 1], [0, 4, 5],
        [2, 7, 6], [2, 3, 7], [0, 6, 4], [0, 2, 6], [1, 7, 3], [1, 5, 7],
    ]
)  # fmt: skip
HALF_SIZE = torch.tensor([0.5, 0.8, 0.3])


def box() -> Mesh:
    signs = torch.cartesian_prod(*[torch.tensor([-1.0, 1.0])] * 3)
    return Mesh(signs * HALF_SIZE, BOX_FACES)


def box_distance(points: torch.Tensor) -> torch.Tensor:
    """Exact signed distance to the box."""
    excess = points.abs() - HALF_SIZE
    return excess.clamp(min=0).norm(dim=1) + excess.amax(dim=1).clamp(max=0)


def test_distance_to_a_box_is_exact():
    points = 2 * torch.rand(500, 3, generator=torch.Generator().manual_seed(0)) - 1
    closest = DistanceField(box()).closest_signed(points)
    torch.testing.assert_close(closest.signed_distance, box_distance(points), atol=1e-5, rtol=0)
    reached = (points - closest.points).norm(dim=1)
    torch.testing.assert_close(reached, closest.distance, atol=1e-5, rtol=0)


def test_values_are_carried_to_the_closest_points():
    points = 2 * torch.rand(100, 3, generator=torch.Generator().manual_seed(3)) - 1
    mesh = box()
    closest = DistanceField(mesh).closest(points)
    torch.testing.assert_close(closest.interpolate(mesh.vertices), closest.points)


def test_a_small_hole_does_not_turn_the_inside_out():
    mesh = box()
    middle = torch.tensor([[0.0, 0.0, 0.0]])
    assert (
        DistanceField(Mesh(mesh.vertices, mesh.faces[1:])).closest_signed(middle).signed_distance
        < 0
    )


def test_mesh_that_is_not_finite_is_named():
    mesh = box()
    broken = mesh.vertices.clone()
    broken[0, 0] = torch.nan
    with pytest.raises(MeshError, match="not finite"):
        DistanceField(Mesh(broken, mesh.faces))


def test_magnification_enlarges_by_its_factor_and_can_be_undone():
    magnifiers = [
        Magnifier(torch.tensor([0.0, 0.0, 1.0]), 0.1, 2.5),
        Magnifier(torch.tensor([0.9, 0.0, 0.2]), 0.08, 2.0),
    ]
    points = 2 * torch.rand(2000, 3, generator=torch.Generator().manual_seed(4)) - 0.5
    moved = magnify(points, magnifiers)
    torch.testing.assert_close(demagnify(moved, magnifiers), points, atol=2e-6, rtol=0)
    near = torch.tensor([[0.02, 0.0, 1.0], [-0.03, 0.0, 1.0]])
    stretched = magnify(near, magnifiers)
    assert float((stretched[0] - stretched[1]).norm()) == pytest.approx(2.5 * 0.05, rel=1e-4)
    far = torch.tensor([[-1.0, 0.5, 1.0]])
    torch.testing.assert_close(magnify(far, magnifiers), far)
