"""The prior agrees with diffusers about noise, words and pictures."""

import pytest
import torch
from diffusers import DDPMScheduler, StableDiffusionPipeline
from transformers import CLIPTokenizer

from album2avatar.errors import SettingsError
from album2avatar.prior.model import load_prior
from album2avatar.prior.sampling import sample_images


@pytest.fixture
def prior(tiny_folder):
    return load_prior(tiny_folder)


def test_sizes_come_from_the_folder(prior):
    assert (prior.image_size, prior.latent_size, prior.latent_channels) == (16, 8, 4)
    assert prior.alphas_cumprod.shape == (1000,)
    assert not any(p.requires_grad for p in prior.unet.parameters())


def test_noising_and_targets_agree_with_diffusers(prior):
    reference = DDPMScheduler.from_config(prior.scheduler.config)
    latents, noise = torch.randn(2, 3, 4, 8, 8)
    timesteps = torch.tensor([3, 500, 990])
    noisy = prior.add_noise(latents, noise, timesteps)
    torch.testing.assert_close(noisy, reference.add_noise(latents, noise, timesteps))
    if prior.scheduler.config.prediction_type == "v_prediction":
        target = prior.training_target(latents, noise, timesteps)
        torch.testing.assert_close(target, reference.get_velocity(latents, noise, timesteps))


def test_a_perfect_output_gives_back_the_noise(prior):
    latents, noise = torch.randn(2, 3, 4, 8, 8)
    timesteps = torch.tensor([3, 500, 990])
    noisy = prior.add_noise(latents, noise, timesteps)
    perfect = prior.training_target(latents, noise, timesteps)
    found = prior.noise_from_output(perfect, noisy, timesteps)
    torch.testing.assert_close(found, noise, atol=1e-5, rtol=1e-4)


def test_predicted_noise_has_no_gradient(prior):
    embeddings = prior.encode_prompts(["a red t-shirt"])
    latents = torch.randn(1, 4, 8, 8, requires_grad=True)
    assert not prior.predict_noise(latents, torch.tensor([10]), embeddings).requires_grad


@pytest.mark.parametrize("size", [(16, 16), (40, 40), (7, 11)])
def test_pictures_of_any_size_become_latents_that_pass_gradients(prior, size):
    images = torch.rand(2, *size, 3, requires_grad=True)
    latents = prior.encode_images(images)
    assert latents.shape == (2, 4, 8, 8)
    latents.square().sum().backward()
    assert (images.grad.abs().sum(dim=(1, 2, 3)) > 0).all()


def test_latents_are_scaled_as_diffusers_scales_them(prior):
    images = torch.rand(1, 16, 16, 3)
    pixels = prior.vae.encode(images.permute(0, 3, 1, 2) * 2 - 1).latent_dist.mode()
    torch.testing.assert_close(prior.encode_images(images), pixels * 0.5)
    decoded = prior.decode_latents(pixels * 0.5)
    expected = prior.vae.decode(pixels).sample.permute(0, 2, 3, 1) / 2 + 0.5
    torch.testing.assert_close(decoded, expected.clamp(0, 1))


def test_embeddings_are_those_of_the_diffusers_pipeline(prior, tiny_folder):
    tokenizer = CLIPTokenizer.from_pretrained(tiny_folder / "tokenizer", model_max_length=24)
    pipeline = StableDiffusionPipeline.from_pretrained(
        tiny_folder, tokenizer=tokenizer, safety_checker=None, local_files_only=True
    )
    pipeline.set_progress_bar_config(disable=True)
    words, empty = pipeline.encode_prompt("a red t-shirt", "cpu", 1, True, "")
    torch.testing.assert_close(
        prior.encode_prompts(["a red t-shirt", ""]), torch.cat([words, empty])
    )


def test_a_prompt_that_the_encoder_would_not_read_to_its_end_is_refused(prior):
    prior.check_prompt_length("a red t-shirt")
    with pytest.raises(SettingsError, match=r"'a red red.*reads only 24"):
        prior.encode_prompts(["a" + 30 * " red"])


def test_sampling_repeats_with_the_seed_and_not_without(prior):
    def sample(seed):
        generator = torch.Generator().manual_seed(seed)
        return sample_images(prior, ["a red t-shirt", "a man"], 3, 2.0, generator)

    first = sample(1)
    assert first.shape == (2, 16, 16, 3)
    assert torch.equal(first, sample(1))
    assert not torch.equal(first, sample(2))


def test_sampling_from_the_true_noise_of_a_gaussian_gives_that_gaussian(prior, monkeypatch):
    """For latents that are N(m, s²) the best prediction is known in closed form."""
    mean, deviation = 1.5, 0.3

    def true_noise(latents, timesteps, embeddings):
        kept = prior.alphas_cumprod[timesteps].view(-1, 1, 1, 1)
        variance = kept * deviation**2 + 1 - kept
        return (1 - kept).sqrt() * (latents - kept.sqrt() * mean) / variance

    monkeypatch.setattr(type(prior), "predict_noise", lambda self, *args: true_noise(*args))
    monkeypatch.setattr(type(prior), "decode_latents", lambda self, latents: latents)
    latents = sample_images(prior, ["a"] * 16, 100, 1.0, torch.Generator().manual_seed(0))
    # The first noise has mean 0, where the schedule's end still keeps 7 % of the latents.
    assert float(latents.mean()) == pytest.approx(mean, abs=0.05)
    assert float(latents.std()) == pytest.approx(deviation, rel=0.1)
