"""Half precision changes results little; checkpointing changes memory and nothing else."""

import pytest
import torch

from album2avatar.devices import frozen_precision
from album2avatar.guidance.distillation import distillation_loss
from album2avatar.guidance.gradients import Rule
from album2avatar.prior.adapter import add_adapter
from album2avatar.prior.model import Prior, load_prior
from album2avatar.prior.sampling import sample_images
from album2avatar.prior.tokens import LearnedTokens, add_tokens

PROMPTS = ["a photo of a red t-shirt", "a man"]


@pytest.fixture
def full(tiny_folder) -> Prior:
    return load_prior(tiny_folder)


@pytest.fixture
def half(tiny_folder) -> Prior:
    return load_prior(tiny_folder, precision=torch.bfloat16)


def relative_error(measured: torch.Tensor, true: torch.Tensor) -> float:
    return float((measured - true).norm() / true.norm())


def test_every_network_is_in_the_precision_asked_for(half):
    parameters = [p for network in half.networks for p in network.parameters()]
    assert {p.dtype for p in parameters} == {torch.bfloat16}


def test_half_precision_says_nearly_the_same_in_float32(full, half):
    """bfloat16 has 8 bits: 0.4 % a rounding, of which a network makes several."""
    images = torch.rand(2, 16, 16, 3, generator=torch.Generator().manual_seed(0))
    latents, timesteps = full.encode_images(images), torch.tensor([50, 700])
    results = {
        "latents": (half.encode_images(images), latents),
        "pictures": (half.decode_latents(latents), full.decode_latents(latents)),
        "noise": tuple(
            prior.predict_noise(latents, timesteps, prior.encode_prompts(PROMPTS))
            for prior in (half, full)
        ),
    }
    for measured, true in results.values():
        assert measured.dtype == torch.float32
        assert measured.isfinite().all()
        assert relative_error(measured, true) < 0.03


def test_sampling_in_half_precision_stays_near(full, half):
    samples = [
        sample_images(prior, PROMPTS, 4, 2.0, torch.Generator().manual_seed(1))
        for prior in (half, full)
    ]
    assert samples[0].isfinite().all()
    assert (samples[0] - samples[1]).abs().mean() < 0.03


def distillation_gradient(prior: Prior) -> torch.Tensor:
    images = torch.rand(2, 16, 16, 3, generator=torch.Generator().manual_seed(0))
    images.requires_grad_()
    with torch.no_grad():
        words, empty = prior.encode_prompts(PROMPTS), prior.encode_prompts([""]).expand(2)
    distillation_loss(
        prior,
        images,
        {"text": words, "unconditional": empty},
        torch.tensor([100, 700]),
        torch.Generator().manual_seed(1),
        Rule("sds", 2.0),
    ).loss.backward()
    assert images.grad is not None
    return images.grad


def test_distillation_in_half_precision_points_the_same_way(full, half):
    measured, true = distillation_gradient(half), distillation_gradient(full)
    assert measured.dtype == torch.float32
    assert torch.cosine_similarity(measured.flatten(), true.flatten(), dim=0) > 0.99


def test_tokens_and_adapter_learn_in_float32_on_half_precision_networks(half):
    """A step of 1e-6 on a number near 1 is lost in bfloat16."""
    add_tokens(half, {"<asset0>": "red"})
    tokens = LearnedTokens(half, ["<asset0>"])
    adapter = add_adapter(half, rank=2, seed=0)
    assert {p.dtype for p in (*adapter, tokens.values)} == {torch.float32}
    noisy = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    embeddings = half.encode_prompts(["a photo of a <asset0> t-shirt"])
    half.predict(noisy, torch.tensor([500]), embeddings).square().sum().backward()
    assert tokens.values.grad is not None
    assert tokens.values.grad.isfinite().all()
    assert tokens.values.grad.abs().amax() > 0


def kept_bytes_and_gradient(prior: Prior) -> tuple[int, torch.Tensor]:
    """What the forward pass keeps for the backward pass of the UNet, and the gradient."""
    parameters = add_adapter(prior, rank=2, seed=0)
    kept: dict[int, int] = {}

    def pack(tensor: torch.Tensor) -> torch.Tensor:
        kept[tensor.data_ptr()] = tensor.numel() * tensor.element_size()
        return tensor

    noisy = torch.randn(4, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        embeddings = prior.encode_prompts(["a man"]).expand(4)
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        output = prior.predict(noisy, torch.tensor([100, 300, 500, 700]), embeddings)
    output.square().mean().backward()
    gradients = [p.grad.flatten() for p in parameters if p.grad is not None]
    return sum(kept.values()), torch.cat(gradients)


def test_checkpointing_keeps_less_for_the_same_gradient(tiny_folder):
    plain, sparing = load_prior(tiny_folder), load_prior(tiny_folder)
    sparing.enable_gradient_checkpointing()
    (all_bytes, expected), (fewer_bytes, gradient) = (
        kept_bytes_and_gradient(prior) for prior in (plain, sparing)
    )
    assert torch.equal(gradient, expected)
    assert fewer_bytes < 0.5 * all_bytes


def test_checkpointing_leaves_distillation_as_it_is(tiny_folder):
    plain, sparing = load_prior(tiny_folder), load_prior(tiny_folder)
    sparing.enable_gradient_checkpointing()
    assert torch.equal(distillation_gradient(plain), distillation_gradient(sparing))


def test_the_cpu_stays_at_float32():
    assert frozen_precision("cpu") == torch.float32
