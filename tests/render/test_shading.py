import math

import torch
from render_scenes import cameras_around, sphere_mesh

from album2avatar.render.images import area_downsample
from album2avatar.render.shading import (
    draw,
    interpolate_normals,
    lambert,
    render_colors,
    render_mask,
    render_normals,
)


def test_the_normal_map_of_a_sphere_is_the_sphere_itself():
    """On a small sphere far away, the normal's x and y are the pixel's place on the disc."""
    vertices, faces = sphere_mesh(5, radius=0.4)
    cameras = cameras_around([75.0], 1.0, elevation=20.0)
    image, mask = render_normals(vertices, faces, cameras, (64, 64))
    normals = image[0] * 2 - 1
    place = (torch.arange(64) + 0.5) / 64 - 0.5
    # A ray at angle a from the axis meets the sphere where the normal leans by a + asin(...).
    distance = 1.0 / (2 * math.tan(math.radians(20)))
    radius = (place[None] ** 2 + place[:, None] ** 2).sqrt()
    angle = torch.atan(radius / distance)
    lean = torch.asin((distance / 0.4 * angle.sin()).clamp(max=1)) - 0.0
    inside = (mask[0, ..., 0] == 1) & (lean < 1.2)
    direction_x, direction_y = place[None] / radius, -place[:, None] / radius
    # `lean` is measured from the ray that comes back; the ray itself leans by `angle`.
    sine = (lean - angle).sin()
    expected = torch.stack([sine * direction_x, sine * direction_y, (lean - angle).cos()], -1)
    torch.testing.assert_close(normals[inside], expected[inside], atol=0.02, rtol=0)
    assert (image[0, 0] == 0.5).all()


def test_the_image_is_upright_and_the_persons_left_is_at_the_right_of_a_front_view():
    vertices, faces = sphere_mesh(3)
    colors = (vertices + 0.5).clamp(0, 1)  # red grows to +X, blue to +Z
    background = torch.zeros(1, 1, 1, 3)
    image, _ = render_colors(
        vertices, faces, colors, cameras_around([0.0], 1.2), (32, 32), background
    )
    assert image[0, 4, 16, 2] > image[0, 28, 16, 2] + 0.5
    assert image[0, 16, 28, 0] > image[0, 16, 4, 0] + 0.5


def test_colors_stand_before_an_upright_background():
    vertices, faces = sphere_mesh(3)
    rows = torch.linspace(0, 1, 32)[None, :, None, None]
    image, mask = render_colors(
        vertices, faces, torch.ones_like(vertices), cameras_around([0.0], 2.0), (32, 32), rows
    )
    behind = mask[0, ..., 0] == 0
    torch.testing.assert_close(image[0][behind], rows[0].expand(32, 32, 3)[behind])
    torch.testing.assert_close(image[0][mask[0, ..., 0] == 1].min(), torch.tensor(1.0))


def test_a_mask_of_posed_meshes_has_one_pose_for_each_camera():
    vertices, faces = sphere_mesh(3)
    poses = torch.stack([vertices * 0.5, vertices])
    mask = render_mask(poses, faces, cameras_around([0.0, 0.0], 2.0), (64, 64))
    small, large = mask.mean((1, 2, 3)).tolist()
    assert 3.8 < large / small < 4.4  # a little over four: the larger one is seen from nearer


def test_the_mask_is_differentiable_and_growing_adds_area():
    vertices, faces = sphere_mesh(3)
    scale = torch.tensor(1.0, requires_grad=True)
    render_mask(vertices * scale, faces, cameras_around([0.0], 2.0), (64, 64)).mean().backward()
    assert scale.grad is not None
    area = math.pi * 0.25 / 4
    assert 0.9 < float(scale.grad) / (2 * area) < 1.25  # perspective adds some


def test_light_brightens_what_faces_it():
    vertices, faces = sphere_mesh(4)
    cameras = cameras_around([0.0], 1.2, elevation=0.0)
    drawing = draw(vertices, faces, cameras, (33, 33))
    normals = interpolate_normals(drawing, vertices, cameras)
    light = torch.tensor([[0.0, 0.0, 1.0]])
    brightness = lambert(normals, light, torch.tensor([0.3]))
    assert float(brightness[0, 16, 16]) > 0.99
    assert float(brightness[0, 16, 2]) < 0.75


def test_area_downsampling_keeps_the_mean():
    image = torch.rand(2, 8, 12, 3, generator=torch.Generator().manual_seed(0))
    small = area_downsample(image, 4)
    assert small.shape == (2, 2, 3, 3)
    torch.testing.assert_close(small[1, 1, 2], image[1, 4:8, 8:12].mean((0, 1)))
