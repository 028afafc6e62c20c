"""Lights and colours are told apart."""

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
    lights = estimate_lights(colors, normals, weights)
    assert (lights[:, 1, 1] - lamps).abs().max() < 0.2 * 0.18  # they are held to be even
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
    lights = estimate_lights(colors, [world] * 4, [torch.ones(3000)] * 4)
    assert (lights - even_light(world)).abs().max() < 0.1
