"""A person is learned by, and distilled from, a prior of either class."""

from pathlib import Path
from typing import get_args

import pytest
import torch

from album2avatar.guidance.distillation import distillation_loss
from album2avatar.guidance.gradients import Rule
from album2avatar.personalization.stage import load_photos, prepare_data, run, teach_words
from album2avatar.personalization.training import Trainer
from album2avatar.prior.personalized import load_personalized_prior
from album2avatar.progress import silent_job
from tiny_priors import PERSON_WORDS, TinyClass, write_tiny_prior


@pytest.fixture(scope="module", params=get_args(TinyClass))
def prior_folder(request, tmp_path_factory) -> Path:
    """A tiny prior of each class, for which `settings` and `prior` of this folder stand too."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    return write_tiny_prior(folder, request.param, "v_prediction", PERSON_WORDS, prompt_limit=64)


def test_a_step_moves_every_token_in_every_text_encoder(prior, workspace, settings, table):
    photos = load_photos(workspace, table)
    teach_words(prior, table, photos)
    data = prepare_data(prior, table, photos, settings, silent_job("personalize"), None)
    trainer = Trainer(prior, data, settings.personalization, seed=0)
    before = trainer.tensors()["tokens"].detach().clone()
    for step in range(settings.personalization.token_steps):
        trainer.train_step(step)
    moved = (trainer.tensors()["tokens"].detach() - before).abs()
    widths = [reader.encoder.config.hidden_size for reader in prior.readers]
    shown = moved.amax(1) > 0
    assert shown.sum() >= 2
    for part in moved[shown].split(widths, dim=-1):
        assert (part.amax(1) > 0).all()


@pytest.mark.parametrize("method", ["nfsd", "sds", "csd", "bridge"])
def test_what_was_learned_is_distilled(workspace, settings, prior_folder, method):
    run(workspace, settings, silent_job("personalize"))
    personal = load_personalized_prior(prior_folder, workspace.personalization, "cpu")
    prompts = [personal.prompt(None, view, "full body") for view in ("front", "back")]
    images = torch.rand(2, 16, 16, 3, generator=torch.Generator().manual_seed(0))
    images.requires_grad_()
    distilled = distillation_loss(
        personal.prior,
        images,
        {
            "text": personal.embed(prompts),
            "unconditional": personal.embed([""]).expand(2),
            "negative": personal.embed(["a blue t-shirt"]).expand(2),
            "source": personal.embed(["a red t-shirt"]).expand(2),
        },
        torch.tensor([100, 700]),
        torch.Generator().manual_seed(1),
        Rule(method, 4.0),
    )
    distilled.loss.backward()
    assert images.grad.isfinite().all()
    assert (images.grad.abs().amax(dim=(1, 2, 3)) > 0).all()
    assert distilled.gradient_norm > 0


def test_what_was_learned_is_kept_in_half_precision(workspace, settings, prior_folder):
    run(workspace, settings, silent_job("personalize"))
    full, half = (
        load_personalized_prior(prior_folder, workspace.personalization, "cpu", precision=precision)
        for precision in (torch.float32, torch.bfloat16)
    )
    assert all(p.dtype == torch.bfloat16 for n in half.prior.networks for p in n.parameters())
    latents = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    prompt, timesteps = full.prompt(None, "front", "full body"), torch.tensor([400])
    expected, found = (
        personal.prior.predict_noise(latents, timesteps, personal.embed([prompt]))
        for personal in (full, half)
    )
    assert (found - expected).norm() < 0.03 * expected.norm()
