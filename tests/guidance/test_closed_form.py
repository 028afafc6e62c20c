"""Where each method ends, on data whose scores are known: noise and v, all in closed form."""

import pytest
import torch
from torch import Tensor

from album2avatar.guidance.distillation import Distillation, distillation_loss
from album2avatar.guidance.gradients import Rule, rescaled
from gaussian_prior import GaussianPrior, embedding, gaussian_prior

TEXT, EMPTY, NEGATIVE, SOURCE = (0.5, 0.09), (0.2, 0.09), (-0.4, 0.09), (0.3, 0.5)
"""(mean, variance) under each wording."""
KINDS = ("epsilon", "v_prediction")
RULES = (
    Rule("sds", 1.0),
    Rule("sds", 3.0),
    Rule("csd", 2.0),
    Rule("nfsd", 7.5),
    Rule("bridge", 2.0),
    Rule("sds", 6.0, rescale=0.7),
    Rule("nfsd", 7.5, rescale=1.0),
)


def distil(prior: GaussianPrior, images: Tensor, timesteps: Tensor, seed: int, rule: Rule):
    given = {"text": TEXT, "unconditional": EMPTY, "negative": NEGATIVE, "source": SOURCE}
    words = {wording: embedding(*values, len(images)) for wording, values in given.items()}
    generator = torch.Generator().manual_seed(seed)
    return distillation_loss(prior, images, words, timesteps, generator, rule)


def gradient(
    prior: GaussianPrior, images: Tensor, timesteps: Tensor, seed: int, rule: Rule
) -> Tensor:
    """Of the loss summed over latents, with respect to the images."""
    images = images.clone().requires_grad_()
    found: Distillation = distil(prior, images, timesteps, seed, rule)
    return torch.autograd.grad(found.loss * images.numel(), images)[0]


def descend(prior: GaussianPrior, rule: Rule, timesteps: Tensor) -> float:
    """Where gradient descent takes grey images, averaged over the last half."""
    images, kept = torch.zeros(8, 4, 4, 1), []
    for step in range(500):
        drawn = timesteps[torch.randint(len(timesteps), (8,), generator=torch.manual_seed(step))]
        images = images - 0.6 * gradient(prior, images, drawn, step, rule)
        if step >= 250:
            kept.append(images.mean())
    return float(torch.stack(kept).mean())


def root(prior: GaussianPrior, timestep: int, weights: dict[tuple[float, float], float]) -> float:
    """Where the weighted sum of noise predictions is 0 in the mean over the noise."""
    signal = float(prior.alphas_cumprod[timestep])
    shares = {
        (mean, variance): weight / (signal * variance + 1 - signal)
        for (mean, variance), weight in weights.items()
    }
    return sum(share * mean for (mean, _), share in shares.items()) / sum(shares.values())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scale", [1.0, 3.0])
def test_sds_ends_at_the_mean_that_the_scale_extrapolates(kind, scale):
    """Means of one variance: the unconditional one plus the scale times the difference."""
    found = descend(gaussian_prior(kind), Rule("sds", scale), torch.arange(100, 600))
    assert found == pytest.approx(0.2 + scale * (0.5 - 0.2), abs=0.04)


@pytest.mark.parametrize("kind", KINDS)
def test_the_bridge_ends_where_source_and_target_agree(kind):
    prior, at = gaussian_prior(kind), 300
    found = descend(prior, Rule("bridge", 2.0), torch.tensor([at]))
    assert found == pytest.approx(root(prior, at, {TEXT: 1.0, SOURCE: -1.0}), abs=0.04)


@pytest.mark.parametrize("kind", KINDS)
def test_directions_without_noise_are_constant_where_variances_agree(kind):
    """CSD, and NFSD above timestep 200, see differences of means alone: noise cancels out."""
    prior, at = gaussian_prior(kind), 500
    signal = float(prior.alphas_cumprod[at])
    unit = (1 - signal) ** 1.5 * signal**0.5 / (signal * 0.09 + 1 - signal)
    images = torch.rand(3, 4, 4, 2, generator=torch.manual_seed(0))
    timesteps = torch.full((3,), at)
    csd = gradient(prior, images, timesteps, 1, Rule("csd", 2.0))
    torch.testing.assert_close(csd, torch.full_like(csd, 2 * unit * (0.2 - 0.5)))
    noise_free = gradient(prior, images, timesteps, 1, Rule("nfsd", 7.5))
    pushed = 7.5 * (0.2 - 0.5) + (-0.4 - 0.2)
    torch.testing.assert_close(noise_free, torch.full_like(csd, unit * pushed))


@pytest.mark.parametrize("kind", KINDS)
def test_noise_free_distillation_leaves_the_domain_term_below_timestep_200(kind):
    """There it denoises to the unconditional mean, moved by what the prompt adds."""
    found = descend(gaussian_prior(kind), Rule("nfsd", 3.0), torch.arange(100, 200))
    assert found == pytest.approx(0.2 + 3 * (0.5 - 0.2), abs=0.04)


def test_the_gradient_of_plain_distillation_is_the_analytic_one():
    prior = gaussian_prior("v_prediction")
    images = torch.rand(2, 3, 3, 1, generator=torch.manual_seed(2))
    timesteps = torch.tensor([80, 640])
    noise = torch.randn(2, 1, 3, 3, generator=torch.Generator().manual_seed(9))
    found = gradient(prior, images, timesteps, 9, Rule("sds", 4.0))
    for row, timestep in enumerate(timesteps.tolist()):
        signal = float(prior.alphas_cumprod[timestep])
        total = signal * 0.09 + 1 - signal
        noisy = signal**0.5 * images[row, ..., 0] + (1 - signal) ** 0.5 * noise[row, 0]
        guided = (1 - signal) ** 0.5 * (noisy - signal**0.5 * (0.2 + 4 * 0.3)) / total
        torch.testing.assert_close(found[row, ..., 0], (1 - signal) * (guided - noise[row, 0]))


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: f"{rule.method} {rule.scale:g}")
def test_a_model_of_v_gives_the_gradient_of_a_model_of_noise(rule):
    images = torch.rand(4, 5, 5, 3, generator=torch.manual_seed(3))
    timesteps = torch.tensor([25, 199, 200, 700])
    of_noise, of_v = (gradient(gaussian_prior(k), images, timesteps, 4, rule) for k in KINDS)
    assert of_noise.abs().max() > 1e-3
    torch.testing.assert_close(of_v, of_noise, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    ("rule", "rows"),
    [
        (Rule("sds", 1.0), 4),
        (Rule("sds", 7.5), 8),
        (Rule("csd", 1.0), 8),
        (Rule("nfsd", 7.5), 10),
        (Rule("bridge", 2.0), 8),
    ],
    ids=lambda value: value.method if isinstance(value, Rule) else str(value),
)
def test_the_prior_is_asked_once_and_for_no_more_than_is_read(rule, rows):
    """The negative prompt counts for the two views with much noise alone."""
    prior = gaussian_prior("epsilon")
    found = distil(prior, torch.rand(4, 4, 4, 1), torch.tensor([25, 199, 200, 900]), 0, rule)
    assert prior.asked == [rows]
    assert found.prior_calls == rows


def test_rescaling_gives_each_image_the_spread_that_it_has_without_guidance():
    generator = torch.manual_seed(5)
    noisy, guided, text = torch.randn(3, 3, 2, 6, 6, generator=generator)
    signal = torch.tensor([0.95, 0.4, 0.01]).view(-1, 1, 1, 1)

    def spread(prediction: Tensor) -> Tensor:
        """Standard deviation of each clean image that a prediction implies."""
        return ((noisy - (1 - signal).sqrt() * prediction) / signal.sqrt()).std((1, 2, 3))

    whole = rescaled(guided, text, noisy, signal, 1.0)
    torch.testing.assert_close(spread(whole), spread(text))
    half = rescaled(guided, text, noisy, signal, 0.5)
    torch.testing.assert_close(spread(half), (spread(text) + spread(guided)) / 2)
    torch.testing.assert_close(rescaled(guided, text, noisy, signal, 0.0), guided)
    torch.testing.assert_close(rescaled(text, text, noisy, signal, 1.0), text)


def test_rescaled_distillation_asks_for_the_contrast_of_the_prompt_alone():
    """Where varied images fit the prompt better, guidance asks for more and more contrast."""
    prior, timesteps = gaussian_prior("epsilon"), torch.tensor([300])
    images = torch.rand(1, 8, 8, 1, generator=torch.manual_seed(6))
    varied, even = embedding(0.5, 1.0, 1), embedding(0.5, 0.05, 1)
    words = {"text": varied, "unconditional": even}
    signal = prior.alphas_cumprod[300]

    def contrast(scale: float, rescale: float) -> float:
        """Standard deviation of the picture that the gradient leads to."""
        pixels, generator = images.clone().requires_grad_(), torch.Generator().manual_seed(7)
        rule = Rule("sds", scale, rescale)
        loss = distillation_loss(prior, pixels, words, timesteps, generator, rule).loss
        pull = torch.autograd.grad(loss * images.numel(), pixels)[0].permute(0, 3, 1, 2)
        noise = torch.randn(pull.shape, generator=torch.Generator().manual_seed(7))
        noisy = signal.sqrt() * images.permute(0, 3, 1, 2) + (1 - signal).sqrt() * noise
        guided = pull / (1 - signal) + noise
        return float(((noisy - (1 - signal).sqrt() * guided) / signal.sqrt()).std())

    alone = contrast(1.0, 0.0)
    assert contrast(8.0, 0.0) > 2 * alone
    assert contrast(8.0, 1.0) == pytest.approx(alone, rel=1e-3)
