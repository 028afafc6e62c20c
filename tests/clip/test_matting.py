"""Soft masks: their losses' gradients, and what they make of a blurred disc."""

import torch
from torch import Tensor

from album2avatar.decomposition.matting import (
    MatteScene,
    Mixture,
    matte_terms,
    solve_matte,
    stretched,
)
from album2avatar.decomposition.scenes import distances
from album2avatar.settings import ClipSettings

SIZE = 48


def disc(radius: float, softness: float) -> Tensor:
    """(S, S) opacity of a disc."""
    places = torch.arange(SIZE).float() - SIZE / 2 + 0.5
    away = (places[:, None].square() + places[None].square()).sqrt()
    return ((radius - away) / softness + 0.5).clamp(0, 1)


def scene(prior: Tensor) -> MatteScene:
    """A red disc with a soft edge before a checkered wall; the mesh is a bit smaller."""
    columns, rows = torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing="xy")
    wall = 0.3 + 0.3 * ((rows // 6 + columns // 6) % 2).float()[..., None].expand(-1, -1, 3)
    person = torch.tensor([0.8, 0.15, 0.1]).expand(SIZE, SIZE, 3)
    alpha = disc(14, 5)[..., None]
    outward, inward = distances(disc(13, 1) > 0.5, 0.01)
    return MatteScene(
        image=alpha * person + (1 - alpha) * wall,
        plate=wall,
        seen=torch.ones(SIZE, SIZE),
        foreground=person,
        prior=prior,
        outside=((outward - 0.05) / 0.05).clamp(0, 1),
        inside=((inward - 0.02) / 0.03).clamp(0, 1),
        noise=0.01,
    )


def test_the_gradient_of_every_loss_agrees_with_finite_differences() -> None:
    generator = torch.Generator().manual_seed(4)
    found = scene(disc(17, 2))
    doubled = MatteScene(
        **{k: v.double() if isinstance(v, Tensor) else v for k, v in vars(found).items()}
    )
    alpha = 0.05 + 0.9 * torch.rand(SIZE, SIZE, generator=generator).double()
    alpha.requires_grad_()
    direction = torch.randn(SIZE, SIZE, generator=generator).double()
    step, mixture = 1e-6, Mixture.of(doubled)
    for name in ("reconstruction", "prior", "mesh", "sparse", "smooth"):
        (gradient,) = torch.autograd.grad(
            getattr(matte_terms(alpha, doubled, mixture), name), alpha
        )
        with torch.no_grad():
            ahead, behind = (
                getattr(matte_terms(alpha + sign * step * direction, doubled, mixture), name)
                for sign in (1, -1)
            )
        measured = (ahead - behind) / (2 * step)
        torch.testing.assert_close((gradient * direction).sum(), measured, rtol=1e-5, atol=1e-6)


def test_opacities_reach_both_ends() -> None:
    ends = stretched(torch.tensor([-6.0, 6.0]))
    assert ends.tolist() == [0.0, 1.0]


def test_a_soft_edge_is_found_from_a_mask_that_is_wrong_by_pixels() -> None:
    truth, rough = disc(14, 5), disc(18, 1)
    found = solve_matte(scene(rough), ClipSettings())
    assert (found - truth).abs().mean() < 0.25 * (rough - truth).abs().mean()
    assert float((found - truth).abs().max()) < 0.35


def test_what_looks_like_the_person_far_from_the_mesh_is_background() -> None:
    """A poster of the person's colour in the corner, which the segmentation takes for one."""
    base = scene(disc(14, 5))
    image, prior = base.image.clone(), base.prior.clone()
    image[:8, :8], prior[:8, :8] = torch.tensor([0.8, 0.15, 0.1]), 1.0
    changed = MatteScene(**{**vars(base), "image": image, "prior": prior})
    assert float(solve_matte(changed, ClipSettings())[:6, :6].max()) < 0.1
