"""Folders that are whole are loaded, others are refused with a way out."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file

from album2avatar.errors import ModelError
from album2avatar.prior.model import load_prior
from album2avatar.training.publishing import save_prior


@pytest.fixture
def folder(sd_folder, tmp_path):
    return shutil.copytree(sd_folder, tmp_path / "model")


@pytest.fixture
def big_folder(sdxl_folder, tmp_path):
    return shutil.copytree(sdxl_folder, tmp_path / "big")


def edit_json(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_prior_that_was_saved_is_the_same_after_loading(folder, tmp_path):
    prior = load_prior(folder)
    save_prior(prior, tmp_path / "copy")
    copy = load_prior(tmp_path / "copy")
    for name, tensor in prior.unet.state_dict().items():
        torch.testing.assert_close(copy.unet.state_dict()[name], tensor.half().float())
    assert copy.tokenizer("a red t-shirt").input_ids == prior.tokenizer("a red t-shirt").input_ids
    assert copy.vae.config.scaling_factor == 0.5
    assert copy.scheduler.config.prediction_type == prior.scheduler.config.prediction_type
    stored = load_file(tmp_path / "copy" / "unet" / "diffusion_pytorch_model.safetensors")
    assert {tensor.dtype for tensor in stored.values()} == {torch.float16}
    assert not list(tmp_path.glob(".copy*"))


def test_a_saved_prior_does_not_tell_where_it_was_made(folder, tmp_path):
    save_prior(load_prior(folder), tmp_path / "first")
    save_prior(load_prior(tmp_path / "first"), tmp_path / "copy")
    files = [path for path in (tmp_path / "copy").rglob("*") if path.is_file()]
    assert len(files) >= 8
    assert not any(str(tmp_path).encode() in path.read_bytes() for path in files)
    assert all(path.stat().st_mode & 0o044 == 0o044 for path in files)


def test_saving_again_replaces_the_folder(folder, tmp_path):
    prior = load_prior(folder)
    save_prior(prior, folder)
    with torch.no_grad():
        prior.unet.conv_in.weight.fill_(0.25)
    save_prior(prior, folder)
    assert (load_prior(folder).unet.conv_in.weight == 0.25).all()


def test_new_words_stay_one_token_after_saving(folder, tmp_path):
    prior = load_prior(folder)
    prior.tokenizer.add_tokens(["<asset0>"])
    prior.text_encoder.resize_token_embeddings(len(prior.tokenizer))
    save_prior(prior, tmp_path / "copy")
    copy = load_prior(tmp_path / "copy")
    assert copy.tokenizer.tokenize("a <asset0> t-shirt")[1] == "<asset0>"
    assert len(copy.tokenizer) == len(prior.tokenizer)
    embeddings = copy.encode_prompts(["a <asset0> man"])
    assert embeddings.hidden.isfinite().all()


def test_a_tokenizer_of_the_two_classic_files_reads_alike(folder, sd_folder):
    """Folders written by older software have no tokenizer.json."""
    sentence = "a red t-shirt, unknown"
    modern = load_prior(folder).tokenizer(sentence).input_ids
    shutil.rmtree(folder / "tokenizer")
    classic = shutil.copytree(sd_folder.with_name("words"), folder / "tokenizer")
    (classic / "tokenizer.json").unlink()
    assert load_prior(folder).tokenizer(sentence).input_ids == modern


@pytest.mark.parametrize(
    "name",
    ["unet/config.json", "scheduler/scheduler_config.json", "vae/config.json"],
)
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(ModelError, match=name):
        load_prior(folder)


@pytest.mark.parametrize(
    "name",
    [
        "text_encoder_2/config.json",
        "tokenizer_2/tokenizer.json",
        "text_encoder_2/model.safetensors",
    ],
)
def test_a_missing_file_of_the_second_text_encoder_is_named(big_folder, name):
    for path in [big_folder / name, big_folder / "tokenizer_2" / "vocab.json"]:
        path.unlink(missing_ok=True)
    with pytest.raises(ModelError, match=f"{name} is missing"):
        load_prior(big_folder)


def test_missing_weights_are_named(folder):
    (folder / "text_encoder" / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"text_encoder/model\.safetensors is missing"):
        load_prior(folder)


def test_pickled_weights_are_refused_unopened(folder):
    """A pickle that would fail loudly when opened is never opened."""
    (folder / "unet" / "diffusion_pytorch_model.safetensors").unlink()
    (folder / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"\x80\x04not a pickle")
    with pytest.raises(ModelError, match="pickle, which can run code"):
        load_prior(folder)


def test_damaged_weights_are_refused(folder):
    path = folder / "vae" / "diffusion_pytorch_model.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(ModelError, match="can't be loaded"):
        load_prior(folder)


def test_damaged_configuration_is_refused(folder):
    (folder / "unet" / "config.json").write_text("{")
    with pytest.raises(ModelError, match="can't be loaded"):
        load_prior(folder)


def test_half_precision_variants_of_real_models_are_found(folder):
    for part, stem in (("unet", "diffusion_pytorch_model"), ("text_encoder", "model")):
        path = folder / part / f"{stem}.safetensors"
        path.rename(path.with_name(f"{stem}.fp16.safetensors"))
    assert load_prior(folder).unet.conv_in.weight.dtype == torch.float32


def test_an_empty_folder_is_no_model(tmp_path):
    with pytest.raises(ModelError, match=r"unet/config\.json is missing"):
        load_prior(tmp_path)


def test_a_second_text_encoder_gone_with_its_folder_is_named(big_folder):
    shutil.rmtree(big_folder / "text_encoder_2")
    with pytest.raises(ModelError, match=r"text_encoder_2/config\.json is missing"):
        load_prior(big_folder)


def test_a_diffusion_transformer_is_refused_by_name(folder):
    """Flux and SD3 have a folder `transformer` where others have `unet`."""
    (folder / "unet").rename(folder / "transformer")
    edit_json(folder / "model_index.json", _class_name="FluxPipeline")
    with pytest.raises(ModelError, match=r"a diffusion transformer \(FluxPipeline\).*SDXL class"):
        load_prior(folder)


def test_a_pipeline_without_unet_is_refused_by_name(folder):
    shutil.rmtree(folder / "unet")
    edit_json(folder / "model_index.json", _class_name="StableCascadeDecoderPipeline")
    with pytest.raises(ModelError, match="a StableCascadeDecoderPipeline without a UNet"):
        load_prior(folder)


@pytest.mark.parametrize(
    ("channels", "words"),
    [
        (9, "an inpainting model .its UNet reads 9 channels, not 4"),
        (8, "a picture beside the words"),
    ],
)
def test_a_unet_that_reads_more_than_latents_is_refused(folder, channels, words):
    edit_json(folder / "unet" / "config.json", in_channels=channels)
    with pytest.raises(ModelError, match=words):
        load_prior(folder)


@pytest.mark.parametrize(
    ("file", "changes", "words"),
    [
        ("text_encoder/config.json", {"architectures": ["T5EncoderModel"]}, "a T5EncoderModel"),
        ("unet/config.json", {"_class_name": "UNet3DConditionModel"}, "a UNet3DConditionModel"),
        ("vae/config.json", {"_class_name": "VQModel"}, "whose vae is a VQModel"),
        ("unet/config.json", {"class_embed_type": "projection"}, "class_embed_type"),
    ],
)
def test_parts_of_another_class_are_refused_by_name(folder, file, changes, words):
    edit_json(folder / file, **changes)
    with pytest.raises(ModelError, match=words):
        load_prior(folder)


def test_a_refiner_is_refused_by_name(big_folder):
    config = json.loads((big_folder / "unet" / "config.json").read_text())
    inputs = config["projection_class_embeddings_input_dim"] - config["addition_time_embed_dim"]
    edit_json(big_folder / "unet" / "config.json", projection_class_embeddings_input_dim=inputs)
    with pytest.raises(ModelError, match="other than 6 sizes"):
        load_prior(big_folder)
    shutil.rmtree(big_folder / "text_encoder")
    with pytest.raises(ModelError, match="an SDXL refiner"):
        load_prior(big_folder)


def test_two_text_encoders_of_another_kind_are_refused(big_folder):
    edit_json(big_folder / "unet" / "config.json", addition_embed_type="text_image")
    with pytest.raises(ModelError, match="addition_embed_type 'text_image'"):
        load_prior(big_folder)
