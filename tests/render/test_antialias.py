import pytest
import torch
from render_scenes import body_mesh, cameras_around, clip_positions, sphere_mesh
from torch import Tensor

from album2avatar.mesh.normals import vertex_normals
from album2avatar.mesh.topology import edge_table
from album2avatar.render.antialias import antialias
from album2avatar.render.rasterize import rasterize
from album2avatar.render.visibility_warp import face_ids


def covered_area(vertices: Tensor, faces: Tensor, azimuth: float, size: int) -> Tensor:
    """Share of the picture that the mesh covers, by antialiased coverage."""
    pos = clip_positions(vertices, cameras_around([azimuth], 2.0))
    rast = rasterize(pos, faces, (size, size), face_ids)
    mask = (rast[..., 3:] > 0).float()
    return antialias(mask, rast, pos, faces).mean()


def counted_area(vertices: Tensor, faces: Tensor, azimuth: float, size: int) -> Tensor:
    """The same by counting pixel centres of a finer picture: no antialiasing involved."""
    pos = clip_positions(vertices, cameras_around([azimuth], 2.0))
    return (rasterize(pos, faces, (size, size), face_ids)[..., 3] > 0).double().mean()


def motions(vertices: Tensor, faces: Tensor) -> dict[str, Tensor]:
    """Ways to move a body, metres per unit."""
    across, _, height = vertices.unbind(-1)
    thicker = vertex_normals(vertices, faces)
    return {
        "wider": vertices * torch.tensor([1.0, 0.0, 0.0]),
        "upper body up": (height > 0.3)[:, None] * torch.tensor([0.0, 0.0, 1.0]),
        "thicker": thicker,
        "thicker arms": (across.abs() > 0.25)[:, None] * thicker,
        "larger head": (height > 0.6)[:, None] * (vertices - torch.tensor([0.0, 0.0, 0.6])),
    }


@pytest.mark.parametrize(
    ("motion", "azimuth"),
    [
        ("wider", 0.0),
        ("thicker", 0.0),
        ("larger head", 0.0),
        ("thicker arms", 70.0),
        ("upper body up", 70.0),
    ],
)
def test_silhouette_gradient_agrees_with_finite_differences(motion: str, azimuth: float):
    """Moving the body changes the covered area as the gradient says."""
    vertices, faces = body_mesh()
    direction = motions(vertices, faces)[motion]
    leaf = vertices.clone().requires_grad_()
    covered_area(leaf, faces, azimuth, 256).backward()
    assert leaf.grad is not None
    analytic = float((leaf.grad * direction).sum())
    step = 4e-3
    plus = counted_area(vertices + step * direction, faces, azimuth, 8 * 256)
    minus = counted_area(vertices - step * direction, faces, azimuth, 8 * 256)
    measured = float(plus - minus) / (2 * step)
    assert analytic == pytest.approx(measured, rel=0.1)


def test_antialiased_area_of_a_sphere_is_closer_to_the_truth_than_counting():
    vertices, faces = sphere_mesh(4)
    truth = float(counted_area(vertices, faces, 20.0, 2048))
    blended = float(covered_area(vertices, faces, 20.0, 64))
    assert blended == pytest.approx(truth, rel=2e-3)


def test_a_surface_in_front_of_another_is_blended_into_it():
    """Two squares at different depth: the near one's edge lies at 0.3 of a pixel pair."""
    near = torch.tensor([[-0.5, -0.9, 0.0], [0.2, -0.9, 0.0], [0.2, 0.9, 0.0], [-0.5, 0.9, 0.0]])
    far = torch.tensor([[-0.9, -0.9, 0.5], [0.9, -0.9, 0.5], [0.9, 0.9, 0.5], [-0.9, 0.9, 0.5]])
    shift = (0.3 + 0.5) / 10  # from a pixel centre of a 20-pixel picture
    near[1:3, 0] = shift
    pos = torch.cat([torch.cat([near, far]), torch.ones(8, 1)], 1)[None]
    faces = torch.tensor([[0, 1, 2], [0, 2, 3], [4, 5, 6], [4, 6, 7]])
    rast = rasterize(pos, faces, (20, 20))
    color = ((rast[..., 3:] > 0) & (rast[..., 3:] < 3)).float()
    row = antialias(color, rast, pos, faces)[0, 10, :, 0]
    edge = float(near[1, 0]) * 10 + 10  # in pixels from the left
    expected = (edge - torch.arange(20.0)).clamp(0, 1)
    left = float(near[0, 0]) * 10 + 10
    expected = expected * (torch.arange(20.0) + 1 - left).clamp(0, 1)
    torch.testing.assert_close(row, expected, atol=1e-4, rtol=0)


def test_a_hidden_edge_leaves_the_picture_alone():
    near = torch.tensor([[-0.9, -0.9, 0.0], [0.9, -0.9, 0.0], [0.0, 0.9, 0.0]])
    far = near * torch.tensor([0.3, 0.3, 1.0]) + torch.tensor([0.0, -0.3, 0.5])
    pos = torch.cat([torch.cat([near, far]), torch.ones(6, 1)], 1)[None]
    faces = torch.tensor([[0, 1, 2], [3, 4, 5]])
    rast = rasterize(pos, faces, (32, 32))
    generator = torch.Generator().manual_seed(0)
    color = torch.rand(1, 32, 32, 3, generator=generator)
    with_hidden = antialias(color, rast, pos, faces)
    without = antialias(color, rast, pos, faces[:1])
    assert torch.equal(with_hidden, without)


def test_fitting_a_sphere_to_a_smaller_mask_finds_its_radius():
    """The silhouette gradient alone drives a radius to the mask's."""
    vertices, faces = sphere_mesh(4, radius=1.0)
    edges = edge_table(faces)
    cameras = cameras_around([0.0], 2.0)

    def mask(radius: Tensor) -> Tensor:
        pos = clip_positions(vertices * radius, cameras)
        rast = rasterize(pos, faces, (48, 48))
        return antialias((rast[..., 3:] > 0).float(), rast, pos, faces, edges)

    target = mask(torch.tensor(0.45)).detach()
    radius = torch.tensor(0.6, requires_grad=True)
    optimizer = torch.optim.Adam([radius], lr=0.01)
    for _ in range(60):
        optimizer.zero_grad()
        (mask(radius) - target).square().sum().backward()
        optimizer.step()
    assert float(radius.detach()) == pytest.approx(0.45, abs=4e-3)
