"""Where the new part's texels take their colours from."""

import torch

from album2avatar.mesh.storage import StoredMesh
from album2avatar.mesh.types import Mesh, UvMap
from album2avatar.paint.swap_surface import (
    BESIDE,
    FEATHER,
    CleanTexels,
    VariantTexture,
    clean_texels,
    feathered,
    new_parts,
)
from album2avatar.render.baking import map_texels
from album2avatar.render.clean_texels import FILTERED, asset_texels
from album2avatar.render.texture import texture
from toy_balls import ball

SIZE = 64
TAKEN, TOP = 0, 1
WHITE, RED = torch.tensor([1.0, 1.0, 1.0]), torch.tensor([1.0, 0.0, 0.0])


def sheet(columns: int = 33) -> StoredMesh:
    """A sheet of 0.2 m whose right half is the top; its texture is its own shape."""
    line = torch.linspace(0, 1, columns)
    grid = torch.stack(torch.meshgrid(line, line, indexing="ij"), -1).reshape(-1, 2)
    row, column = torch.meshgrid(
        torch.arange(columns - 1), torch.arange(columns - 1), indexing="ij"
    )
    a = (row * columns + column).flatten()
    b, c, d = a + columns, a + columns + 1, a + 1
    faces = torch.cat([torch.stack([a, b, c], 1), torch.stack([a, c, d], 1)])
    vertices = torch.cat([0.2 * grid, torch.zeros(len(grid), 1)], 1)
    extras = {"vertex_asset": (grid[:, 0] > 0.5).long()}
    return StoredMesh(Mesh(vertices, faces), UvMap(grid, faces), extras)


def test_texels_that_carry_the_old_garment_s_colour_are_not_clean():
    albedo = torch.where(torch.arange(SIZE)[None, :, None] < SIZE // 2 + 2, WHITE, RED)
    albedo = albedo.expand(SIZE, SIZE, 3)
    clean = clean_texels(sheet(), albedo, torch.tensor([-1, 0]))
    is_top = clean.assets == 0
    assert float(clean.points[is_top, 0].min()) > 0.1 + FILTERED
    assert torch.equal(clean.colors[is_top], RED.expand(int(is_top.sum()), 3))
    assert bool((clean.assets[~is_top] == -1).all())


def test_an_asset_too_narrow_for_clean_texels_has_its_own_colours_all_the_same():
    painted = sheet()
    narrow = painted.mesh.vertices[:, 0] > 0.2 - FILTERED
    extras = {"vertex_asset": narrow.long()}
    found = asset_texels(StoredMesh(painted.mesh, painted.uv, extras), (SIZE, SIZE))
    is_narrow = found.assets == 1
    assert bool(is_narrow.any())
    assert bool(found.clean[is_narrow].all())
    assert not bool(found.clean[~is_narrow].all())


def test_stripes_go_on_beside_a_garment_and_pass_into_other_colours_farther_away():
    across = torch.linspace(0, 0.2, 101)
    stripes = (across * 50).long() % 2 == 0
    colors = torch.where(stripes[:, None], WHITE, RED)
    points = torch.stack([torch.zeros(101), across, torch.zeros(101)], 1)
    clean = CleanTexels(points, colors, torch.zeros(101, dtype=torch.int64))
    grey = torch.full((2, 3), 0.5)
    assets = torch.zeros(2, dtype=torch.int64)
    near = torch.tensor([[0.0005, 0.05, 0.0], [0.0005, 0.03, 0.0]])
    got = feathered(grey, near, assets, clean)
    assert float((got - torch.stack([WHITE, RED])).abs().max()) < 0.05
    far = torch.tensor([[BESIDE + FEATHER + 0.01, 0.05, 0.0]])
    assert torch.equal(feathered(grey[:1], far, assets[:1], clean), grey[:1])
    other = feathered(grey, near, assets + 1, clean)
    assert torch.equal(other, grey)


def test_assets_share_no_chart():
    mesh = ball(2)
    assets = (mesh.vertices[mesh.faces].mean(1)[:, 2] > 0).long()
    kept = 20
    parts = new_parts(mesh, assets, kept)
    assert len(parts.faces) == len(mesh.faces) - kept
    upper, lower = (parts.faces[assets[kept:] == number].unique() for number in (1, 0))
    assert not bool(torch.isin(upper, lower).any())
    own = parts.vertices[parts.faces]
    moved = own - mesh.vertices[mesh.faces[kept:]]
    assert float((moved - moved[:, :1]).abs().max()) < 1e-6
    assert float(parts.vertices[upper, 0].min()) > float(parts.vertices[lower, 0].max())


def test_a_needle_between_texels_shows_nothing_of_what_the_texture_had_there():
    """A chart whose far end covers no centre is read there, too, in its new colour."""
    corners = torch.tensor([[4.0, 7.6], [4.0, 10.4], [40.0, 9.1]])
    uv = UvMap(corners / SIZE, torch.tensor([[0, 1, 2]]))
    texels = map_texels(uv, (SIZE, SIZE))
    before = RED.expand(SIZE, SIZE, 3)
    taken = torch.zeros(SIZE, SIZE, dtype=torch.bool)
    laid = VariantTexture(uv, texels, before, taken)
    image = laid.with_new(WHITE.expand(int(texels.covered.sum()), 3))
    along = torch.lerp(corners[:2].mean(0), corners[2], torch.linspace(0, 1, 33)[:, None])
    assert torch.equal(texture(image, along / SIZE, "clamp"), WHITE.expand(33, 3))
    assert torch.equal(image[20:], before[20:])
