"""How opaque the person is in each pixel: a picture explained by person and plate.

After Guo et al. 2023, "Vid2Avatar", whose decomposition of scene and body, with opacities that are
sparse away from the body, is done here in the picture, around a body that is known.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from album2avatar.settings import ClipSettings

FOREGROUND_SPREAD = 0.15
"""Usual difference in sRGB of the person's colours from those nearby."""
NOISE_MIN = 0.012
"""Least usual difference of a frame from the plate: what video compression leaves."""
EDGE = 0.08
"""Difference of neighbours in sRGB that is an edge of the picture."""
BEYOND = 8.0
"""Cost, in the unit of log-likelihoods, of a pixel that contradicts the mesh."""
LEVELS = (0.02, 0.25, 0.5, 0.75, 0.98)
"""Opacities that are tried first."""
RATE = 0.25
_SURE = 0.02


@dataclass(frozen=True)
class MatteScene:
    """What is known about one frame, or a part of it. Row 0 at the top."""

    image: Tensor
    """(H, W, 3) sRGB 0..1."""
    plate: Tensor
    """(H, W, 3) the background behind the person, as exposed as the image."""
    seen: Tensor
    """(H, W) 0..1, how far the plate is known."""
    foreground: Tensor
    """(H, W, 3) the person's colours, spread beyond the person."""
    prior: Tensor
    """(H, W) 0..1, as segmented."""
    outside: Tensor
    """(H, W) 0..1, 1 beyond the band in which hair and cloth may be around the mesh."""
    inside: Tensor
    """(H, W) 0..1, 1 deep inside of the mesh."""
    noise: float
    """Usual difference of image and plate where there is no person, sRGB."""


@dataclass(frozen=True)
class MatteTerms:
    """Sums over the pixels; each is what one idea holds against an opacity."""

    reconstruction: Tensor
    prior: Tensor
    mesh: Tensor
    sparse: Tensor
    smooth: Tensor

    def total(self, settings: ClipSettings) -> Tensor:
        """Weighted sum."""
        return (
            self.reconstruction
            + settings.prior_weight * self.prior
            + settings.mesh_weight * self.mesh
            + settings.sparse_weight * self.sparse
            + settings.smooth_weight * self.smooth
        )


@dataclass(frozen=True)
class Mixture:
    """What the reconstruction needs of three colours a pixel: products of two differences."""

    image: Tensor
    """(H, W) squared difference of image and plate."""
    both: Tensor
    """(H, W) product of that difference and the person's from the plate."""
    person: Tensor
    """(H, W) squared difference of the person's colour and the plate."""
    right: Tensor
    """(H, W - 1) see `edge_weights`."""
    down: Tensor
    """(H - 1, W)."""

    @staticmethod
    def of(scene: MatteScene) -> "Mixture":
        """Compute all that doesn't depend on the opacity."""
        image, person = scene.image - scene.plate, scene.foreground - scene.plate
        right, down = edge_weights(scene)
        return Mixture(
            image.square().sum(-1), (image * person).sum(-1), person.square().sum(-1), right, down
        )


def matte_terms(alpha: Tensor, scene: MatteScene, mixture: Mixture) -> MatteTerms:
    """Every loss of an opacity (H, W) in 0..1; differentiable."""
    smooth = (mixture.right * (alpha[:, 1:] - alpha[:, :-1]).square()).sum()
    smooth = smooth + (mixture.down * (alpha[1:] - alpha[:-1]).square()).sum()
    return MatteTerms(
        reconstruction=reconstruction(alpha, scene, mixture).sum(),
        prior=prior_energy(alpha, scene).sum(),
        mesh=mesh_energy(alpha, scene).sum(),
        sparse=(4 * alpha * (1 - alpha)).sum(),
        smooth=smooth,
    )


def reconstruction(alpha: Tensor, scene: MatteScene, mixture: Mixture) -> Tensor:
    """(H, W) negative log-likelihood of the image as a mix of person and plate.

    The person's colour is known to FOREGROUND_SPREAD only; integrating over it leaves a normal
    distribution that is the wider the more of the person is in the mix.
    """
    squared = mixture.image - 2 * alpha * mixture.both + alpha.square() * mixture.person
    noise = max(scene.noise, NOISE_MIN) ** 2
    variance = noise + (alpha * FOREGROUND_SPREAD).square()
    likelihood = squared.clamp(min=0) / (2 * variance) + 1.5 * torch.log(variance / noise)
    # However wrong both are, a pixel says no more than this.
    return scene.seen * BEYOND * (1 - torch.exp(-likelihood / BEYOND))


def prior_energy(alpha: Tensor, scene: MatteScene) -> Tensor:
    """(H, W) cross-entropy with the segmentation."""
    prior = scene.prior.clamp(0.05, 0.95)
    safe = alpha.clamp(1e-4, 1 - 1e-4)
    return -(prior * safe.log() + (1 - prior) * (1 - safe).log())


def mesh_energy(alpha: Tensor, scene: MatteScene) -> Tensor:
    """(H, W) foreground beyond the band around the mesh, background deep inside of it."""
    return BEYOND * (scene.outside * alpha + scene.inside * (1 - alpha))


def edge_weights(scene: MatteScene) -> tuple[Tensor, Tensor]:
    """(H, W - 1) and (H - 1, W): 1 where neighbours look alike, towards 0 at the person's edges.

    Edges that the plate has as well are the background's and count less.
    """

    def weight(a: tuple[slice, slice], b: tuple[slice, slice]) -> Tensor:
        image = (scene.image[a] - scene.image[b]).square().sum(-1)
        behind = (scene.plate[a] - scene.plate[b]).square().sum(-1)
        return torch.exp(-(image - behind).clamp(min=0) / (2 * EDGE**2))

    every = slice(None)
    right = weight((every, slice(1, None)), (every, slice(None, -1)))
    down = weight((slice(1, None), every), (slice(None, -1), every))
    return right, down


def solve_matte(scene: MatteScene, settings: ClipSettings) -> Tensor:
    """The opacity (H, W) that all losses together like best.

    Each pixel for itself at first, then all together by gradient descent.
    """
    mixture = Mixture.of(scene)
    with torch.no_grad():
        costs = torch.stack(
            [
                unary_cost(torch.full_like(scene.prior, level), scene, mixture, settings)
                for level in LEVELS
            ]
        )
        first = torch.tensor(LEVELS)[costs.argmin(0)]
    logits = torch.logit(first.clamp(_SURE, 1 - _SURE)).requires_grad_()
    optimizer = torch.optim.Adam([logits], betas=(0.8, 0.95))
    for step in range(settings.mask_steps):
        fade = 1 - 0.8 * step / settings.mask_steps
        optimizer.param_groups[0]["lr"] = 2 * RATE * fade
        optimizer.zero_grad()
        energy = matte_terms(stretched(logits), scene, mixture).total(settings)
        energy.backward()  # pyright: ignore[reportUnknownMemberType]
        optimizer.step()
    return stretched(logits).detach()


def unary_cost(
    alpha: Tensor, scene: MatteScene, mixture: Mixture, settings: ClipSettings
) -> Tensor:
    """(H, W) what a pixel's own losses hold against an opacity."""
    return (
        reconstruction(alpha, scene, mixture)
        + settings.prior_weight * prior_energy(alpha, scene)
        + settings.mesh_weight * mesh_energy(alpha, scene)
        + settings.sparse_weight * 4 * alpha * (1 - alpha)
    )


def stretched(logits: Tensor) -> Tensor:
    """Opacities that reach 0 and 1 at finite logits."""
    return (1.04 * torch.sigmoid(logits) - 0.02).clamp(0, 1)


def soft_band(distance: Tensor, start: float, end: float) -> Tensor:
    """0 up to `start`, 1 from `end` on, linear between."""
    if math.isclose(start, end):
        return (distance > start).to(distance)
    return ((distance - start) / (end - start)).clamp(0, 1)


def grown(mask: Tensor, pixels: int) -> Tensor:
    """The maximum of (H, W) within a square of `pixels` to each side."""
    if pixels < 1:
        return mask
    window = 2 * pixels + 1
    return F.max_pool2d(mask[None, None], window, 1, pixels)[0, 0]
