"""Bodies, poses and rigged avatars survive the disk; damaged files say so."""

from pathlib import Path

import pytest
import torch

from album2avatar.body.rigged import RiggedAvatar, RiggedPart, load_rigged, save_rigged
from album2avatar.body.storage import load_body, load_poses, save_body, save_poses
from album2avatar.body.types import CanonicalBody, PhotoPoses, Skeleton
from album2avatar.errors import WorkspaceError
from album2avatar.mesh.types import Mesh, UvMap
from album2avatar.render.camera import Cameras


def two_bones() -> Skeleton:
    heads = torch.tensor([[0.0, 0, 0], [0, 0, 1]])
    return Skeleton(("root", "tip"), (-1, 0), heads, heads + 0.5, torch.eye(4).repeat(2, 1, 1))


def triangle_body() -> CanonicalBody:
    return CanonicalBody(
        kind="anny",
        vertices=torch.rand(3, 3),
        faces=torch.tensor([[0, 1, 2]]),
        uv_coordinates=torch.rand(3, 2),
        uv_faces=torch.tensor([[0, 1, 2]]),
        skeleton=two_bones(),
        weights=torch.full((3, 2), 0.5),
        parts={"surface": torch.tensor([True, True, False]), "eye.L": torch.zeros(3).bool()},
    )


def test_body_reads_back_as_it_was_written(tmp_path: Path) -> None:
    body = triangle_body()
    save_body(tmp_path / "body.safetensors", body)
    read = load_body(tmp_path / "body.safetensors")
    assert read.kind == "anny"
    assert read.skeleton.names == body.skeleton.names
    assert read.skeleton.parents == body.skeleton.parents
    assert torch.equal(read.vertices, body.vertices)
    assert read.faces.dtype == torch.int64
    assert list(read.parts) == list(body.parts)
    assert torch.equal(read.parts["surface"], body.parts["surface"])


def test_poses_keep_the_order_of_photos(tmp_path: Path) -> None:
    poses = PhotoPoses(
        ("b", "a"),
        torch.rand(2, 2, 4, 4),
        Cameras(torch.eye(4).repeat(2, 1, 1), torch.tensor([0.5, 0.6])),
        torch.tensor([[512, 384], [640, 480]]),
    )
    save_poses(tmp_path / "poses.safetensors", poses)
    read = load_poses(tmp_path / "poses.safetensors")
    assert read.photos == ("b", "a")
    assert torch.equal(read.cameras.vertical_fov, poses.cameras.vertical_fov)
    assert torch.equal(read.image_sizes, poses.image_sizes)


def test_rigged_parts_keep_texture_or_colour(tmp_path: Path) -> None:
    mesh = Mesh(torch.rand(3, 3), torch.tensor([[0, 1, 2]]))
    uv = UvMap(torch.rand(3, 2), torch.tensor([[0, 1, 2]]))
    weights = torch.full((3, 2), 0.5)
    parts = (
        RiggedPart("avatar", mesh, uv, weights, "albedo"),
        RiggedPart("iris", mesh, None, weights, (0.25, 0.5, 0.75)),
    )
    save_rigged(tmp_path / "avatar.safetensors", RiggedAvatar(two_bones(), parts))
    read = load_rigged(tmp_path / "avatar.safetensors")
    assert [part.name for part in read.parts] == ["avatar", "iris"]
    assert read.parts[0].texture == "albedo"
    assert read.parts[0].uv is not None
    assert read.parts[1].texture == (0.25, 0.5, 0.75)
    assert read.parts[1].uv is None


@pytest.mark.parametrize("keep", [0, 7, 100, -20])
def test_truncated_body_file_is_named_as_damaged(tmp_path: Path, keep: int) -> None:
    path = tmp_path / "body.safetensors"
    save_body(path, triangle_body())
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(WorkspaceError, match=r"body\.safetensors is damaged"):
        load_body(path)


def test_poses_file_is_not_taken_for_a_body(tmp_path: Path) -> None:
    path = tmp_path / "file.safetensors"
    save_body(path, triangle_body())
    with pytest.raises(WorkspaceError, match="holds a canonical body"):
        load_poses(path)
