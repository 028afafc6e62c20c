"""Whole surfaces, also bad ones, laid flat by their labels."""

import numpy as np
import pytest
import torch
import trimesh

from album2avatar.errors import MeshError
from album2avatar.mesh.atlas import lay_flat
from album2avatar.mesh.charts import find_charts
from album2avatar.mesh.normals import face_areas
from album2avatar.mesh.types import Mesh, UvMap


def ball() -> Mesh:
    shape = trimesh.creation.icosphere(subdivisions=2)
    return Mesh(torch.tensor(shape.vertices).float(), torch.tensor(shape.faces).long())


def single(mesh: Mesh) -> torch.Tensor:
    """Mates of faces that are no quads."""
    return torch.full((len(mesh.faces),), -1)


def areas(uv: UvMap) -> torch.Tensor:
    a, b, c = uv.coordinates[uv.faces].unbind(1)
    (x1, y1), (x2, y2) = (b - a).unbind(1), (c - a).unbind(1)
    return (x1 * y2 - x2 * y1) / 2


def test_each_label_is_a_chart_of_its_size_and_density():
    mesh = ball()
    labels = (mesh.vertices[mesh.faces].mean(1)[:, 2] > 0.3).long()
    laid = lay_flat(mesh, single(mesh), labels, torch.ones(len(mesh.vertices)))
    assert torch.equal(laid.labels[laid.chart], labels)
    assert len(find_charts(laid.uv)) == len(laid.labels) == 2
    assert float(areas(laid.uv).min()) > 0
    scaled = areas(laid.scaled(torch.tensor([1.0, 3.0])))
    for label, density in ((0, 1), (1, 3)):
        own = labels == label
        wanted = density**2 * float(face_areas(mesh)[own].sum())
        assert float(scaled[own].sum()) == pytest.approx(wanted, rel=0.1)


@pytest.mark.parametrize("together", [5, 12])
def test_a_surface_with_points_in_one_place_gets_a_map(together: int):
    """Rims without any length; in the second case nothing has a size at all."""
    bare = trimesh.creation.icosphere(subdivisions=0)
    vertices = torch.tensor(bare.vertices).float()
    vertices[:together] = vertices[0]
    mesh = Mesh(vertices, torch.tensor(bare.faces).long())
    laid = lay_flat(mesh, single(mesh), torch.zeros(len(mesh.faces)).long(), torch.ones(12))
    assert bool(torch.isfinite(laid.uv.coordinates).all())
    assert float(areas(laid.uv).min()) > 0


def test_faces_back_to_back_are_charts_of_their_own():
    mesh = Mesh(torch.eye(3), torch.tensor([[0, 1, 2], [1, 0, 2]]))
    laid = lay_flat(mesh, single(mesh), torch.zeros(2).long(), torch.ones(3))
    assert len(laid.labels) == 2
    assert areas(laid.uv).numpy() == pytest.approx(np.full(2, 3**0.5 / 2))


def test_one_chart_can_be_cancelled_while_it_is_flattened():
    mesh, asked = ball(), list[int]()

    def poll() -> None:
        asked.append(len(asked))
        if len(asked) == 4:
            raise MeshError("enough")

    with pytest.raises(MeshError, match="enough"):
        lay_flat(mesh, single(mesh), torch.zeros(len(mesh.faces)).long(), torch.ones(162), poll)
