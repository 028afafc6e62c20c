"""The whole stage on a tiny prior."""

import json
import shutil
import threading

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from album2avatar.assets import Asset
from album2avatar.errors import AlbumError, CancelledError, ModelError, SettingsError
from album2avatar.personalization.preparation import prepare_data
from album2avatar.personalization.stage import load_photos, run, teach_words
from album2avatar.personalization.training import Trainer
from album2avatar.prior.model import Prior, load_prior
from album2avatar.prior.personalized import (
    PersonalizedPrior,
    hash_of_weights,
    load_personalized_prior,
)
from album2avatar.progress import JobControl, ProgressEvent, silent_job
from album2avatar.settings import Settings
from album2avatar.workspace import Workspace
from pretended_accelerator import DEVICE, pretended_accelerator


def outputs(workspace: Workspace) -> dict[str, bytes]:
    folder = workspace.personalization
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def run_until(workspace: Workspace, settings: Settings, last_step: int) -> None:
    """Cancel as soon as `last_step` is reported."""
    cancelled = threading.Event()

    def listen(event: ProgressEvent) -> None:
        if event.step == last_step:
            cancelled.set()

    with pytest.raises(CancelledError):
        run(workspace, settings, JobControl("personalize", listen, cancelled))


def test_the_stage_writes_tokens_and_adapter_and_leaves_the_base_prior_alone(
    workspace, settings, prior_folder
):
    before = hash_of_weights(prior_folder), sorted(prior_folder.rglob("*"))
    files = {p: p.read_bytes() for p in prior_folder.rglob("*") if p.is_file()}
    run(workspace, settings, silent_job("personalize"))
    assert set(outputs(workspace)) == {
        "adapter.json",
        "adapter.safetensors",
        "personalization.json",
        "tokens.safetensors",
    }
    assert (hash_of_weights(prior_folder), sorted(prior_folder.rglob("*"))) == before
    assert all(path.read_bytes() == content for path, content in files.items())
    record = json.loads((workspace.personalization / "personalization.json").read_text())
    assert record["prior_hash"] == before[0]
    assert not workspace.checkpoint("personalize").exists()
    preview = Image.open(workspace.preview("personalize", 6))
    assert preview.size == (16 * 3, 16 * 2)


def test_a_resumed_run_writes_the_same_bits(workspace, settings):
    run(workspace, settings, silent_job("personalize"))
    whole = outputs(workspace)
    for stop in (2, 3, 5):  # in either phase, and between them
        for path in workspace.personalization.iterdir():
            path.unlink()
        run_until(workspace, settings, stop)
        assert not outputs(workspace)
        run(workspace, settings, silent_job("personalize"))
        assert outputs(workspace) == whole


@pytest.mark.parametrize("method", ["lora", "full"])
def test_on_an_accelerator_the_same_is_learned(workspace, settings, method):
    own = settings.personalization.model_copy(update={"method": method})
    settings = settings.model_copy(update={"personalization": own})
    learned = []
    for device in ("cpu", DEVICE.type):
        with pretended_accelerator():
            run(
                workspace, settings.model_copy(update={"device": device}), silent_job("personalize")
            )
        learned.append(
            {
                f"{path.name} {name}": values
                for path in workspace.personalization.glob("*.safetensors")
                for name, values in load_file(path).items()
            }
        )
        shutil.rmtree(workspace.personalization)
    here, there = learned
    assert here.keys() == there.keys()
    apart = [(there[name] - values).float().norm() for name, values in here.items()]
    whole = [values.float().norm() for values in here.values()]
    assert torch.stack(apart).norm() <= 0.01 * torch.stack(whole).norm()


def test_a_resumed_full_fine_tuning_writes_the_same_bits(workspace, settings):
    own = settings.personalization.model_copy(
        update={"method": "full", "adapter_learning_rate": 1e-3, "asset_close_up_share": 0.5}
    )
    settings = settings.model_copy(update={"personalization": own})
    run(workspace, settings, silent_job("personalize"))
    whole = outputs(workspace)
    for path in workspace.personalization.iterdir():
        path.unlink()
    run_until(workspace, settings, 5)
    run(workspace, settings, silent_job("personalize"))
    assert outputs(workspace) == whole


def test_a_step_reports_its_losses_speed_and_memory(workspace, settings):
    events: list[ProgressEvent] = []
    job = JobControl("personalize", events.append, threading.Event())
    run(workspace, settings, job)
    assert set(events[0].metrics) == {
        "album_loss", "attention_loss", "steps_per_second", "memory_mib",
    }  # fmt: skip
    assert set(events[-1].metrics) - set(events[0].metrics) == {
        "class_loss", "synthetic_color_loss", "synthetic_normal_loss",
    }  # fmt: skip
    assert events[-1].metrics["steps_per_second"] > 0
    assert events[-1].metrics["memory_mib"] > 50


def test_an_addition_that_the_encoder_would_not_read_is_refused_before_training(
    workspace, settings
):
    settings = settings.model_copy(update={"prompt_addition": "wearing a red hat " * 10})
    with pytest.raises(SettingsError, match="`prompt_addition` is too long"):
        run(workspace, settings, silent_job("personalize"))
    assert not workspace.personalization.exists()


def test_the_loaded_prior_speaks_of_the_person(workspace, settings, prior_folder, table):
    run(workspace, settings, silent_job("personalize"))
    personal = load_personalized_prior(prior_folder, workspace.personalization, "cpu")
    assert personal.subject == "woman"
    assert personal.assets == table.assets
    prompt = personal.prompt(None, "back", "full body", "normal map")
    assert prompt == (
        "a normal map of a woman with long <asset1> hair wearing a <asset2> t-shirt and "
        "<asset3> trousers, back view, full body"
    )
    assert personal.prompt(["top"], None, None, background="grey") == (
        "a photo of a woman wearing a <asset2> t-shirt, grey background"
    )
    worded = PersonalizedPrior(personal.prior, personal.subject, personal.assets, " in the rain ")
    assert worded.prompt(["top"], "back", None) == (
        personal.prompt(["top"], "back", None) + ", in the rain"
    )
    assert personal.prompt(None, "front", "head close-up") == (
        "a photo of a <asset0> woman with long <asset1> hair wearing a <asset2> t-shirt, "
        "front view, head close-up"
    )
    embeddings = personal.embed([prompt, "", prompt])
    assert torch.equal(embeddings.hidden[0], embeddings.hidden[2])
    torch.testing.assert_close(
        embeddings.hidden[:1], personal.prior.encode_prompts([prompt]).hidden
    )
    learned = load_file(workspace.personalization / "tokens.safetensors")
    row = personal.prior.tokenizer.convert_tokens_to_ids("<asset2>")
    assert torch.equal(
        personal.prior.text_encoder.get_input_embeddings().weight[row], learned["<asset2>"]
    )


def test_another_base_prior_is_refused(workspace, settings, prior_folder, tmp_path):
    run(workspace, settings, silent_job("personalize"))
    other = tmp_path / "other"
    for path in prior_folder.rglob("*"):
        if path.is_file():
            copy = other / path.relative_to(prior_folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(path.read_bytes())
    prior = load_prior(other)
    prior.unet.conv_in.bias.data += 1
    prior.unet.save_pretrained(other / "unet")
    with pytest.raises(ModelError, match="whose weights are not those in"):
        load_personalized_prior(other, workspace.personalization, "cpu")


def test_a_folder_that_is_not_whole_is_refused(workspace, prior_folder):
    with pytest.raises(ModelError, match=r"personalization\.json is missing"):
        load_personalized_prior(prior_folder, workspace.personalization, "cpu")


def test_too_many_long_names_are_refused_before_training(workspace, settings, table):
    long_names = tuple(
        asset.model_copy(update={"name": "qqqq zzzz jjjj xxxx wwww vvvv"}) for asset in table.assets
    )
    workspace.asset_table.write_text(
        table.model_copy(update={"assets": long_names}).model_dump_json()
    )
    with pytest.raises(ModelError, match="'qqqq zzzz jjjj xxxx wwww vvvv'"):
        run(workspace, settings, silent_job("personalize"))
    assert not workspace.personalization.exists()


def test_a_prompt_too_long_for_its_tokens_is_refused_when_used(prior):
    personal = PersonalizedPrior(prior, "man", [Asset(kind="bag", name="bag", token="<asset0>")])
    prior.tokenizer.add_tokens(["<asset0>"])
    with pytest.raises(ModelError, match="falls off the end"):
        personal.embed(["a " * 80 + "<asset0>"])


def test_a_mask_of_another_size_is_refused_by_name(workspace, settings):
    Image.fromarray(np.ones((5, 5), np.uint8)).save(workspace.mask("two"))
    with pytest.raises(AlbumError, match=r"two\.png is 5x5 pixels"):
        run(workspace, settings, silent_job("personalize"))


def test_masks_without_any_asset_are_refused(workspace, settings):
    for photo in ("one", "two"):
        Image.fromarray(np.zeros((64, 64), np.uint8)).save(workspace.mask(photo))
    with pytest.raises(AlbumError, match="shows an asset"):
        run(workspace, settings, silent_job("personalize"))


def trainer_of(prior, workspace, settings, table) -> Trainer:
    photos = load_photos(workspace, table)
    teach_words(prior, table, photos)
    data = prepare_data(prior, table, photos, settings, silent_job("personalize"), None)
    return Trainer(prior, data, settings.personalization, seed=0)


def test_a_step_repeated_learns_what_it_shows(prior, workspace, settings, table):
    """The same batch with the same noise, in the second phase: its losses fall."""
    trainer = trainer_of(prior, workspace, settings, table)
    losses = [trainer.train_step(settings.personalization.token_steps) for _ in range(15)]
    assert losses[-1]["album_loss"] < 0.9 * losses[0]["album_loss"]
    assert losses[-1]["class_loss"] < losses[0]["class_loss"]


class SmallPrior(Prior):
    """A prior on a device that holds the activations of two pictures."""

    def predict(self, noisy, timesteps, embeddings, residuals=None):
        if len(noisy) > 2:
            raise torch.OutOfMemoryError(f"CUDA out of memory. {len(noisy)} pictures")
        return super().predict(noisy, timesteps, embeddings, residuals)


def test_a_step_that_runs_out_of_memory_learns_the_same_in_parts(
    prior, prior_folder, workspace, settings, table
):
    step = settings.personalization.token_steps
    roomy = trainer_of(prior, workspace, settings, table)
    small_prior = SmallPrior(**vars(load_prior(prior_folder)))
    # Its class pictures are sampled where there is room, and shown where there is none.
    small = trainer_of(Prior(**vars(small_prior)), workspace, settings, table)
    small._prior = small_prior
    expected, found = roomy.train_step(step), small.train_step(step)
    assert small.memory.plan.at_once <= 2
    assert found == pytest.approx(expected, rel=1e-3)
    moments = {n: t for n, t in roomy.tensors().items() if n.endswith("exp_avg")}
    assert moments
    for name, moment in moments.items():
        largest = float(moment.abs().max())
        torch.testing.assert_close(
            small.tensors()[name], moment, rtol=1e-2, atol=1e-3 * largest + 1e-12
        )
    assert "at once" in small.memory.news()


TERMS = {
    "attention_weight": {"attention_loss": 0},
    "class_weight": {"class_loss": 2},
    "synthetic_color_weight": {"synthetic_color_loss": 1},
    "synthetic_normal_weight": {"synthetic_normal_loss": 1},
}
"""Setting to the term of the loss that it weighs, and the pictures that this shows at a step."""


@pytest.mark.parametrize("off", [*([name] for name in TERMS), list(TERMS)])
def test_a_term_that_is_switched_off_is_not_computed(prior, workspace, settings, table, off):
    """The network sees just the pictures of the other terms, and records attention for one only."""
    own = settings.personalization.model_copy(update=dict.fromkeys(off, 0.0))
    processors = dict(prior.unet.attn_processors)
    trainer = trainer_of(
        prior, workspace, settings.model_copy(update={"personalization": own}), table
    )
    is_untouched = prior.unet.attn_processors == processors
    shown: list[int] = []
    prior.unet.register_forward_pre_hook(lambda module, inputs: shown.append(len(inputs[0])))
    losses = trainer.train_step(own.token_steps)
    terms = {term: n for name in TERMS if name not in off for term, n in TERMS[name].items()}
    assert set(losses) == {"album_loss", *terms}
    assert shown == [own.batch_size + sum(terms.values())]
    assert is_untouched == ("attention_weight" in off)


def test_what_only_a_switched_off_term_needs_is_not_made(
    prior, workspace, settings, table, monkeypatch
):
    def refuse(*arguments: object) -> None:
        raise AssertionError("made in vain")

    for name in ("sample_class_latents", "render_synthetic_pictures"):
        monkeypatch.setattr(f"album2avatar.personalization.preparation.{name}", refuse)
    own = settings.personalization.model_copy(update=dict.fromkeys(TERMS, 0.0))
    run(
        workspace,
        settings.model_copy(update={"personalization": own}),
        silent_job("personalize"),
    )
