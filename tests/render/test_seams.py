"""Textures across seams, on a ball whose colours are a smooth function of the place."""

import math

import numpy as np
import torch
import trimesh

from album2avatar.mesh.types import Mesh, UvMap
from album2avatar.render.baking import map_texels
from album2avatar.render.seams import continue_across_seams
from album2avatar.render.texture import texture

SIZE = 256


def ball() -> Mesh:
    shape = trimesh.creation.icosphere(subdivisions=2, radius=0.5)
    return Mesh(
        torch.from_numpy(np.array(shape.vertices)).float(),
        torch.from_numpy(np.array(shape.faces)).long(),
    )


def own_charts(mesh: Mesh) -> UvMap:
    """Every face in a cell of its own, so that every edge is a seam."""
    count = len(mesh.faces)
    side = math.ceil(math.sqrt(count))
    cell = torch.stack([torch.arange(count) % side, torch.arange(count) // side], 1)[:, None]
    corners = torch.tensor([[0.25, 0.25], [0.75, 0.25], [0.25, 0.75]])
    return UvMap(((cell + corners) / side).reshape(-1, 2), torch.arange(3 * count).view(-1, 3))


def colors_at(points: torch.Tensor) -> torch.Tensor:
    return 0.5 + 0.5 * torch.sin(8 * points)


def test_both_sides_of_a_seam_read_what_is_there():
    """Filtered along the faces' borders, the texture is nearer to the true colours than with each
    chart's own ones beside it, and nothing inside of the charts changes."""
    mesh = ball()
    uv = own_charts(mesh)
    texels = map_texels(uv, (SIZE, SIZE))
    own = texels.fill(colors_at(texels.read(mesh.vertices, mesh.faces)))
    continued = continue_across_seams(own, mesh.faces, uv, texels)
    assert torch.equal(own[texels.covered], continued[texels.covered])
    share = torch.linspace(0.1, 0.9, 9)[:, None, None]
    errors: list[list[float]] = [[], []]
    for start in range(3):
        end = (start + 1) % 3
        places = torch.lerp(mesh.vertices[mesh.faces[:, start]], mesh.vertices[mesh.faces[:, end]],
                            share)  # fmt: skip
        flat = torch.lerp(uv.coordinates[uv.faces[:, start]], uv.coordinates[uv.faces[:, end]],
                          share)  # fmt: skip
        for kind, colors in enumerate((own, continued)):
            difference = texture(colors, flat, "clamp") - colors_at(places)
            errors[kind].append(float(difference.abs().mean()))
    assert sum(errors[1]) < 0.5 * sum(errors[0])


def crowded(mesh: Mesh) -> UvMap:
    """Every second face in a large chart, the others in charts of a third of a texel among them,
    none of them over a texel's centre; neighbours in the texture are far apart on the ball."""
    uv = own_charts(mesh)
    coordinates = uv.coordinates.clone().view(-1, 3, 2)
    middles = coordinates.mean(1, keepdim=True)
    order = torch.randperm(len(mesh.faces), generator=torch.Generator().manual_seed(1))
    coordinates, middles = coordinates[order], middles[order]
    texel = ((middles * SIZE).floor() + 0.55) / SIZE
    shape = torch.tensor([[0.0, 0.0], [0.3, 0.0], [0.0, 0.3]]) / SIZE
    is_small = (torch.arange(len(mesh.faces)) % 2 == 0)[:, None, None]
    return UvMap(torch.where(is_small, texel + shape, coordinates).view(-1, 2), uv.faces)


def test_no_place_of_any_face_shows_another_chart_s_colour():
    """Far from true are the colours of other charts; what lies in a face and around it is near."""
    mesh = ball()
    uv = crowded(mesh)
    texels = map_texels(uv, (SIZE, SIZE))
    assert len((texels.rast[0, ..., 3]).unique()) == len(mesh.faces) + 1

    def smooth(points: torch.Tensor) -> torch.Tensor:
        return 0.5 + points

    own = texels.fill(smooth(texels.read(mesh.vertices, mesh.faces)))
    continued = continue_across_seams(own, mesh.faces, uv, texels)
    longest = (mesh.vertices[mesh.faces] - mesh.vertices[mesh.faces.roll(1, 1)]).norm(dim=2).max()
    for first in range(5):
        for second in range(5 - first):
            mix = torch.tensor([first, second, 4 - first - second])[None, :, None] / 4
            places = (uv.coordinates[uv.faces] * mix).sum(1)
            true = smooth((mesh.vertices[mesh.faces] * mix).sum(1))
            error = (texture(continued, places, "clamp") - true).norm(dim=1)
            assert float(error.max()) < 1.2 * float(longest)


def test_a_texture_without_seams_stays_as_it_is():
    """A plane in one chart has a border, but nothing lies across it."""
    vertices = torch.tensor([[0.0, 0, 0], [1, 0, 0], [1, 0, 1], [0, 0, 1]])
    faces = torch.tensor([[0, 1, 2], [0, 2, 3]])
    uv = UvMap(0.5 * vertices[:, [0, 2]] + 0.25, faces)
    texels = map_texels(uv, (32, 32))
    colors = torch.rand(32, 32, 3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(continue_across_seams(colors, faces, uv, texels), colors)
