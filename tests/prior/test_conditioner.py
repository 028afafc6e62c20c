"""A conditioner leads the sample where its picture differs; untrained it leads nowhere."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import ControlNetModel
from safetensors.torch import load_file, save_file

from album2avatar.errors import ModelError
from album2avatar.prior.conditioner import Conditioning, load_conditioner
from album2avatar.prior.model import load_prior
from album2avatar.prior.sampling import sample_images, sample_latents
from album2avatar.training.publishing import save_network

PROMPTS = ["a photo of a woman, front view", "a photo of a man wearing a red t-shirt"]


@pytest.fixture
def prior(tiny_folder):
    return load_prior(tiny_folder)


@pytest.fixture
def network(prior) -> Any:
    """A ControlNet that says nothing yet; two halvings less than diffusers' own picture size."""
    return ControlNetModel.from_unet(prior.unet, conditioning_embedding_out_channels=(8, 16))


@pytest.fixture
def loud_network(network) -> Any:
    """The same with weights that say something."""
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in network.parameters():
            if not parameter.any():
                parameter.normal_(0, 0.3)
    return network


@pytest.fixture
def folder(loud_network, tmp_path) -> Path:
    save_network(loud_network, tmp_path / "conditioner")
    return tmp_path / "conditioner"


def sample(prior: Any, conditioning: Conditioning | None) -> torch.Tensor:
    return sample_latents(prior, PROMPTS, 3, 3.0, torch.Generator().manual_seed(0), conditioning)


def test_what_was_saved_leads_alike_after_loading(folder, loud_network, prior):
    loaded = load_conditioner(folder, prior.unet)
    for name, tensor in loud_network.state_dict().items():
        assert torch.equal(loaded.network.state_dict()[name], tensor.half().float())
    assert not any(parameter.requires_grad for parameter in loaded.network.parameters())
    stored = load_file(folder / "diffusion_pytorch_model.safetensors")
    assert {tensor.dtype for tensor in stored.values()} == {torch.float16}
    files = list(folder.iterdir())
    assert not any(str(folder.parent).encode() in path.read_bytes() for path in files)


def test_a_conditioner_that_learned_nothing_changes_no_bit(network, prior, tmp_path):
    save_network(network, tmp_path / "silent")
    silent = load_conditioner(tmp_path / "silent", prior.unet)
    pictures = torch.rand(2, 16, 16, 3)
    assert torch.equal(sample(prior, Conditioning(silent, pictures)), sample(prior, None))


def test_a_strength_of_zero_changes_no_bit(folder, prior):
    conditioner = load_conditioner(folder, prior.unet)
    silent = Conditioning(conditioner, torch.rand(2, 16, 16, 3), strength=0.0)
    assert torch.equal(sample(prior, silent), sample(prior, None))


def test_the_sample_changes_with_its_own_picture_and_with_no_other(folder, prior):
    conditioner = load_conditioner(folder, prior.unet)
    pictures = torch.full((2, 16, 16, 3), 0.5)
    others = pictures.clone()
    others[1, 4:12, 4:12] = torch.tensor([0.5, 0.5, 1.0])
    led = sample(prior, Conditioning(conditioner, pictures))
    led_otherwise = sample(prior, Conditioning(conditioner, others))
    assert torch.equal(led[0], led_otherwise[0])
    assert (led[1] - led_otherwise[1]).abs().max() > 1e-3


def test_what_the_picture_changes_is_near_where_it_changed(folder, prior):
    """The residuals of the shallowest skip connection, which see a few pixels around each place."""
    conditioner = load_conditioner(folder, prior.unet)
    latents, when = torch.randn(1, 4, 8, 8), torch.tensor([500])
    words = prior.conditions(prior.encode_prompts(PROMPTS[:1]))
    empty = torch.full((1, 16, 16, 3), 0.5)
    marked = empty.clone()
    marked[0, :2, :2] = 1.0
    first, second = (
        conditioner.residuals(latents, when, words, picture).down[0] for picture in (empty, marked)
    )
    changed = (first - second).abs().amax(1)[0] > 1e-6
    assert changed[0, 0]
    assert not changed[5:, :].any()
    assert not changed[:, 5:].any()


def test_pictures_of_another_size_are_fitted(folder, prior):
    conditioner = load_conditioner(folder, prior.unet)
    small = torch.rand(2, 4, 4, 3)
    large = small.repeat_interleave(16, 1).repeat_interleave(16, 2)
    images = [
        sample_images(
            prior, PROMPTS, 2, 2.0, torch.Generator().manual_seed(0), Conditioning(conditioner, p)
        )
        for p in (large, large[:, ::2, ::2])
    ]
    assert images[0].shape == (2, 16, 16, 3)
    torch.testing.assert_close(images[0], images[1], atol=0.05, rtol=0)


def test_a_folder_without_configuration_is_refused(folder, prior):
    (folder / "config.json").unlink()
    with pytest.raises(ModelError, match=r"config\.json is missing"):
        load_conditioner(folder, prior.unet)


@pytest.mark.parametrize("content", ["{", "[]", '{"_class_name": "UNet2DConditionModel"}'])
def test_a_folder_of_something_else_is_refused(folder, prior, content):
    (folder / "config.json").write_text(content)
    with pytest.raises(ModelError, match=r"damaged|not a ControlNetModel"):
        load_conditioner(folder, prior.unet)


def test_a_folder_without_weights_is_refused(folder, prior):
    (folder / "diffusion_pytorch_model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"safetensors is missing"):
        load_conditioner(folder, prior.unet)


def test_a_pickle_is_refused_before_it_is_opened(folder, prior):
    weights = folder / "diffusion_pytorch_model.safetensors"
    weights.unlink()
    weights.with_suffix(".bin").write_bytes(b"\x80\x04this is never read.")
    with pytest.raises(ModelError, match="is a pickle, which can run code"):
        load_conditioner(folder, prior.unet)


def test_half_a_file_is_refused(folder, prior):
    weights = folder / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[: weights.stat().st_size // 2])
    with pytest.raises(ModelError, match="can't be loaded as a conditioner"):
        load_conditioner(folder, prior.unet)


def test_weights_that_miss_a_layer_are_refused(folder, prior):
    weights = folder / "diffusion_pytorch_model.safetensors"
    tensors = load_file(weights)
    tensors.pop("controlnet_mid_block.weight")
    save_file(tensors, weights, metadata={"format": "pt"})
    with pytest.raises(ModelError, match="controlnet_mid_block"):
        load_conditioner(folder, prior.unet)


@pytest.mark.parametrize(("key", "value"), [("block_out_channels", [16, 32]), ("in_channels", 9)])
def test_a_conditioner_of_another_prior_is_refused(folder, prior, key, value):
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {key: value}))
    with pytest.raises(ModelError, match=f"another prior: its {key} is"):
        load_conditioner(folder, prior.unet)


def test_half_precision_files_of_the_hub_are_found(folder, prior):
    weights = folder / "diffusion_pytorch_model.safetensors"
    shutil.move(weights, folder / "diffusion_pytorch_model.fp16.safetensors")
    network: Any = load_conditioner(folder, prior.unet).network
    assert network.dtype == torch.float32
