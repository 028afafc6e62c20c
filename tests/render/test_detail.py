"""Normal maps against surfaces whose normals are known."""

import math

import numpy as np
import pytest
import torch
import trimesh
from scipy.spatial import KDTree
from torch.nn import functional as F

from album2avatar.mesh.normals import vertex_normals
from album2avatar.mesh.types import Mesh, UvMap
from album2avatar.render.baking import map_texels
from album2avatar.render.detail import DetailedSurface, bake_detail, carry_detail
from album2avatar.render.tangents import tangent_frames

WAVES, HEIGHT = 40.0, 0.002


def sheet(count: int, waves: bool) -> Mesh:
    """A metre square of z = HEIGHT sin(WAVES x), or its plane."""
    step = torch.linspace(0, 1, count)
    x, y = torch.meshgrid(step, step, indexing="xy")
    z = HEIGHT * torch.sin(WAVES * x) if waves else torch.zeros_like(x)
    corner = (torch.arange(count - 1)[:, None] * count + torch.arange(count - 1)).reshape(-1)
    faces = torch.cat(
        [
            torch.stack([corner, corner + 1, corner + count + 1], 1),
            torch.stack([corner, corner + count + 1, corner + count], 1),
        ]
    )
    return Mesh(torch.stack([x, y, z], -1).reshape(-1, 3), faces)


@pytest.mark.parametrize("turn", [0.0, 0.7])
def test_waves_on_a_plane_become_their_slopes(turn: float):
    """Whichever way the chart lies in the texture, the map holds the waves' own normals."""
    flat, wavy = sheet(3, waves=False), sheet(400, waves=True)
    place = flat.vertices[:, :2] - 0.5
    cosine, sine = math.cos(turn), math.sin(turn)
    turned = 0.6 * place @ torch.tensor([[cosine, sine], [-sine, cosine]]) + 0.5
    uv = UvMap(turned, flat.faces)
    texels = map_texels(uv, (128, 128))
    points = texels.read(flat.vertices, flat.faces)
    slope = HEIGHT * WAVES * torch.cos(WAVES * points[:, 0])
    wanted = F.normalize(
        torch.stack([-slope, torch.zeros_like(slope), torch.ones_like(slope)], 1), dim=1
    )
    read = bake_detail(wavy, flat, uv, 128)[texels.covered] * 2 - 1
    found = tangent_frames(flat, uv, texels).from_frame(read)
    inside = ((points[:, :2] > 0.02) & (points[:, :2] < 0.98)).all(1)
    degrees = torch.rad2deg(torch.acos((found * wanted).sum(1).clamp(-1, 1)))[inside]
    assert float(degrees.max()) < 1.0
    across = torch.tensor([cosine, sine])  # where x runs in the texture
    assert torch.allclose(read[inside][:, :2], wanted[inside][:, :1] * across, atol=0.02)


def test_detail_is_carried_between_two_maps_of_the_same_plane():
    """From a turned chart of few texels to a straight one it is the same as from the waves."""
    flat, wavy = sheet(3, waves=False), sheet(400, waves=True)
    straight = UvMap(0.1 + 0.8 * flat.vertices[:, :2], flat.faces)
    place = flat.vertices[:, :2] - 0.5
    turned = UvMap(0.6 * place @ torch.tensor([[0.8, 0.6], [-0.6, 0.8]]) + 0.5, flat.faces)
    first = DetailedSurface(flat, turned, bake_detail(wavy, flat, turned, 256))
    carried = carry_detail(first, flat, straight, 128)
    direct = bake_detail(wavy, flat, straight, 128)
    inside = slice(18, 110)  # bilinear reading of the first map's border is another chart's matter
    assert float((direct - 0.5)[inside, inside, 0].abs().max()) > 0.03
    assert torch.allclose(carried[inside, inside], direct[inside, inside], atol=0.005)


def test_a_frame_is_right_handed_unless_the_chart_is_mirrored():
    """On a mirrored chart u and v still run where the texture says."""
    mesh = sheet(3, waves=False)
    mirrored = UvMap(mesh.vertices[:, :2] * torch.tensor([-1.0, 1.0]) + torch.tensor([1.0, 0.0]),
                     mesh.faces)  # fmt: skip
    frames = tangent_frames(mesh, mirrored, map_texels(mirrored, (16, 16)))
    assert torch.allclose(frames.tangent, torch.tensor([-1.0, 0, 0]).expand_as(frames.tangent))
    assert torch.allclose(frames.bitangent, torch.tensor([0, 1.0, 0]).expand_as(frames.tangent))


def test_a_coarse_ball_gets_the_fine_ones_bumps():
    """The map brings a ball of 320 faces nearer to the bumps than its own normals are."""
    fine = trimesh.creation.icosphere(subdivisions=5, radius=0.5)
    rays = np.asarray(fine.vertices) / 0.5
    bumps = 0.003 * np.sin(15 * rays[:, :1]) * np.sin(15 * rays[:, 2:])
    detailed = Mesh(
        torch.from_numpy(rays * (0.5 + bumps)).float(),
        torch.from_numpy(np.array(fine.faces)).long(),
    )
    coarse = trimesh.creation.icosphere(subdivisions=3, radius=0.5)
    mesh = Mesh(
        torch.from_numpy(np.array(coarse.vertices)).float(),
        torch.from_numpy(np.array(coarse.faces)).long(),
    )
    uv = own_charts(mesh)
    texels = map_texels(uv, (256, 256))
    frames = tangent_frames(mesh, uv, texels)
    points = F.normalize(texels.read(mesh.vertices, mesh.faces), dim=1)
    nearest = torch.from_numpy(KDTree(rays).query(points.numpy())[1])
    wanted = vertex_normals(detailed.vertices, detailed.faces)[nearest]
    read = bake_detail(detailed, mesh, uv, 256)[texels.covered] * 2 - 1
    before = torch.rad2deg(torch.acos((frames.normal * wanted).sum(1).clamp(-1, 1)))
    after = torch.rad2deg(torch.acos((frames.from_frame(read) * wanted).sum(1).clamp(-1, 1)))
    assert float(after.mean()) < 0.4 * float(before.mean())


def own_charts(mesh: Mesh) -> UvMap:
    """Every face in a cell of its own."""
    count = len(mesh.faces)
    side = math.ceil(math.sqrt(count))
    cell = torch.stack([torch.arange(count) % side, torch.arange(count) // side], 1)[:, None]
    corners = torch.tensor([[0.1, 0.1], [0.9, 0.1], [0.1, 0.9]])
    return UvMap(((cell + corners) / side).reshape(-1, 2), torch.arange(3 * count).view(-1, 3))
