import numpy as np
import torch

from album2avatar.guidance.views import turntable_views
from album2avatar.mesh.topology import edge_table
from album2avatar.paint.color_field import ColorField
from album2avatar.paint.scene import (
    Light,
    PaintedSurface,
    look,
    photo_loss,
    photograph,
    sample_backgrounds,
    sample_light,
    usual_colors,
)
from toy_person import egg, egg_body, true_assets

FLAT = Light(torch.tensor([[0.0, 0.0, 1.0]]), torch.ones(1))
COLORS = torch.tensor([[0.9, 0.1, 0.1], [0.1, 0.8, 0.1], [0.1, 0.1, 0.7]])


def egg_surface() -> PaintedSurface:
    mesh = egg()
    assets = true_assets(mesh.vertices)
    known = (mesh.vertices[:, 1] < 0).float()
    shares = torch.nn.functional.one_hot(assets, 3).float()
    return PaintedSurface(mesh, edge_table(mesh.faces), shares, 0.9 * COLORS[assets], known)


def test_a_photograph_under_even_light_shows_the_albedo_before_the_background():
    surface = egg_surface()
    views = turntable_views(egg_body(surface.mesh), "full body", [0.0])
    seen = look(surface, views.cameras, 64)
    picture = photograph(seen, COLORS[seen.assets], FLAT, torch.full((1, 3), 0.25), 2)[0]
    assert picture.shape == (32, 32, 3)
    torch.testing.assert_close(picture[3, 16], COLORS[0])
    torch.testing.assert_close(picture[12, 16], COLORS[1])
    torch.testing.assert_close(picture[28, 16], COLORS[2])
    torch.testing.assert_close(picture[16, 0], torch.full((3,), 0.25))


def test_the_prompt_names_what_the_picture_shows():
    surface = egg_surface()
    body = egg_body(surface.mesh)
    near = look(surface, turntable_views(body, "head close-up", [0.0, 3.1]).cameras, 32)
    far = look(surface, turntable_views(body, "full body", [0.0]).cameras, 32)
    assert near.visible_assets(0, 0.01) == [0, 1]
    assert near.visible_assets(1, 0.5) == [0]
    assert far.visible_assets(0, 0.01) == [0, 1, 2]


def test_shade_is_darker_and_the_albedo_is_not_where_light_averages_out():
    """Colours that explain pictures under many lights are the albedo itself."""
    surface = egg_surface()
    body = egg_body(surface.mesh)
    field = ColorField(torch.tensor([0.0, 0.0, 0.85]), 3, 4, 16, torch.Generator().manual_seed(0))
    optimizer = torch.optim.Adam(field.parameters(), lr=0.03)
    draws = np.random.default_rng(0)
    for step in range(60):
        views = turntable_views(body, "full body", [step * 2.4, step * 2.4 + 3.1])
        light, (_, background) = sample_light(2, draws), sample_backgrounds(2, draws)
        seen = look(surface, views.cameras, 32)
        truth = photograph(seen, COLORS[seen.assets], light, background, 1)
        found = photograph(seen, field(seen.points, seen.assets), light, background, 1)
        optimizer.zero_grad()
        (found - truth).square().mean().backward()
        optimizer.step()
    found = field(surface.mesh.vertices, surface.assets).detach()
    assert float((found - COLORS[surface.assets]).abs().mean()) < 0.04


def test_backgrounds_look_as_their_words_say():
    words, colors = sample_backgrounds(30, np.random.default_rng(1))
    levels = dict(zip(words, colors.mean(1).tolist(), strict=True))
    assert levels["black"] < 0.2 < levels["grey"] < 0.8 < levels["white"]


def test_photos_pull_only_where_they_show_the_person():
    surface = egg_surface()
    views = turntable_views(egg_body(surface.mesh), "full body", [0.0, 3.1416])
    seen = look(surface, views.cameras, 32)
    colors = torch.full_like(seen.points, 0.5, requires_grad=True)
    photo_loss(colors, seen).backward()
    assert colors.grad is not None
    pull = colors.grad.abs().sum(1)
    assert (pull[seen.points[:, 1] > 0.05] == 0).all()
    assert (pull[seen.points[:, 1] < -0.05] > 0).all()
    right = COLORS[seen.assets]
    inner = (right - seen.photo_colors / 0.9).abs().amax(1) < 1e-4
    assert float(photo_loss(torch.where(inner[:, None], right, 0), seen)) < 0.02


def test_the_usual_colour_of_an_asset_is_what_the_photos_show_without_the_shade():
    torch.testing.assert_close(usual_colors(egg_surface()), COLORS, atol=1e-4, rtol=0)
