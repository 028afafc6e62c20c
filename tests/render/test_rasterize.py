import numpy as np
import pytest
import torch
from render_scenes import body_mesh, cameras_around, clip_positions, reference_ids, sphere_mesh

from album2avatar.mesh.normals import vertex_normals
from album2avatar.render import visibility_torch, visibility_warp
from album2avatar.render.interpolate import interpolate
from album2avatar.render.rasterize import Visibility, rasterize
from album2avatar.render.screen import to_screen

both_ways = pytest.mark.parametrize(
    "visibility", [visibility_torch.face_ids, visibility_warp.face_ids], ids=["torch", "warp"]
)


@both_ways
def test_body_ids_agree_with_a_float64_reference_at_every_pixel(visibility: Visibility):
    vertices, faces = body_mesh()
    pos = clip_positions(vertices, cameras_around([0.0, 130.0], 2.0))
    rast = rasterize(pos, faces, (256, 256), visibility)
    expected = reference_ids(pos, faces, 256, 256)
    assert (expected >= 0).mean() > 0.1
    np.testing.assert_array_equal(rast[..., 3].long().numpy() - 1, expected)


@both_ways
def test_random_triangles_agree_with_a_float64_reference(visibility: Visibility):
    """Triangles of all shapes, partly off screen, in front of and behind each other."""
    generator = torch.Generator().manual_seed(3)
    pos = torch.randn(2, 150, 4, generator=generator)
    pos[..., 3] = pos[..., 3].abs() + 0.5
    faces = torch.arange(150).view(50, 3)
    rast = rasterize(pos, faces, (60, 90), visibility)
    expected = reference_ids(pos, faces, 60, 90)
    np.testing.assert_array_equal(rast[..., 3].long().numpy() - 1, expected)


@both_ways
def test_every_pixel_centre_belongs_to_one_face_when_edges_run_through_centres(
    visibility: Visibility,
):
    """On a grid whose vertices are pixel centres each face alone covers its own pixels."""
    count = 9
    x, y = torch.meshgrid(torch.arange(count), torch.arange(count), indexing="xy")
    screen = torch.stack([x, y, torch.zeros_like(x)], -1).view(1, -1, 3).double()
    corner = (torch.arange(count - 1)[:, None] * count + torch.arange(count - 1)).reshape(-1)
    faces = torch.cat(
        [
            torch.stack([corner, corner + 1, corner + count], 1),
            torch.stack([corner + 1, corner + count + 1, corner + count], 1),
        ]
    )
    owners = sum((visibility(screen, face[None], (count, count)) >= 0).long() for face in faces)
    inner = owners[0, : count - 1, : count - 1]  # pyright: ignore[reportIndexIssue]
    assert (inner == 1).all()


@both_ways
def test_faces_that_reach_behind_the_camera_are_left_out(visibility: Visibility):
    pos = torch.tensor([[[-1.0, -1, 0, 1], [1, -1, 0, 1], [0, 1, 0, -1]]])
    assert (rasterize(pos, torch.tensor([[0, 1, 2]]), (8, 8), visibility) == 0).all()


def test_a_mesh_out_of_sight_gives_an_empty_picture():
    pos = torch.tensor([[[5.0, 5, 0, 1], [6, 5, 0, 1], [5, 6, 0, 1]]])
    assert (rasterize(pos, torch.tensor([[0, 1, 2]]), (8, 8)) == 0).all()


def test_row_zero_is_at_the_bottom():
    pos = torch.tensor([[[-1.0, -1, 0, 1], [1, -1, 0, 1], [-1, 1, 0, 1]]])
    rast = rasterize(pos, torch.tensor([[0, 1, 2]]), (4, 4))
    assert (rast[0, 0, :3, 3] == 1).all()
    assert (rast[0, 3, 1:, 3] == 0).all()


def test_positions_interpolate_to_the_plane_that_the_pixel_rays_meet():
    """Perspective-correct: on a slanted plane, x and y follow from depth by similar triangles."""
    cameras = cameras_around([0.0], 2.0, elevation=0.0)
    plane = torch.tensor([[-2.0, -1, -2], [2, -1, -2], [2, 2, 2], [-2, 2, 2]])  # y = -1 .. 2
    faces = torch.tensor([[0, 1, 2], [0, 2, 3]])
    rast = rasterize(clip_positions(plane, cameras), faces, (64, 64))
    points = interpolate(plane, rast, faces)[0]
    eye_y = -2.0 / (2 * np.tan(np.radians(20)))
    ndc = (torch.arange(64) + 0.5) / 64 * 2 - 1
    slope = float(np.tan(np.radians(20)))
    # The ray (ndc_x, 1, ndc_y) * slope from the eye meets y = 0.5 + 0.75 z.
    z_per_y = ndc * slope
    y = (0.5 - 0.75 * z_per_y * eye_y) / (1 - 0.75 * z_per_y)
    covered = rast[0, ..., 3] > 0
    assert covered.float().mean() > 0.9
    expected_y = y[:, None].expand(64, 64)
    expected_x = (y - eye_y)[:, None] * slope * ndc[None]
    torch.testing.assert_close(points[..., 1][covered], expected_y[covered], atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(points[..., 0][covered], expected_x[covered], atol=1e-5, rtol=1e-5)


def test_depth_is_the_surface_depth_of_a_sphere():
    vertices, faces = sphere_mesh(5)
    pos = clip_positions(vertices, cameras_around([30.0], 1.4))
    rast = rasterize(pos, faces, (32, 32))
    depth = interpolate(pos[..., 2:3] / pos[..., 3:], rast, faces)  # near enough on tiny faces
    covered = rast[..., 3] > 0
    torch.testing.assert_close(rast[..., 2][covered], depth[..., 0][covered], atol=1e-4, rtol=0)


def test_interpolation_gradient_agrees_with_finite_differences():
    """Moving vertices moves what each pixel reads; checked in float64 away from any edge."""
    pos = torch.tensor(
        [[[-5.0, -4, 0.1, 1.5], [5, -4, 0.3, 1.0], [0.5, 9, 0.2, 2.0]]], dtype=torch.float64
    )
    attributes = torch.tensor([[1.0, 0.2], [0.3, 2.0], [-1.0, 0.5]], dtype=torch.float64)
    faces = torch.tensor([[0, 1, 2]])

    def read(pos: torch.Tensor, attributes: torch.Tensor) -> torch.Tensor:
        return interpolate(attributes, rasterize(pos, faces, (3, 3)), faces)

    assert (rasterize(pos, faces, (3, 3))[..., 3] > 0).all()
    assert torch.autograd.gradcheck(
        read, (pos.requires_grad_(), attributes.requires_grad_()), eps=1e-6, atol=1e-6
    )


def test_gradients_are_the_same_bits_with_any_number_of_threads():
    vertices, faces = body_mesh()
    cameras = cameras_around([0.0, 60.0], 2.0)

    def gradient() -> torch.Tensor:
        leaf = vertices.clone().requires_grad_()
        rast = rasterize(clip_positions(leaf, cameras), faces, (128, 128))
        interpolate(vertex_normals(leaf, faces), rast, faces).square().sum().backward()
        assert leaf.grad is not None
        return leaf.grad

    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        alone = gradient()
        torch.set_num_threads(2)
        together = [gradient() for _ in range(3)]
    finally:
        torch.set_num_threads(threads)
    assert all(torch.equal(alone, other) for other in together)


def test_screen_positions_have_whole_numbers_at_pixel_centres():
    pos = torch.tensor([[[-1.0, -1, 0.5, 1.0], [2.0, 2.0, 1.0, 2.0], [0.0, 0.0, 0.0, -1.0]]])
    screen = to_screen(pos, (10, 20))
    torch.testing.assert_close(screen[0, 0], torch.tensor([-0.5, -0.5, 0.5]))
    torch.testing.assert_close(screen[0, 1], torch.tensor([19.5, 9.5, 0.5]))
    assert screen[0, 2].isnan().all()
