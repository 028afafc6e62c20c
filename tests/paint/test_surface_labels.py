import pytest
import torch
from toy_person import egg, egg_body, photo_poses, true_assets, true_masks

from album2avatar.body.types import PhotoPoses
from album2avatar.errors import AlbumError
from album2avatar.mesh.types import Mesh
from album2avatar.paint.surface_labels import label_surface, vote
from album2avatar.render.camera import Cameras


def share_right(found: torch.Tensor, mesh: Mesh) -> float:
    return float((found == true_assets(mesh.vertices)).float().mean())


def test_masks_from_all_sides_name_the_asset_of_nearly_every_vertex():
    mesh = egg()
    poses = photo_poses([0.0, 90.0, 180.0, 270.0])
    found = label_surface(mesh, egg_body(mesh), poses, true_masks(mesh, poses), 3)
    assert share_right(found, mesh) > 0.97


def test_the_surface_is_looked_up_where_it_stands_in_the_photo():
    """A person who stands 30 cm aside in the photos is labelled as well as one who doesn't."""
    mesh = egg()
    poses = photo_poses([0.0, 180.0], shift=0.3)
    masks = true_masks(mesh, poses)
    found = label_surface(mesh, egg_body(mesh), poses, masks, 3)
    assert share_right(found, mesh) > 0.95


def test_an_unseen_back_follows_the_sides_that_were_seen():
    mesh = egg()
    poses = photo_poses([0.0])
    found = label_surface(mesh, egg_body(mesh), poses, true_masks(mesh, poses), 3)
    assert share_right(found, mesh) > 0.9


def test_one_wrong_photo_of_four_is_outvoted():
    mesh = egg()
    poses = photo_poses([0.0, 20.0, 340.0, 350.0])
    masks = true_masks(mesh, poses)
    masks["photo1"] = torch.where(masks["photo1"] > 0, 1, 0)
    found = label_surface(mesh, egg_body(mesh), poses, masks, 3)
    front = mesh.vertices[:, 1] < -0.1
    right = found[front] == true_assets(mesh.vertices[front])
    assert float(right.float().mean()) > 0.97


def test_a_photo_says_nothing_about_what_it_does_not_see():
    mesh = egg()
    poses = photo_poses([0.0])
    camera = Cameras(poses.cameras.world_to_view, poses.cameras.vertical_fov)
    votes = vote(mesh.vertices, mesh.faces, camera, true_masks(mesh, poses)["photo0"], 3)
    assert (votes[mesh.vertices[:, 1] > 0.05] == 0).all()
    assert (votes[mesh.vertices[:, 1] < -0.1].sum(1) > 0).float().mean() > 0.95


def test_masks_that_miss_the_person_are_an_error_with_advice():
    mesh = egg()
    poses: PhotoPoses = photo_poses([0.0])
    with pytest.raises(AlbumError, match="fit"):
        label_surface(
            mesh, egg_body(mesh), poses, {"photo0": torch.zeros(96, 72, dtype=torch.int64)}, 3
        )
