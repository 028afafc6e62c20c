"""A tiny encoder stands in for the prior's own where it fits, and is refused where it doesn't."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderTiny
from safetensors.torch import save_file

from album2avatar.errors import ModelError
from album2avatar.guidance.personal import PersonalGuidance
from album2avatar.model_folders import find_model
from album2avatar.prior.model import Prior, load_prior
from album2avatar.prior.personalized import PersonalizedPrior
from album2avatar.prior.tiny_encoder import TinyEncoder, load_tiny_encoder
from album2avatar.settings import GuidanceSettings
from album2avatar.synthetic.dataset import write_dataset
from album2avatar.training.dataset import open_dataset
from album2avatar.training.publishing import save_network
from album2avatar.training.tiny_encoder import measure_agreement


def tiny_autoencoder(latent_channels: int = 4, levels: int = 2) -> AutoencoderTiny:
    torch.manual_seed(3)
    return AutoencoderTiny(
        encoder_block_out_channels=(8,) * levels,
        decoder_block_out_channels=(8,) * levels,
        num_encoder_blocks=(1,) * levels,
        num_decoder_blocks=(1,) * levels,
        latent_channels=latent_channels,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_network(tiny_autoencoder(), tmp_path / "tiny")
    return tmp_path / "tiny"


@pytest.fixture
def prior(tiny_folder) -> Prior:
    return load_prior(tiny_folder)


def reduction(prior: Prior) -> int:
    return prior.image_size // prior.latent_size


def test_its_latents_are_those_of_the_published_network_with_a_gradient(folder, prior):
    tiny = load_tiny_encoder(folder, prior.latent_channels, reduction(prior))
    quick = replace(prior, tiny_encoder=tiny)
    size = prior.image_size
    images = torch.rand(2, size, size, 3, generator=torch.Generator().manual_seed(0))
    images.requires_grad_()
    latents = quick.encode_images(images)
    network = tiny_autoencoder().half().float()
    expected = network.encode(images.permute(0, 3, 1, 2) * 2 - 1, return_dict=False)[0]
    torch.testing.assert_close(latents, expected)
    assert latents.shape == prior.encode_images(images).shape
    latents.sum().backward()
    assert float(images.grad.abs().max()) > 0
    assert not any(parameter.requires_grad for parameter in tiny.network.parameters())


def test_one_for_other_latents_is_refused_by_number(tmp_path, prior):
    save_network(tiny_autoencoder(latent_channels=16), tmp_path / "channels")
    with pytest.raises(ModelError, match="16 channels, but the prior reads 4"):
        load_tiny_encoder(tmp_path / "channels", prior.latent_channels, reduction(prior))
    save_network(tiny_autoencoder(levels=4), tmp_path / "levels")
    with pytest.raises(ModelError, match="8 times smaller, but the prior's own encoder 2"):
        load_tiny_encoder(tmp_path / "levels", prior.latent_channels, reduction(prior))


def test_damaged_and_dangerous_folders_are_refused(folder, prior, tiny_folder, tmp_path):
    def refused(path: Path, match: str) -> None:
        with pytest.raises(ModelError, match=match):
            load_tiny_encoder(path, prior.latent_channels, reduction(prior))

    refused(Path(tiny_folder) / "vae", "AutoencoderKL, not a AutoencoderTiny")
    no_config = shutil.copytree(folder, tmp_path / "no config")
    (no_config / "config.json").unlink()
    refused(no_config, "config.json is missing")
    pickled = shutil.copytree(folder, tmp_path / "pickled")
    weights = pickled / "diffusion_pytorch_model.safetensors"
    weights.rename(weights.with_suffix(".bin"))
    refused(pickled, "pickle")
    partial = shutil.copytree(folder, tmp_path / "partial")
    save_file({"decoder.layers.0.bias": torch.zeros(8)}, partial / weights.name)
    refused(partial, r"have no encoder\.")
    cut = shutil.copytree(folder, tmp_path / "cut")
    (cut / weights.name).write_bytes((folder / weights.name).read_bytes()[:500])
    refused(cut, "can't be loaded as a tiny encoder")
    broken = shutil.copytree(folder, tmp_path / "broken")
    (broken / "config.json").write_text(json.dumps([1]))
    refused(broken, "unknown class")


def test_it_is_asked_for_the_first_share_of_the_steps_and_for_faces_too(folder, prior):
    tiny = load_tiny_encoder(folder, prior.latent_channels, reduction(prior))
    face = PersonalizedPrior(replace(prior), "person", ())
    person = PersonalizedPrior(prior, "person", (), face=face).with_tiny_encoder(tiny, 0.5)

    def encoder_at(progress: float, framing: str | None) -> TinyEncoder | None:
        return person.at(progress).for_framing(framing).prior.tiny_encoder

    for framing in ("full body", "head close-up"):
        assert encoder_at(0.0, framing) is tiny
        assert encoder_at(0.49, framing) is tiny
        assert encoder_at(0.5, framing) is None
        assert encoder_at(1.0, framing) is None
    assert person.at(0.0).prior.unet is prior.unet


def test_guidance_asks_it_early_alone_also_about_smaller_pictures(folder, prior):
    tiny = load_tiny_encoder(folder, prior.latent_channels, reduction(prior))
    plain = PersonalizedPrior(prior, "person", ())
    quick = plain.with_tiny_encoder(tiny, 0.5)
    settings = GuidanceSettings(negative_prompt="blurry", resolution=((0.0, 0.5), (0.4, 1.0)))

    def gradient(person: PersonalizedPrior, step: int) -> torch.Tensor:
        guidance = PersonalGuidance(person, settings, steps=10)
        size = guidance.picture_size(step)
        images = torch.rand(2, size, size, 3, generator=torch.manual_seed(3)).requires_grad_()
        framings = ["full body", "upper body"]
        found = guidance.distil(step, framings, images, ["a person"] * 2, torch.manual_seed(4))
        found.loss.backward()
        assert images.grad is not None
        return images.grad

    for step in (0, 4):  # half the size, then all of it
        assert not torch.allclose(gradient(quick, step), gradient(plain, step), rtol=0.1)
    assert torch.equal(gradient(quick, 5), gradient(plain, 5))


@pytest.mark.slow
def test_the_shipped_one_says_nearly_what_the_demo_prior_says(tmp_path):
    """On people that neither has seen."""
    write_dataset(tmp_path / "data", "held-out", 12, 64, 0, 1)
    prior = load_prior(find_model("demo-prior"))
    tiny = load_tiny_encoder(find_model("demo-tiny-encoder"), 8, 4)
    quick = replace(prior, tiny_encoder=tiny)
    for normals in (False, True):
        found = measure_agreement(prior, quick, open_dataset(tmp_path / "data"), normals, count=12)
        assert found.latent_error < 0.12
        assert found.pixel_cosine > 0.9
        assert found.coarse_cosine > 0.95
