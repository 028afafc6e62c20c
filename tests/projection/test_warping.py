"""Photos that don't quite fit the surface are bent and evened out until they agree."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from album2avatar.mesh.types import Mesh, UvMap
from album2avatar.projection.lattice import Lattice
from album2avatar.projection.light import brightness, even_light
from album2avatar.projection.observations import MaskedPhoto
from album2avatar.projection.texel_views import TexelView, view_texels
from album2avatar.projection.warping import find_warps, look_again
from album2avatar.render.baking import TexelMap, map_texels
from toy_globe import TEXTURE, around, globe, painted, photograph, surface

AZIMUTHS = [-50.0, -25.0, 0.0, 25.0, 50.0]
CHANGED = 2


def small_globe() -> tuple[Mesh, UvMap]:
    """Half a metre across, so that its pattern is as fine as a garment's."""
    mesh, uv = globe()
    return Mesh(mesh.vertices * 0.25, mesh.faces), uv


def album(
    change: Callable[[MaskedPhoto], MaskedPhoto],
) -> tuple[list[MaskedPhoto], list[TexelView], TexelMap, Tensor]:
    """Photos of the ball of which one is changed, what they show, and their even lights."""
    mesh, uv = small_globe()
    model = surface(mesh, uv, torch.ones(len(mesh.vertices), 1), 1)
    poses = around(AZIMUTHS, torch.zeros(3), 0.6, 256)
    photos = photograph(model, mesh.vertices, poses, [0.0] * len(AZIMUTHS))
    photos[CHANGED] = change(photos[CHANGED])
    texels = map_texels(uv, TEXTURE)
    labels = torch.ones(len(mesh.vertices), dtype=torch.int64)
    views = [
        view_texels(texels, mesh.faces, labels, mesh.vertices, poses.cameras.at(index), photo)
        for index, photo in enumerate(photos)
    ]
    return photos, views, texels, even_light(mesh.vertices).expand(len(photos), -1, -1)


def error_of(view: TexelView, texels: TexelMap, light: Tensor) -> Tensor:
    """(N,) of what a photo shows well, to the paint."""
    sure = view.weight > 0.5 * view.weight.max()
    colors = view.color / brightness(view.normal, light)
    return (colors - painted()[texels.covered]).abs().mean(-1)[sure]


def shifted(photo: MaskedPhoto) -> MaskedPhoto:
    """By 5 pixels, 12 mm, to the right; the mask stays."""
    return replace(photo, image=photo.image.roll(5, 1))


def test_a_shifted_photo_is_moved_back():
    photos, views, texels, lights = album(shifted)
    before = error_of(views[CHANGED], texels, lights[0])
    warps = find_warps(views, photos, lights)
    after = error_of(look_again(views[CHANGED], photos[CHANGED], warps[CHANGED]), texels, lights[0])
    assert after.mean() < 0.35 * before.mean()
    height = photos[CHANGED].mask.shape[0]
    middle = warps[CHANGED].shifts.at(torch.tensor([[height / 2, height / 2]]))[0]
    # The others go a part of the way towards it.
    assert 2.0 < middle[0] < 5.5
    assert middle[1] == pytest.approx(0.0, abs=0.8)


def test_photos_that_fit_stay_as_they_are():
    photos, views, _, lights = album(lambda photo: photo)
    for warp, view in zip(find_warps(views, photos, lights), views, strict=True):
        places = view.place[view.weight > 0.5 * view.weight.max()]
        assert warp.shifts.at(places).norm(dim=-1).mean() < 0.5
        assert warp.gains.at(places).abs().max() < 0.05


def test_a_shadow_that_creeps_over_one_photo_is_lifted():
    def shaded(photo: MaskedPhoto) -> MaskedPhoto:
        shadow = torch.linspace(1.0, 0.6, photo.image.shape[0])[:, None, None]
        return replace(photo, image=photo.image * shadow)

    photos, views, texels, lights = album(shaded)
    before = error_of(views[CHANGED], texels, lights[0])
    warps = find_warps(views, photos, lights)
    after = error_of(look_again(views[CHANGED], photos[CHANGED], warps[CHANGED]), texels, lights[0])
    assert after.mean() < 0.5 * before.mean()


def test_one_photo_alone_is_left_alone():
    photos, views, _, lights = album(shifted)
    (warp,) = find_warps(views[:1], photos[:1], lights[:1])
    assert not warp.shifts.values.any()
    assert not warp.gains.values.any()


def test_a_lattice_gives_linear_functions_exactly():
    lattice = Lattice.zeros((40, 60), 6, 1)
    rows, columns = lattice.values.shape[:2]
    up, across = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    linear = (3.0 * across - 2.0 * up)[..., None] * lattice.spacing
    places = torch.rand(50, 2, generator=torch.Generator().manual_seed(1)) * torch.tensor([59, 39])
    found = replace(lattice, values=linear).at(places)[:, 0]
    torch.testing.assert_close(found, 3.0 * places[:, 0] - 2.0 * places[:, 1])
