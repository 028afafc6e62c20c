"""Score distillation against data whose noise predictions are known in closed form."""

import itertools
import math

import pytest
import torch
from torch import Tensor

from album2avatar.guidance.distillation import PromptEmbeddings, distillation_loss
from album2avatar.guidance.gradients import (
    NoisePredictions,
    Rule,
    bridge_gradient,
    csd_gradient,
    noise_free_gradient,
    sds_gradient,
)
from album2avatar.guidance.timesteps import TimestepSchedule, highest_timestep, sample_timesteps
from gaussian_prior import GaussianPrior, embedding, gaussian_prior


def embeddings(text, unconditional, negative, count=1) -> PromptEmbeddings:
    """Of three wordings; the source looks like the negative."""
    given = {"text": text, "unconditional": unconditional}
    given |= {"negative": negative, "source": negative}
    return {wording: embedding(*values, count) for wording, values in given.items()}


@pytest.fixture
def prior() -> GaussianPrior:
    return gaussian_prior("epsilon")


def random_predictions() -> NoisePredictions:
    values = torch.randn(5, 3, 2, 5, 5, generator=torch.Generator().manual_seed(3)).double()
    return NoisePredictions(*values)


def test_each_member_of_the_family_equals_its_published_formula():
    predictions = random_predictions()
    text, empty, negative = predictions.text, predictions.unconditional, predictions.negative
    timesteps = torch.tensor([10, 199, 200])
    noise_free = noise_free_gradient(predictions, timesteps, 7.5)
    torch.testing.assert_close(noise_free[:2], (7.5 * (text - empty) + empty)[:2])
    torch.testing.assert_close(noise_free[2], (7.5 * (text - empty) + empty - negative)[2])
    torch.testing.assert_close(bridge_gradient(predictions, 3.0), 3 * text - 3 * predictions.source)
    torch.testing.assert_close(csd_gradient(predictions, 3.0), 3 * text - 3 * empty)
    torch.testing.assert_close(
        sds_gradient(predictions, 8.0), 8 * text - 7 * empty - predictions.noise
    )


def test_sds_splits_into_the_classifiers_part_and_the_denoisers():
    predictions = random_predictions()
    torch.testing.assert_close(
        sds_gradient(predictions, 5.0),
        csd_gradient(predictions, 5.0) + predictions.unconditional - predictions.noise,
    )


def descend(prior, method, conditions, timesteps, guidance_scale, steps=500, rate=0.6) -> Tensor:
    """Where gradient descent takes one grey image, averaged over the last half."""
    image = torch.zeros(8, 4, 4, 1, requires_grad=True)
    kept = []
    for step in range(steps):
        generator = torch.Generator().manual_seed(step)
        drawn = timesteps[torch.randint(len(timesteps), (8,), generator=generator)]
        distilled = distillation_loss(
            prior, image, conditions, drawn, generator, Rule(method, guidance_scale)
        )
        (gradient,) = torch.autograd.grad(distilled.loss * image.numel(), image)
        image = (image - rate * gradient).detach().requires_grad_()
        if step >= steps // 2:
            kept.append(image.detach().mean())
    return torch.stack(kept).mean()


def test_sds_distils_the_mean_of_the_data(prior):
    """With scale 1 the unconditional branch drops out and the data's mean is the fixed point."""
    conditions = embeddings((0.7, 0.04), (-3.0, 1.0), (5.0, 1.0), count=8)
    found = descend(prior, "sds", conditions, torch.arange(100, 600), 1.0)
    assert found == pytest.approx(0.7, abs=0.03)


def test_noise_free_distillation_extrapolates_from_the_unconditional_mean(prior):
    """Equal variances below timestep 200: the root is at u + s (m - u)."""
    conditions = embeddings((0.2, 0.25), (0.1, 0.25), (5.0, 1.0), count=8)
    found = descend(prior, "nfsd", conditions, torch.arange(100, 200), 7.5)
    assert found == pytest.approx(0.1 + 7.5 * 0.1, abs=0.03)


def test_classifier_score_stops_where_both_scores_agree(prior):
    """At one noise level: (x - m)/v = (x - u)/w with v, w the noisy data's variances."""
    timestep = 300
    signal = prior.alphas_cumprod[timestep].item()
    noisy_text, noisy_empty = (signal * variance + 1 - signal for variance in (0.01, 1.0))
    root = (noisy_empty * 0.5 - noisy_text * 0.2) / (noisy_empty - noisy_text)
    conditions = embeddings((0.5, 0.01), (0.2, 1.0), (5.0, 1.0), count=8)
    found = descend(prior, "csd", conditions, torch.tensor([timestep]), 2.0, rate=0.4)
    assert found == pytest.approx(root, abs=0.03)


@pytest.mark.parametrize("method", ["nfsd", "sds", "csd", "bridge"])
def test_gradient_of_the_loss_is_the_weighted_direction_per_latent(prior, method):
    """The loss hands exactly (1 - alpha_bar) g / N to the latents, and reports g's size."""
    images = torch.rand(2, 4, 4, 3, generator=torch.Generator().manual_seed(0))
    images.requires_grad_()
    timesteps = torch.tensor([50, 700])
    conditions = embeddings((0.4, 0.1), (0.0, 1.0), (0.3, 0.5), count=2)
    result = distillation_loss(
        prior, images, conditions, timesteps, torch.Generator().manual_seed(7), Rule(method, 4.0)
    )
    (measured,) = torch.autograd.grad(result.loss, images)

    noise = torch.randn(2, 3, 4, 4, generator=torch.Generator().manual_seed(7))
    signal = prior.alphas_cumprod[timesteps].view(-1, 1, 1, 1)
    latents = images.detach().permute(0, 3, 1, 2)
    noisy = signal.sqrt() * latents + (1 - signal).sqrt() * noise

    def predict(mean: float, variance: float) -> Tensor:
        return prior.predict_noise(noisy, timesteps, embedding(mean, variance, 2))

    text, empty, negative = predict(0.4, 0.1), predict(0.0, 1.0), predict(0.3, 0.5)
    domain = torch.stack([empty[0], (empty - negative)[1]])
    expected = {
        "nfsd": 4 * (text - empty) + domain,
        "csd": 4 * (text - empty),
        "bridge": 4 * (text - negative),
        "sds": empty + 4 * (text - empty) - noise,
    }[method] * (1 - signal)
    torch.testing.assert_close(measured.permute(0, 3, 1, 2), expected / latents.numel())
    assert result.gradient_norm == pytest.approx(math.sqrt(expected.square().mean()), rel=1e-5)


def test_size_of_the_gradient_does_not_depend_on_batch_or_resolution(prior):
    """One pixel's pull, times the number of latents, is the same alone and in a crowd."""

    def pull(count: int, size: int) -> float:
        images = torch.full((count, size, size, 1), 0.9, requires_grad=True)
        conditions = embeddings((0.0, 1e-6), (0.0, 1e-6), (0.0, 1.0), count)
        result = distillation_loss(
            prior,
            images,
            conditions,
            torch.full((count,), 400),
            torch.Generator().manual_seed(1),
            Rule("sds", 1.0),
        )
        return float(torch.autograd.grad(result.loss, images)[0].sum())

    assert pull(6, 16) == pytest.approx(pull(2, 4), rel=0.05)


def test_upper_end_of_the_noise_falls_and_draws_stay_below_it():
    schedule = TimestepSchedule(lowest=0.02, highest_first=0.9, highest_last=0.4)
    ends = [highest_timestep(schedule, step, 50) for step in range(50)]
    assert ends[0] == pytest.approx(0.9)
    assert ends[-1] == pytest.approx(0.4)
    assert all(later < earlier for earlier, later in itertools.pairwise(ends))
    for step, end in enumerate(ends):
        drawn = sample_timesteps(schedule, step, 50, 8, 1000, torch.Generator().manual_seed(step))
        assert drawn.min() >= 20
        assert drawn.max() <= end * 1000


def test_timesteps_of_one_step_cover_the_range():
    """One draw in each eighth of the range, in an order that differs from step to step."""
    schedule = TimestepSchedule(lowest=0.0, highest_first=0.8, highest_last=0.8)
    orders = set()
    for seed in range(5):
        drawn = sample_timesteps(schedule, 0, 10, 8, 1000, torch.Generator().manual_seed(seed))
        eighths = (drawn // 100).tolist()
        assert sorted(eighths) == list(range(8))
        orders.add(tuple(eighths))
    assert len(orders) > 1
