"""Photos of a painted ball give its paint back."""

import torch

from album2avatar.mesh.types import Mesh
from album2avatar.projection.fusion import TexturedSurface, fuse_photos, lay_over
from album2avatar.render.baking import map_texels
from toy_globe import TEXTURE, around, globe, painted, photograph, surface


def ball(album_assets: int) -> tuple[TexturedSurface, Mesh]:
    """The second asset is a cap above 0.6."""
    mesh, uv = globe()
    shares = torch.zeros(len(mesh.vertices), 2)
    shares[:, 0] = 1.0
    if album_assets == 1:
        shares[mesh.vertices[:, 2] > 0.6] = torch.tensor([0.0, 1.0])
    return surface(mesh, uv, shares, album_assets), mesh


def places(model: TexturedSurface, mesh: Mesh) -> torch.Tensor:
    """(N, 3) of each covered texel."""
    return map_texels(model.uv, TEXTURE).read(mesh.vertices, model.faces)


def test_the_paint_is_found_again_under_different_lights():
    model, mesh = ball(album_assets=2)
    poses = around([0.0, 60.0, 120.0, 180.0, 240.0, 300.0], torch.zeros(3), 2.4, 256)
    photos = photograph(model, mesh.vertices, poses, [0.2, -0.2, 0.2, -0.2, 0.2, -0.2])
    fused = fuse_photos(model, mesh.vertices, poses, photos, TEXTURE)
    truth = painted()[fused.texels.covered]
    sure = fused.confidence > 0.8
    assert sure.float().mean() > 0.5
    error = (fused.color - truth).abs().mean(-1)[sure]
    assert error.median() < 0.02
    assert error.quantile(0.9) < 0.08  # at the stripes' edges


def test_where_no_photo_looks_the_base_goes_on_without_a_border():
    """Photos show the front, whose stripes are brighter than the base's; the back keeps the base's
    colours, and next to what is seen they are as bright as there."""
    model, mesh = ball(album_assets=2)
    poses = around([-40.0, 0.0, 40.0], torch.zeros(3), 2.4, 256)
    photos = photograph(model, mesh.vertices, poses, [0.0, 0.0, 0.0])
    base = 0.6 * painted()
    fused = fuse_photos(model, mesh.vertices, poses, photos, TEXTURE)
    away = (lay_over(model, fused, base, 0.02) - base[fused.texels.covered]).mean(-1)
    depth, level = places(model, mesh)[:, 1], places(model, mesh)[:, 2].abs() < 0.5
    seen = away[(fused.confidence > 0.8) & level].mean()
    unseen = (fused.confidence == 0) & level
    assert seen > 0.15
    beside, back = unseen & (depth < 0.55), unseen & (depth > 0.95)
    assert away[beside].mean() > 0.6 * seen
    assert away[back].mean() < 0.5 * seen


def test_photos_say_nothing_of_what_words_describe():
    model, mesh = ball(album_assets=1)
    poses = around([0.0, 120.0, 240.0], torch.zeros(3), 2.4, 128)
    photos = photograph(model, mesh.vertices, poses, [0.0, 0.0, 0.0])
    base = torch.full((*TEXTURE, 3), 0.25)
    fused = fuse_photos(model, mesh.vertices, poses, photos, TEXTURE)
    color = lay_over(model, fused, base, 0.003)
    described = places(model, mesh)[:, 2] > 0.7
    assert (fused.confidence[described] == 0).all()
    assert torch.allclose(color[described], torch.tensor(0.25), atol=1e-4)
    assert (fused.confidence[~described] > 0.5).float().mean() > 0.3
