"""Models of the hub: asked for only on demand, only what is needed, errors in sentences."""

import json

import pytest
import torch

from album2avatar.errors import ModelError, SettingsError
from album2avatar.hub import Hub
from album2avatar.model_folders import find_model
from album2avatar.model_sources.inventory import file_sizes, local_models
from album2avatar.model_sources.needs import get_model, need_of
from album2avatar.prior.model import load_prior
from hub_server import MODEL_ID

NEEDED = {
    "model_index.json",
    "scheduler/scheduler_config.json",
    "unet/config.json",
    "unet/diffusion_pytorch_model.fp16.safetensors",
    "vae/config.json",
    "vae/diffusion_pytorch_model.fp16.safetensors",
    *(
        f"{part}/{file}"
        for part in ("text_encoder", "text_encoder_2")
        for file in ("config.json", "model.fp16.safetensors")
    ),
    *(
        f"{part}/{file}"
        for part in ("tokenizer", "tokenizer_2")
        for file in ("tokenizer.json", "tokenizer_config.json")
    ),
}


def test_what_is_needed_is_told_before_anything_is_downloaded(hub, tiny_hub, published):
    need = need_of(MODEL_ID, hub)
    assert {file.name for file in need.files} == NEEDED
    assert need.size == sum((published / name).stat().st_size for name in NEEDED)
    assert (need.class_name, need.license) == ("SDXL", "openrail++")
    assert need.page == f"{tiny_hub.url}/{MODEL_ID}"
    assert need.folder is None
    assert tiny_hub.downloaded == []
    assert not hub.cache.exists()


def test_only_what_is_needed_is_downloaded_and_once(hub, tiny_hub):
    folder = get_model(MODEL_ID, hub)
    assert sorted(tiny_hub.downloaded) == sorted(NEEDED)
    assert set(file_sizes(folder)) == NEEDED
    assert get_model(MODEL_ID, hub) == folder
    assert len(tiny_hub.downloaded) == len(NEEDED)


def test_a_downloaded_model_is_found_without_the_hub_and_loaded(hub, tiny_hub):
    folder = get_model(MODEL_ID, hub)
    offline = Hub("http://127.0.0.1:9", hub.cache)
    assert find_model(MODEL_ID, offline) == folder
    embeddings = load_prior(folder).encode_prompts(["a red t-shirt"])
    assert embeddings.hidden.dtype == torch.float32
    need = need_of(MODEL_ID, offline)
    assert (need.folder, need.class_name) == (folder, "SDXL")
    assert {file.name for file in need.files} == NEEDED


def test_a_download_that_broke_off_goes_on(hub, tiny_hub, published):
    """The connection is lost after the configuration; later everything is fetched."""
    weights = published / "unet" / "diffusion_pytorch_model.fp16.safetensors"
    hub.download(MODEL_ID, [name for name in NEEDED if not name.endswith(".safetensors")])
    with pytest.raises(ModelError, match="is missing"):
        load_prior(find_model(MODEL_ID, hub))
    tiny_hub.downloaded.clear()
    folder = get_model(MODEL_ID, hub)
    assert len(tiny_hub.downloaded) == 4
    assert (folder / "unet" / weights.name).read_bytes() == weights.read_bytes()


def test_offline_and_not_in_the_cache_says_how_to_get_it(tmp_path):
    hub = Hub("http://127.0.0.1:9", tmp_path / "cache")
    with pytest.raises(ModelError, match=f"isn't on this computer.*models get {MODEL_ID}"):
        find_model(MODEL_ID, hub)


@pytest.mark.parametrize("ask", [need_of, get_model])
def test_a_hub_that_can_not_be_reached_is_said(ask, tmp_path):
    hub = Hub("http://127.0.0.1:9", tmp_path / "cache")
    with pytest.raises(ModelError, match=r"127\.0\.0\.1:9 can't be reached.*copy the model"):
        ask(MODEL_ID, hub)


def test_a_connection_lost_between_listing_and_files_is_said(hub, tiny_hub, tmp_path):
    gone = Hub("http://127.0.0.1:9", tmp_path / "other cache")
    with pytest.raises(ModelError, match="can't be reached"):
        gone.download(MODEL_ID, NEEDED)


def test_a_model_that_is_not_there_is_said(hub):
    with pytest.raises(ModelError, match="has no model 'somebody/else', or it is private"):
        need_of("somebody/else", hub)


def test_a_gated_model_says_to_accept_its_licence_and_log_in(hub, tiny_hub):
    tiny_hub.repositories[MODEL_ID].is_gated = True
    assert need_of(MODEL_ID, hub).is_gated
    with pytest.raises(ModelError, match=rf"{tiny_hub.url}/{MODEL_ID}, accept.*hf auth login"):
        get_model(MODEL_ID, hub)


def test_a_pickle_only_model_is_refused_before_download(hub, tiny_hub, published):
    for weights in (published / "unet").glob("*.safetensors"):
        weights.unlink()
    for ask in (need_of, get_model):
        with pytest.raises(ModelError, match=r"unet/diffusion_pytorch_model\.bin.*pickle"):
            ask(MODEL_ID, hub)
    assert tiny_hub.downloaded == []


def test_an_inpainting_model_costs_its_configuration_alone(hub, tiny_hub, published):
    config = published / "unet" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"in_channels": 9}))
    with pytest.raises(ModelError, match="an inpainting model"):
        get_model(MODEL_ID, hub)
    assert not [name for name in tiny_hub.downloaded if name.endswith(".safetensors")]


def test_a_diffusion_transformer_and_a_checkpoint_file_are_refused_by_name(
    hub, tiny_hub, published
):
    (published / "unet").rename(published / "transformer")
    with pytest.raises(ModelError, match="a diffusion transformer"):
        need_of(MODEL_ID, hub)
    for path in [*published.glob("*.json"), *published.glob("*/config.json")]:
        path.unlink()
    (published / "transformer").rename(published / "other")
    with pytest.raises(ModelError, match=r"single checkpoint files \(other"):
        need_of(MODEL_ID, hub)


def test_a_missing_part_is_named(hub, published):
    (published / "vae" / "config.json").unlink()
    with pytest.raises(ModelError, match=r"vae/config\.json is missing"):
        need_of(MODEL_ID, hub)


def test_too_little_room_is_said_before_downloading(hub, tiny_hub, monkeypatch):
    monkeypatch.setattr(Hub, "free_bytes", lambda self: 1000)
    with pytest.raises(ModelError, match="HF_HUB_CACHE"):
        get_model(MODEL_ID, hub)
    assert tiny_hub.downloaded == []


@pytest.mark.parametrize("name", ["not-an-id", "a/b/c", "../x"])
def test_what_is_no_id_is_not_asked_for(hub, name):
    with pytest.raises((ModelError, SettingsError)):
        get_model(name, hub)


def test_a_name_that_the_hub_forbids_is_refused(hub):
    with pytest.raises(ModelError, match="isn't on this computer"):
        find_model("some--body/model", hub)
    with pytest.raises(ModelError, match="no model id"):
        hub.describe("some--body/model")


def test_a_single_checkpoint_file_is_refused_as_what_it_is(tmp_path):
    path = tmp_path / "dream.safetensors"
    path.write_bytes(b"weights")
    with pytest.raises(ModelError, match="single file, but a model is a folder"):
        find_model(str(path))


def test_the_list_tells_class_and_size_and_why_not(hub, tiny_hub, tmp_path, monkeypatch):
    folder = get_model(MODEL_ID, hub)
    broken = tmp_path / "models" / "broken"
    broken.mkdir(parents=True)
    (broken / "model_index.json").write_text("{}")
    monkeypatch.setenv("ALBUM2AVATAR_MODELS", str(tmp_path / "models"))
    found = {model.name: model for model in local_models(hub)}
    assert found[MODEL_ID].class_name == "SDXL"
    assert found[MODEL_ID].size == sum(file_sizes(folder).values())
    assert found["demo-prior"].class_name == "SD-1.x/2.x"
    assert found["demo-perception"].class_name == "album2avatar-perception"
    assert "scheduler_config.json is missing" in found["broken"].class_name
