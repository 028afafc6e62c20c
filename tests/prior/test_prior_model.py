"""The prior agrees with diffusers about noise, words and pictures."""

import json
import shutil
from dataclasses import replace

import pytest
import torch
from diffusers import DDPMScheduler, StableDiffusionPipeline, StableDiffusionXLPipeline
from transformers import CLIPTokenizer

from album2avatar.errors import ModelError, SettingsError
from album2avatar.prior.embeddings import TextEmbeddings
from album2avatar.prior.model import load_prior
from album2avatar.prior.sampling import sample_images
from album2avatar.prior.tokens import add_tokens, require_tokens_kept
from album2avatar.training.tokenizer import build_tokenizer


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


def test_embeddings_are_those_of_the_diffusers_pipeline(sd_folder):
    prior = load_prior(sd_folder)
    tokenizer = CLIPTokenizer.from_pretrained(sd_folder / "tokenizer", model_max_length=24)
    pipeline = StableDiffusionPipeline.from_pretrained(
        sd_folder, tokenizer=tokenizer, safety_checker=None, local_files_only=True
    )
    pipeline.set_progress_bar_config(disable=True)
    words, empty = pipeline.encode_prompt("a red t-shirt", "cpu", 1, True, "")
    torch.testing.assert_close(
        prior.encode_prompts(["a red t-shirt", ""]).hidden, torch.cat([words, empty])
    )


def sdxl_pipeline(folder):
    tokenizers = {
        name: CLIPTokenizer.from_pretrained(folder / name, model_max_length=24)
        for name in ("tokenizer", "tokenizer_2")
    }
    pipeline = StableDiffusionXLPipeline.from_pretrained(
        folder, **tokenizers, add_watermarker=False, local_files_only=True
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def test_embeddings_of_two_encoders_are_those_of_the_diffusers_pipeline(sdxl_folder):
    pipeline = sdxl_pipeline(sdxl_folder)
    words, empty, pooled, empty_pooled = pipeline.encode_prompt(
        "a red t-shirt", device="cpu", do_classifier_free_guidance=True
    )
    embeddings = load_prior(sdxl_folder).encode_prompts(["a red t-shirt", ""])
    assert embeddings.hidden.shape == (2, 24, 16 + 24)
    torch.testing.assert_close(embeddings.hidden, torch.cat([words, empty]))
    torch.testing.assert_close(embeddings.pooled, torch.cat([pooled, empty_pooled]))
    assert (empty == 0).all()


def test_the_empty_prompt_is_read_where_the_folder_says_so(sdxl_folder, tmp_path):
    folder = shutil.copytree(sdxl_folder, tmp_path / "model")
    index = folder / "model_index.json"
    said = json.loads(index.read_text()) | {"force_zeros_for_empty_prompt": False}
    index.write_text(json.dumps(said))
    _, empty, _, empty_pooled = sdxl_pipeline(folder).encode_prompt(
        "a red t-shirt", device="cpu", do_classifier_free_guidance=True
    )
    embeddings = load_prior(folder).encode_prompts([""])
    torch.testing.assert_close(embeddings.hidden, empty)
    torch.testing.assert_close(embeddings.pooled, empty_pooled)


@pytest.mark.parametrize("kind", ["sd", "sdxl"])
def test_samples_are_those_of_the_diffusers_pipeline(kind, sd_folder, sdxl_folder):
    """Same first noise, same steps: the whole chain agrees, guidance and picture sizes included."""
    if kind == "sd":
        tokenizer = CLIPTokenizer.from_pretrained(sd_folder / "tokenizer", model_max_length=24)
        pipeline = StableDiffusionPipeline.from_pretrained(
            sd_folder, tokenizer=tokenizer, safety_checker=None, local_files_only=True
        )
        pipeline.set_progress_bar_config(disable=True)
        prior = load_prior(sd_folder)
    else:
        pipeline, prior = sdxl_pipeline(sdxl_folder), load_prior(sdxl_folder)
    first = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(4))
    expected = pipeline(
        "a red t-shirt",
        num_inference_steps=1,
        latents=first,
        guidance_scale=3.0,
        output_type="latent",
    ).images
    when = torch.tensor([int(pipeline.scheduler.timesteps[0])])
    worded, empty = prior.encode_prompts(["a red t-shirt"]), prior.encode_prompts([""])
    both = TextEmbeddings.cat([empty, worded])
    outputs = prior.predict(first.repeat(2, 1, 1, 1), when.repeat(2), both)
    guided = outputs[:1] + 3.0 * (outputs[1:] - outputs[:1])
    step = pipeline.scheduler.step(guided, when[0], first)
    torch.testing.assert_close(step.prev_sample, expected, rtol=1e-4, atol=1e-4)


def test_a_new_word_does_not_end_the_sentence(sdxl_folder):
    """Its id is above that of the end mark, by which the pooled embedding is found."""
    prior = load_prior(sdxl_folder)
    plain = prior.encode_prompts(["a red t-shirt"])
    add_tokens(prior, {"<asset0>": "red"})
    new = prior.encode_prompts(["a <asset0> t-shirt"])
    torch.testing.assert_close(new.hidden, plain.hidden)
    torch.testing.assert_close(new.pooled, plain.pooled)


def test_embeddings_are_joined_repeated_and_chosen_by_row(prior):
    embeddings = prior.encode_prompts(["a red t-shirt", "a man", "a woman"])
    chosen = TextEmbeddings.cat([embeddings[torch.tensor([2, 0])], embeddings[1:2].expand(2)])
    again = prior.encode_prompts(["a woman", "a red t-shirt", "a man", "a man"])
    assert len(chosen) == 4
    torch.testing.assert_close(chosen.hidden, again.hidden)
    torch.testing.assert_close(chosen.pooled, again.pooled)


def test_a_prediction_depends_on_the_words_in_every_embedding(prior):
    latents = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    timesteps = torch.tensor([300, 300])
    embeddings = prior.encode_prompts(["a red t-shirt", "a man"])
    plain = prior.predict(latents, timesteps, embeddings)
    swapped = torch.tensor([1, 0])
    hidden = replace(embeddings, hidden=embeddings.hidden[swapped])
    assert not torch.allclose(prior.predict(latents, timesteps, hidden), plain)
    if embeddings.pooled is not None:
        pooled = replace(embeddings, pooled=embeddings.pooled[swapped])
        assert not torch.allclose(prior.predict(latents, timesteps, pooled), plain)


def test_a_model_trained_down_to_pure_noise_is_sampled(tiny_folder, tmp_path):
    """With zero signal at the last timestep the first step would divide by zero."""
    folder = shutil.copytree(tiny_folder, tmp_path / "model")
    config = folder / "scheduler" / "scheduler_config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"rescale_betas_zero_snr": True}))
    prior = load_prior(folder)
    assert prior.scheduler.alphas_cumprod[-1] < 1e-8
    images = sample_images(prior, ["a man"], 3, 2.0, torch.Generator().manual_seed(0))
    assert images.isfinite().all()


def test_a_prompt_that_the_encoder_would_not_read_to_its_end_is_refused(prior):
    prior.check_prompt_length("a red t-shirt")
    with pytest.raises(SettingsError, match=r"'a red red.*reads only 24"):
        prior.encode_prompts(["a" + 30 * " red"])


def test_a_prompt_too_long_for_the_second_tokenizer_alone_is_refused(sdxl_folder, tmp_path):
    """One that knows no whole words reads a letter at a time."""
    letters = build_tokenizer(["x"] * 20, tmp_path / "letters")
    prior = replace(load_prior(sdxl_folder), tokenizer_2=letters)
    prompt = "a photo of a woman wearing red trousers"
    assert len(prior.tokenizer(prompt).input_ids) < 24 < len(letters(prompt).input_ids)
    with pytest.raises(SettingsError, match="reads only 24"):
        prior.encode_prompts([prompt])
    add_tokens(prior, {"<asset0>": "a"})
    with pytest.raises(ModelError, match=r"'cap'.*falls off the end"):
        require_tokens_kept(prior, f"{prompt} <asset0>", {"<asset0>": "cap"})


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

    def true_noise(latents, timesteps, embeddings, residuals):
        kept = prior.alphas_cumprod[timesteps].view(-1, 1, 1, 1)
        variance = kept * deviation**2 + 1 - kept
        return (1 - kept).sqrt() * (latents - kept.sqrt() * mean) / variance

    monkeypatch.setattr(type(prior), "predict_noise", lambda self, *args: true_noise(*args))
    monkeypatch.setattr(type(prior), "decode_latents", lambda self, latents: latents)
    latents = sample_images(prior, ["a"] * 16, 100, 1.0, torch.Generator().manual_seed(0))
    # The first noise has mean 0, where the schedule's end still keeps 7 % of the latents.
    assert float(latents.mean()) == pytest.approx(mean, abs=0.05)
    assert float(latents.std()) == pytest.approx(deviation, rel=0.1)
