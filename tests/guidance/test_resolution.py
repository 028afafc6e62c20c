"""Smaller pictures early: which, when, and for how much less."""

from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from album2avatar.errors import SettingsError
from album2avatar.guidance.personal import PersonalGuidance
from album2avatar.guidance.resolution import picture_size
from album2avatar.model_folders import find_model
from album2avatar.presets import build_settings
from album2avatar.prior.model import load_prior
from album2avatar.prior.personalized import PersonalizedPrior
from album2avatar.settings import GuidanceSettings
from tiny_priors import PERSON_WORDS, write_tiny_prior

SCHEDULE = ((0.0, 0.5), (0.4, 0.75), (0.8, 1.0))
VIEWS = ("full body", "head close-up")


@pytest.fixture(scope="module", params=["sd", "sdxl"])
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("models")
    return write_tiny_prior(
        root / request.param, request.param, words=PERSON_WORDS, prompt_limit=64
    )


def judge(prior_folder: Path, resolution, step: int) -> tuple[torch.Tensor, int]:
    """Gradient of pictures of the size that a step wants, and its price but for the words."""
    personal = PersonalizedPrior(load_prior(prior_folder), "woman", [])
    settings = GuidanceSettings(method="csd", resolution=resolution)
    guidance = PersonalGuidance(personal, settings, 10)
    size = guidance.picture_size(step)
    images = torch.rand(2, size, size, 3, generator=torch.manual_seed(0)).requires_grad_()
    prompts = [personal.prompt(None, "front", framing) for framing in VIEWS]
    personal.embed([*prompts, ""])
    with FlopCounterMode(display=False) as counter:
        generator = torch.Generator().manual_seed(1)
        guidance.distil(step, VIEWS, images, prompts, generator).loss.backward()
    assert images.grad is not None
    return images.grad, counter.get_total_flops()


def test_sizes_change_where_the_schedule_says():
    sizes = [picture_size(SCHEDULE, step / 10, 512, 64) for step in range(10)]
    assert sizes == [256] * 4 + [384] * 4 + [512] * 2


@pytest.mark.parametrize(
    ("share", "image_size", "multiple", "expected"),
    [
        (0.5, 64, 16, 32),
        (0.6, 64, 16, 32),
        (0.7, 64, 16, 48),
        (0.25, 24, 16, 16),
        (1.0, 24, 16, 24),
    ],
)
def test_sizes_are_those_that_the_networks_halve_evenly(share, image_size, multiple, expected):
    """All but the prior's own, which it was made for."""
    assert picture_size(((0.0, share),), 0.5, image_size, multiple) == expected


def test_the_demo_prior_takes_multiples_of_sixteen_pixels():
    assert load_prior(find_model("demo-prior")).size_multiple == 16


def test_smaller_pictures_cost_less_and_pull_every_pixel(folder):
    small, cheap = judge(folder, SCHEDULE, 0)
    whole, price = judge(folder, SCHEDULE, 9)
    assert small.shape == (2, 8, 8, 3)
    assert whole.shape == (2, 16, 16, 3)
    assert (small.abs().amax(-1) > 0).all()
    assert cheap < 0.35 * price  # a quarter of the pixels; the words cost the same


def test_without_a_schedule_the_prior_is_asked_at_its_own_size(folder):
    pulled, _ = judge(folder, GuidanceSettings().resolution, 0)
    assert pulled.shape == (2, 16, 16, 3)


@pytest.mark.parametrize(
    ("resolution", "wrong"),
    [
        ([], "rise from 0"),
        ([[0.2, 1]], "rise from 0"),
        ([[0, 1], [0.5, 0.5], [0.4, 1]], "rise from 0"),
        ([[0, 0.1]], "0.25 to 2"),
    ],
)
def test_a_schedule_that_leaves_steps_without_a_size_is_refused(resolution, wrong):
    with pytest.raises(SettingsError, match=wrong):
        build_settings([{"sculpt": {"guidance": {"resolution": resolution}}}])
