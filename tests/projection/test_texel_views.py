"""What a photo shows of a texel, against rays that are cast exactly."""

import math

import pytest
import torch
from torch.nn import functional as F

from album2avatar.mesh.types import UvMap
from album2avatar.projection.observations import MaskedPhoto
from album2avatar.projection.texel_views import GRAZING, view_texels
from album2avatar.render.baking import map_texels
from album2avatar.render.camera import orbit
from toy_globe import globe

SIZE = (256, 256)


def two_balls() -> tuple[torch.Tensor, torch.Tensor, UvMap]:
    """A ball of 0.4 m, and one of 0.2 m in front of its left half, as one mesh."""
    ball, uv = globe(96, 48)
    vertices, faces = ball.vertices, ball.faces
    small = vertices * 0.2 + torch.tensor([-0.2, -0.8, 0.0])
    left = UvMap(uv.coordinates * torch.tensor([0.5, 1.0]), uv.faces)
    right = left.coordinates + torch.tensor([0.5, 0.0])
    count = len(vertices)
    return (
        torch.cat([vertices * 0.4, small]),
        torch.cat([faces, faces + count]),
        UvMap(torch.cat([left.coordinates, right]), torch.cat([uv.faces, uv.faces + count])),
    )


def one_asset(vertices: torch.Tensor) -> torch.Tensor:
    return torch.ones(len(vertices), dtype=torch.int64)


def meets_ball(
    starts: torch.Tensor, directions: torch.Tensor, centre: torch.Tensor, radius: float
) -> torch.Tensor:
    """Which rays (N, 3) from points (N, 3) outside of a ball meet it, (N,) bool."""
    ahead = ((centre - starts) * directions).sum(-1)
    miss = (centre - starts).square().sum(-1) - ahead.square()
    return (ahead > 0) & (miss < radius**2)


def test_seen_texels_are_those_that_a_ray_reaches():
    vertices, faces, uv = two_balls()
    texels = map_texels(uv, (128, 256))
    camera = orbit(
        torch.tensor([0.2]), torch.tensor([0.1]), torch.zeros(1, 3), torch.tensor([2.4]), 0.6
    )
    photo = MaskedPhoto(torch.zeros(*SIZE, 3), torch.ones(SIZE, dtype=torch.int64))
    view = view_texels(texels, faces, one_asset(vertices), vertices, camera, photo)

    points = texels.read(vertices, faces)
    eye = torch.linalg.inv(camera.world_to_view[0])[:3, 3]
    on_small = points[:, 1] < -0.55
    centre = torch.where(on_small[:, None], torch.tensor([-0.2, -0.8, 0.0]), torch.zeros(3))
    normals = F.normalize(points - centre, dim=-1)
    towards = F.normalize(eye - points, dim=-1)
    facing = (normals * towards).sum(-1)
    hidden = ~on_small & meets_ball(points, towards, torch.tensor([-0.2, -0.8, 0.0]), 0.2)
    truth = (facing > GRAZING) & ~hidden
    assert 0.2 < truth.float().mean() < 0.8
    assert hidden[(facing > 0.5) & ~on_small].any()  # the small ball does hide something
    assert ((view.asset >= 0) == truth).float().mean() > 0.98


def test_colours_are_those_of_the_pixels_and_nearer_photos_weigh_more():
    ball, uv = globe(96, 48)
    vertices, faces = ball.vertices, ball.faces
    texels = map_texels(uv, (64, 128))
    image = torch.zeros(*SIZE, 3)
    image[..., 0] = torch.linspace(0, 1, SIZE[1])
    image[..., 1] = torch.linspace(0, 1, SIZE[0])[:, None]
    photo = MaskedPhoto(image, torch.ones(SIZE, dtype=torch.int64))
    views = []
    for height in (2.4, 4.8):
        camera = orbit(
            torch.zeros(1), torch.zeros(1), torch.zeros(1, 3), torch.tensor([height]), 0.4
        )
        views.append(view_texels(texels, faces, one_asset(vertices), vertices, camera, photo))
    near, far = views
    middle = texels.read(vertices, faces)[:, 1] < -0.99
    assert torch.allclose(near.color[middle].mean(0)[:2], torch.tensor([0.5, 0.5]), atol=0.01)
    right = (near.asset >= 0) & (texels.read(vertices, faces)[:, 0] > 0.5)
    assert (near.color[right, 0] > 0.6).all()
    upper = (near.asset >= 0) & (texels.read(vertices, faces)[:, 2] > 0.5)
    assert (near.color[upper, 1] < 0.4).all()
    ratio = near.weight[middle].mean() / far.weight[middle].mean()
    distances = [height / (2 * math.tan(0.2)) - 1 for height in (2.4, 4.8)]
    assert ratio == pytest.approx((distances[1] / distances[0]) ** 2, rel=0.02)
    assert (near.weight[near.asset < 0] == 0).all()


def test_a_photo_says_little_where_something_else_is_all_around():
    """The surface has the ball where the photo shows it, but its upper half another asset."""
    ball, uv = globe(96, 48)
    vertices, faces = ball.vertices, ball.faces
    texels = map_texels(uv, (64, 128))
    camera = orbit(torch.zeros(1), torch.zeros(1), torch.zeros(1, 3), torch.tensor([2.4]), 0.4)
    photo = MaskedPhoto(torch.zeros(*SIZE, 3), torch.ones(SIZE, dtype=torch.int64))
    agreeing = view_texels(texels, faces, one_asset(vertices), vertices, camera, photo)
    labels = torch.where(vertices[:, 2] > 0, 2, 1)
    view = view_texels(texels, faces, labels, vertices, camera, photo)
    up = texels.read(vertices, faces)[:, 2]
    shown = agreeing.weight > 0
    ratio = view.weight / agreeing.weight.clamp(min=1e-9)
    assert (ratio[shown & (up > 0.2)] < 0.01).all()
    assert (ratio[shown & (up < -0.2)] > 0.99).all()
    anything = torch.where(vertices[:, 2] > 0, -1, 1)
    unsaid = view_texels(texels, faces, anything, vertices, camera, photo)
    assert torch.equal(unsaid.weight, agreeing.weight)
