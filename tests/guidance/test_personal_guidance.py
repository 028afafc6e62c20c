"""Heads are judged by the face's adapter, everything else by the body's."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from album2avatar.errors import ModelError, SettingsError
from album2avatar.guidance.calls import mean_calls
from album2avatar.guidance.distillation import distillation_loss
from album2avatar.guidance.gradients import Rule
from album2avatar.guidance.personal import PersonalGuidance, group_by_expert
from album2avatar.guidance.timesteps import TimestepSchedule, sample_timesteps
from album2avatar.prior.adapter import add_adapter, load_adapter, save_adapter
from album2avatar.prior.model import load_prior
from album2avatar.prior.personalized import (
    FACE_FOLDER,
    TOKENS_FILE,
    PersonalizedPrior,
    load_personalized_prior,
    load_record,
    save_record,
)
from album2avatar.prior.tokens import add_tokens, load_tokens, save_tokens
from album2avatar.settings import GuidanceSettings
from toy_person import ASSETS, write_tiny_prior, write_workspace

PROMPT = "a photo of a <asset0> person"
SETTINGS = GuidanceSettings(negative_prompt="blurry")
FRAMINGS = ("full body", "head close-up", None, "head close-up", "upper body")


@pytest.fixture(scope="module")
def prior_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_prior(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture
def body_folder(prior_folder, tmp_path) -> Path:
    """A personalisation with one adapter."""
    return write_workspace(tmp_path / "avatar", prior_folder).personalization


@pytest.fixture
def both_folder(prior_folder, body_folder, tmp_path) -> Path:
    """The same with a face's adapter that says something else."""
    both = shutil.copytree(body_folder, tmp_path / "both")
    prior = load_prior(prior_folder)
    add_tokens(prior, {asset.token: "grey" for asset in ASSETS})
    torch.manual_seed(5)
    for parameter in add_adapter(prior, 2, seed=1):
        parameter.data.normal_(0, 0.3)
    save_tokens(both / FACE_FOLDER / TOKENS_FILE, prior, [asset.token for asset in ASSETS])
    save_adapter(both / FACE_FOLDER, prior)
    save_record(both, load_record(both).model_copy(update={"has_face": True}))
    return both


def noise_of(personal: PersonalizedPrior) -> torch.Tensor:
    """What a prior says of one latent."""
    prior = personal.prior
    latents = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(2))
    return prior.predict_noise(latents, torch.tensor([400]), personal.embed([PROMPT]))


def distil(
    personal: PersonalizedPrior, framings: Any, settings: GuidanceSettings = SETTINGS, step: int = 3
) -> tuple[float, torch.Tensor]:
    """Norm and image gradient for fixed images and draws, at a step of ten."""
    count = len(framings)
    images = torch.rand(count, 16, 16, 3, generator=torch.Generator().manual_seed(3))
    images.requires_grad_()
    guidance = PersonalGuidance(personal, settings, steps=10)
    found = guidance.distil(
        step, framings, images, [PROMPT] * count, torch.Generator().manual_seed(4)
    )
    found.loss.backward()
    assert images.grad is not None
    return found.gradient_norm, images.grad


def test_one_adapter_is_asked_about_every_framing(prior_folder, body_folder):
    personal = load_personalized_prior(prior_folder, body_folder, "cpu")
    assert group_by_expert(personal, FRAMINGS) == [(personal, [0, 1, 2, 3, 4])]


def test_with_one_adapter_nothing_differs_from_plain_distillation(prior_folder, body_folder):
    personal = load_personalized_prior(prior_folder, body_folder, "cpu")
    norm, gradient = distil(personal, FRAMINGS)
    images = torch.rand(5, 16, 16, 3, generator=torch.Generator().manual_seed(3)).requires_grad_()
    words = {"text": PROMPT, "unconditional": "", "negative": "blurry"}
    rows = {name: personal.embed([prompt] * 5) for name, prompt in words.items()}
    generator = torch.Generator().manual_seed(4)
    timesteps = sample_timesteps(TimestepSchedule(0.02, 0.98, 0.5), 3, 10, 5, 1000, generator)
    plain = distillation_loss(personal.prior, images, rows, timesteps, generator, Rule("nfsd", 7.5))
    plain.loss.backward()
    assert torch.equal(gradient, images.grad)
    assert norm == pytest.approx(plain.gradient_norm)


def test_heads_are_judged_by_the_face_and_the_rest_by_the_body(
    prior_folder, body_folder, both_folder
):
    body = load_personalized_prior(prior_folder, body_folder, "cpu")
    both = load_personalized_prior(prior_folder, both_folder, "cpu")
    groups = group_by_expert(both, FRAMINGS)
    assert [rows for _, rows in groups] == [[0, 2, 4], [1, 3]]
    alone = load_prior(prior_folder)
    load_tokens(both_folder / FACE_FOLDER / TOKENS_FILE, alone)
    load_adapter(both_folder / FACE_FOLDER, alone)
    face = PersonalizedPrior(alone, "person", ASSETS)
    assert torch.equal(noise_of(groups[0][0]), noise_of(body))
    assert torch.equal(noise_of(groups[1][0]), noise_of(face))
    assert (noise_of(body) - noise_of(face)).abs().max() > 1e-3


def test_a_batch_of_one_framing_is_judged_as_by_its_adapter_alone(
    prior_folder, body_folder, both_folder
):
    body = load_personalized_prior(prior_folder, body_folder, "cpu")
    both = load_personalized_prior(prior_folder, both_folder, "cpu")
    of_body = ["full body", "lower body"]
    assert torch.equal(distil(both, of_body)[1], distil(body, of_body)[1])
    heads = ["head close-up"] * 2
    assert torch.equal(distil(both, heads)[1], distil(both.for_framing(heads[0]), heads)[1])
    assert not torch.equal(distil(both, heads)[1], distil(body, heads)[1])


def test_a_mixed_batch_weighs_every_view_alike(prior_folder, body_folder):
    """The same adapter twice: only the noise is drawn in another order."""
    one = load_personalized_prior(prior_folder, body_folder, "cpu")
    twin = PersonalizedPrior(
        one.prior, one.subject, one.assets, face=PersonalizedPrior(one.prior, "person", ASSETS)
    )
    framings = ["full body", "full body", "head close-up"]  # in order: the noise is the same
    norm, gradient = distil(one, framings)
    norm_of_two, gradient_of_two = distil(twin, framings)
    torch.testing.assert_close(gradient_of_two, gradient, rtol=1e-3, atol=1e-7)
    assert norm_of_two == pytest.approx(norm, rel=1e-4)


def test_what_no_adapter_changed_is_in_memory_once(prior_folder, both_folder):
    both = load_personalized_prior(prior_folder, both_folder, "cpu")
    body, face = both.prior, both.for_framing("head close-up").prior
    assert face.vae is body.vae
    own = {name: p.data_ptr() for name, p in body.unet.named_parameters()}
    shared = {n: p.data_ptr() == own[n] for n, p in face.unet.named_parameters()}
    assert shared["conv_in.weight"]
    assert shared["mid_block.resnets.0.conv1.weight"]
    assert not any(is_shared for name, is_shared in shared.items() if name.endswith("to_q.weight"))


def test_a_face_that_is_missing_is_said(prior_folder, both_folder):
    shutil.rmtree(both_folder / FACE_FOLDER)
    with pytest.raises(ModelError, match="face"):
        load_personalized_prior(prior_folder, both_folder, "cpu")


def test_the_bridge_begins_as_plain_distillation_and_then_reads_the_source(
    prior_folder, body_folder
):
    personal = load_personalized_prior(prior_folder, body_folder, "cpu")
    bridge = GuidanceSettings(method="bridge", source_prompt="blurry", source_from=0.5)
    plain, otherwise = (
        bridge.model_copy(update=changed)
        for changed in ({"method": "sds"}, {"source_prompt": "red"})
    )
    assert torch.equal(
        distil(personal, FRAMINGS, bridge, 4)[1], distil(personal, FRAMINGS, plain, 4)[1]
    )
    late = [distil(personal, FRAMINGS, each, 5)[1] for each in (bridge, plain, otherwise)]
    assert not torch.equal(late[0], late[1])
    assert not torch.equal(late[0], late[2])


def test_words_of_the_source_that_the_prior_can_not_read_are_refused_at_the_first_step(
    prior_folder, body_folder
):
    personal = load_personalized_prior(prior_folder, body_folder, "cpu")
    settings = GuidanceSettings(method="bridge", source_prompt="oversaturated, " * 40)
    with pytest.raises(SettingsError, match=r"guidance\.source_prompt"):
        distil(personal, FRAMINGS, settings, 0)


def test_a_prior_whose_word_has_no_weight_is_not_asked(prior_folder, body_folder):
    personal = load_personalized_prior(prior_folder, body_folder, "cpu")
    guidance = PersonalGuidance(personal, GuidanceSettings(weight=0), 10)
    pictures = torch.rand(2, 16, 16, 3)
    found = guidance.distil(0, FRAMINGS[:2], pictures, [PROMPT] * 2, torch.Generator())
    assert (float(found.loss), found.prior_calls) == (0.0, 0)


@pytest.mark.parametrize(
    "settings",
    [
        GuidanceSettings(method="nfsd", highest_timestep_first=0.25, highest_timestep_last=0.25),
        GuidanceSettings(method="nfsd", highest_timestep_first=0.98, highest_timestep_last=0.1),
        GuidanceSettings(method="bridge", source_prompt="blurry", source_from=0.5, scale=1),
        GuidanceSettings(method="csd"),
    ],
    ids=["little noise", "falling noise", "two rules", "one rule"],
)
def test_the_prior_is_asked_as_often_as_expected(prior_folder, body_folder, settings):
    personal = load_personalized_prior(prior_folder, body_folder, "cpu")
    guidance = PersonalGuidance(personal, settings, 40)
    pictures, generator = torch.rand(8, 16, 16, 3), torch.Generator().manual_seed(0)
    asked = sum(
        guidance.distil(step, ["full body"] * 8, pictures, [PROMPT] * 8, generator).prior_calls
        for step in range(40)
    )
    assert asked / (40 * 8) == pytest.approx(mean_calls(settings, 40), rel=0.01)


@pytest.mark.parametrize(
    ("words", "ending"),
    [
        ("view and framing", ", back view, upper body"),
        ("view", ", back view"),
        ("framing", ", upper body"),
        ("none", ""),
    ],
)
def test_prompts_say_as_much_of_the_camera_as_is_wanted(prior_folder, body_folder, words, ending):
    """What is seen is named all the same: no face from behind, no trousers above the hips."""
    personal = load_personalized_prior(prior_folder, body_folder, "cpu")
    guidance = PersonalGuidance(personal, GuidanceSettings(prompt_words=words), 10)
    said = "a photo of a person with <asset0> hair wearing a <asset1> shirt and <asset2> trousers"
    assert guidance.prompt(None, "back", "upper body") == said + ending
    garment = guidance.prompt({"bottom"}, "back", None, "normal map", "grey")
    view = ", back view" if "view" in words else ""
    assert garment == f"a normal map of a person wearing <asset2> trousers{view}, grey background"
