"""Lights and colours are told apart."""

import math

import pytest
import torch
from torch.nn import functional as F

from album2avatar.projection.finding_lights import ShownPlaces, estimate_lights
from album2avatar.projection.light import MEAN_BRIGHTNESS, brightness, even_light, light_basis


def test_the_basis_is_orthogonal_over_the_sphere():
    generator = torch.Generator().manual_seed(0)
    normals = F.normalize(torch.randn(200_000, 3, generator=generator), dim=-1)
    basis = light_basis(normals).double()
    products = basis.T @ basis / len(basis)
    scale = products.diagonal().sqrt()
    assert torch.allclose(products / (scale[:, None] * scale), torch.eye(9).double(), atol=0.01)


def test_lights_and_colours_are_found_again():
    """Six photos from around a surface of random colours, each with a lamp of its own."""
    generator = torch.Generator().manual_seed(1)
    count = 4000
    world = F.normalize(torch.randn(count, 3, generator=generator), dim=-1)
    albedo = 0.2 + 0.6 * torch.rand(count, 3, generator=generator)
    colors, normals, weights = [], [], []
    # Light that all photos share in the world is no photo's to tell from colour; these share none.
    lamps = torch.tensor([0.18, -0.18, 0.18, -0.18, 0.18, -0.18])
    for index, lamp in enumerate(lamps.tolist()):
        angle = torch.tensor(index * torch.pi / 3)
        turn = torch.tensor(
            [[angle.cos(), 0, angle.sin()], [0.0, 1, 0], [-angle.sin(), 0, angle.cos()]]
        )
        normal = world @ turn.T
        light = even_light(normal)
        light[1] = lamp
        light[0] += 0.5 * lamp
        seen = normal[:, 2] > 0.2
        colors.append(albedo * brightness(normal, light))
        normals.append(normal)
        weights.append(seen * normal[:, 2].square())
    lights = estimate_lights(ShownPlaces(colors, normals, weights, torch.zeros(count).long()))
    assert (lights[:, 1, 1] - lamps).abs().max() < 0.35 * 0.18  # they are held to be alike
    found = mean_color(
        [c / brightness(n, light) for c, n, light in zip(colors, normals, lights, strict=True)],
        weights,
    )
    error = (found / (found / albedo).median() - albedo).abs()
    assert error.median() < 0.01
    assert error.quantile(0.95) < 0.04
    # Without any notion of light the colours are wrong by several times as much.
    plain = mean_color(colors, weights)
    plain = plain / (plain / albedo).median()
    assert (plain - albedo).abs().median() > 3 * error.median()


def mean_color(colors: list[torch.Tensor], weights: list[torch.Tensor]) -> torch.Tensor:
    """(N, 3) weighted mean over photos."""
    summed = torch.stack([w[:, None] * c for w, c in zip(weights, colors, strict=True)]).sum(0)
    return summed / torch.stack(weights).sum(0).clamp(min=1e-9)[:, None]


def test_a_photo_that_shows_something_else_does_not_count():
    """One photo in a third of whose places something green stands in front."""
    generator = torch.Generator().manual_seed(2)
    world = F.normalize(torch.randn(3000, 3, generator=generator), dim=-1)
    albedo = 0.2 + 0.6 * torch.rand(3000, 3, generator=generator)
    colors = [albedo * brightness(world, even_light(world)) for _ in range(4)]
    colors[3] = colors[3].clone()
    colors[3][:1000] = torch.tensor([0.1, 0.9, 0.1])
    shown = ShownPlaces(colors, [world] * 4, [torch.ones(3000)] * 4, torch.zeros(3000).long())
    lights = estimate_lights(shown)
    assert (lights - even_light(world)).abs().max() < 0.1


def headlit(albedo: torch.Tensor, world: torch.Tensor, angles: list[float]) -> ShownPlaces:
    """Photos whose lamps are all above the camera, so that no photo shows an underside lit."""
    colors, normals, weights = [], [], []
    for angle in torch.tensor(angles) * torch.pi / 180:
        turn = torch.tensor(
            [[angle.cos(), 0, angle.sin()], [0.0, 1, 0], [-angle.sin(), 0, angle.cos()]]
        )
        normal = world @ turn.T
        light = even_light(normal)
        light[2], light[3] = 0.2, 0.15
        colors.append(albedo * brightness(normal, light))
        normals.append(normal)
        weights.append((normal[:, 2] > 0.15) * normal[:, 2].square())
    return ShownPlaces(colors, normals, weights, (albedo[:, 0] > 0.5).long())


def slope(shown: ShownPlaces, towards: torch.Tensor) -> float:
    """How much brighter, as a logarithm, the first asset's places on one side (N,) are than those
    on the other."""
    lights = estimate_lights(shown)
    unlit = [
        color / brightness(normal, light)
        for color, normal, light in zip(shown.colors, shown.normals, lights, strict=True)
    ]
    logs = mean_color(unlit, list(shown.weights)).clamp(min=1e-3).log().mean(-1)
    seen = torch.stack(list(shown.weights)).sum(0) > 0
    plain = (shown.assets == 0) & seen
    return float(logs[plain & (towards > 0.6)].median() - logs[plain & (towards < -0.6)].median())


def test_a_lamp_above_in_every_photo_is_light_and_no_colour():
    """Colour is told from it by the places' having one colour in an asset; a second asset, in half
    of the places, has colours from 0.5 to 1 at random."""
    generator = torch.Generator().manual_seed(3)
    world = F.normalize(torch.randn(4000, 3, generator=generator), dim=-1)
    albedo = torch.tensor([0.4, 0.3, 0.25]).repeat(4000, 1)
    albedo[::2] = 0.5 + 0.5 * torch.rand(2000, 3, generator=generator)
    around = headlit(albedo, world, [0.0, 60.0, 120.0, 180.0, 240.0, 300.0])
    # If the lamp were taken for colour, 0.24 and more would stay.
    assert abs(slope(around, world[:, 1])) < 0.1
    alone = headlit(albedo, world, [0.0])
    assert abs(slope(alone, world[:, 1])) < 0.2


def test_colours_that_follow_the_form_are_not_taken_for_light():
    """Seen from all sides, an asset with a dark front and a bright back keeps most of
    that: lamps that would explain it follow the person from photo to photo."""
    generator = torch.Generator().manual_seed(4)
    world = F.normalize(torch.randn(4000, 3, generator=generator), dim=-1)
    albedo = torch.where(world[:, 2:] > 0, 0.45, 0.2).expand(-1, 3).contiguous()
    shown = headlit(albedo, world, [0.0, 60.0, 120.0, 180.0, 240.0, 300.0])
    assert slope(shown, world[:, 2]) > 0.75 * math.log(0.45 / 0.2)


def test_photos_are_as_bright_in_the_mean_as_surfaces_usually_are():
    world = F.normalize(torch.randn(1000, 3, generator=torch.Generator().manual_seed(5)), dim=-1)
    shown = headlit(torch.full((1000, 3), 0.3), world, [0.0, 180.0])
    lights, weights = estimate_lights(shown), torch.stack(list(shown.weights))
    said = torch.stack(
        [light_basis(n) @ light for n, light in zip(shown.normals, lights, strict=True)]
    )
    mean = (weights[..., None] * said).sum() / (3 * weights.sum())
    assert float(mean.exp()) == pytest.approx(MEAN_BRIGHTNESS, abs=1e-3)
