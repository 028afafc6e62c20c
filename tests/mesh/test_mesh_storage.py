from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from album2avatar.errors import MeshError, WorkspaceError
from album2avatar.mesh.storage import load_mesh, save_mesh
from album2avatar.mesh.types import Mesh, UvMap


def tetrahedron() -> Mesh:
    vertices = torch.tensor([[0.0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]])
    return Mesh(vertices, torch.tensor([[0, 2, 1], [0, 1, 3], [0, 3, 2], [1, 2, 3]]))


def test_a_mesh_comes_back_as_it_was_saved(tmp_path: Path):
    mesh = tetrahedron()
    uv = UvMap(torch.rand(12, 2), torch.arange(12).view(4, 3))
    label = torch.tensor([0, 1, 1, 2])
    save_mesh(tmp_path / "mesh.safetensors", mesh, uv, {"face_asset": label})
    stored = load_mesh(tmp_path / "mesh.safetensors")
    assert torch.equal(stored.mesh.vertices, mesh.vertices)
    assert torch.equal(stored.mesh.faces, mesh.faces)
    assert stored.uv is not None
    assert torch.equal(stored.uv.coordinates, uv.coordinates)
    assert torch.equal(stored.uv.faces, uv.faces)
    assert torch.equal(stored.extras["face_asset"], label)


def test_a_mesh_without_uv_comes_back_without(tmp_path: Path):
    save_mesh(tmp_path / "mesh.safetensors", tetrahedron())
    stored = load_mesh(tmp_path / "mesh.safetensors")
    assert stored.uv is None
    assert stored.extras == {}


@pytest.mark.parametrize(
    ("vertices", "faces", "word"),
    [
        (torch.zeros(4, 3), torch.zeros(0, 3).long(), "no faces"),
        (torch.full((4, 3), torch.nan), torch.tensor([[0, 1, 2]]), "not finite"),
        (torch.zeros(4, 3), torch.tensor([[0, 1, 4]]), "vertex 4"),
        (torch.zeros(4, 3), torch.tensor([[0, 1, -1]]), "vertex -1"),
        (torch.zeros(4, 2), torch.tensor([[0, 1, 2]]), "three columns"),
    ],
)
def test_a_broken_mesh_is_refused_before_anything_is_written(
    tmp_path: Path, vertices: torch.Tensor, faces: torch.Tensor, word: str
):
    with pytest.raises(MeshError, match=word):
        save_mesh(tmp_path / "mesh.safetensors", Mesh(vertices, faces))
    assert list(tmp_path.iterdir()) == []


def test_a_uv_map_of_another_mesh_is_refused(tmp_path: Path):
    uv = UvMap(torch.rand(3, 2), torch.tensor([[0, 1, 2]]))
    with pytest.raises(MeshError, match="UV map"):
        save_mesh(tmp_path / "mesh.safetensors", tetrahedron(), uv)


def test_damaged_missing_and_foreign_files_are_named(tmp_path: Path):
    with pytest.raises(WorkspaceError, match=r"gone\.safetensors"):
        load_mesh(tmp_path / "gone.safetensors")
    path = tmp_path / "mesh.safetensors"
    save_mesh(path, tetrahedron())
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(WorkspaceError, match=r"mesh\.safetensors"):
        load_mesh(path)
    save_file({"vertices": torch.zeros(3, 3)}, path)
    with pytest.raises(WorkspaceError, match=r"mesh\.safetensors"):
        load_mesh(path)
    assert load_file(path)
