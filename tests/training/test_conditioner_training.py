"""Bodies lie under their clothes, and a conditioner learns to be led by them."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from album2avatar.assets import PIXEL_CLASSES
from album2avatar.errors import ModelError
from album2avatar.perception.model import Perceived
from album2avatar.prior.conditioner import Conditioner, load_conditioner
from album2avatar.prior.model import load_prior
from album2avatar.synthetic.bare_bodies import ARRAY_FILE, add_body_normals
from album2avatar.synthetic.dataset import write_dataset
from album2avatar.training.conditioner import (
    ConditionerTraining,
    held_out_led_loss,
    led_loss,
    make_conditioner,
    open_eyes,
    open_led_people,
    sample_led_batch,
    train_conditioner,
)
from album2avatar.training.conditioner_measurement import overlap
from album2avatar.training.loop import Loop, RateSchedule
from album2avatar.training.publishing import save_network
from toy_person import write_tiny_prior

TRAINING = ConditionerTraining(batch=4, caption_dropout=1.0)
"""The tiny prior knows few words."""


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "people"
    write_dataset(folder, "training", 12, 64, 0, 1)
    add_body_normals(folder)
    return folder


@pytest.fixture(scope="module")
def data(data_folder):
    return open_led_people(data_folder)


@pytest.fixture(scope="module")
def prior(tmp_path_factory: pytest.TempPathFactory):
    return load_prior(write_tiny_prior(tmp_path_factory.mktemp("models") / "tiny"))


def test_the_body_is_inside_of_the_person(data):
    body = (data.bodies != 128).any(-1)
    person = data.people.labels != PIXEL_CLASSES.index("background")
    assert body.sum() > 0.4 * person.sum()
    assert (body & person).sum() > 0.97 * body.sum()


def test_bare_skin_has_the_bodys_normals(data):
    """Where no cloth lies, both pictures show the same surface in the same pose and view."""
    face = data.people.labels == PIXEL_CLASSES.index("face")
    assert face.sum() > 100
    difference = data.bodies[face].astype(float) - data.people.normals[face]
    assert np.median(np.abs(difference)) <= 1
    others = np.roll(data.bodies, 1, 0)[face].astype(float) - data.people.normals[face]
    assert np.median(np.abs(others)) > 20


def test_bodies_are_not_drawn_for_something_else(tmp_path):
    with pytest.raises(ModelError, match="is no data set of synthetic people"):
        add_body_normals(tmp_path)


def test_a_data_set_without_bodies_says_how_to_draw_them(data_folder, tmp_path):
    bare = shutil.copytree(data_folder, tmp_path / "bare")
    (bare / ARRAY_FILE).unlink()
    with pytest.raises(ModelError, match=r"python -m album2avatar\.synthetic\.bare_bodies"):
        open_led_people(bare)
    np.save(bare / ARRAY_FILE, np.zeros((3, 64, 64, 3), np.uint8))
    with pytest.raises(ModelError, match="doesn't belong"):
        open_led_people(bare)


def test_an_untrained_conditioner_leaves_the_prior_as_it_is(prior, data):
    conditioner = Conditioner(make_conditioner(prior.unet))
    batch = sample_led_batch(data, TRAINING, 0)
    latents = torch.randn(4, 4, 8, 8)
    words = prior.conditions(prior.encode_prompts(batch.captions))
    found = conditioner.residuals(latents, batch.timesteps, words, batch.bodies)
    assert not any(residual.any() for residual in (*found.down, found.middle))


def test_it_sees_its_pictures_as_strongly_as_its_latents(prior, data):
    network = make_conditioner(prior.unet)
    bodies = sample_led_batch(data, TRAINING, 0).bodies
    open_eyes(network, bodies)
    seen = network.controlnet_cond_embedding(bodies.permute(0, 3, 1, 2))
    assert seen.mean((0, 2, 3)).abs().max() < 1e-4
    torch.testing.assert_close(seen.std((0, 2, 3)), torch.ones(16), atol=1e-3, rtol=0)
    found = Conditioner(network).residuals(
        torch.randn(4, 4, 8, 8),
        torch.full((4,), 500),
        prior.conditions(prior.encode_prompts([""] * 4)),
        bodies,
    )
    assert not any(residual.any() for residual in (*found.down, found.middle))


def test_its_convolutions_start_as_the_unets_own(prior):
    network, unet = make_conditioner(prior.unet).state_dict(), prior.unet.state_dict()
    for name in ("conv_in.weight", "down_blocks.1.resnets.0.conv1.weight"):
        assert torch.equal(network[name], unet[name])
    assert not any("attention" in name for name in network)


def test_a_batch_draws_high_noise_oftener(data):
    large = ConditionerTraining(batch=500)
    timesteps = sample_led_batch(data, large, 0).timesteps.float() / 1000
    assert timesteps.mean() == pytest.approx(2 / 3, abs=0.02)
    assert timesteps.min() < 0.1


def test_a_resumed_training_equals_an_uninterrupted_one(prior, data, tmp_path):
    def train_to(steps: int, folder: Path) -> dict[str, torch.Tensor]:
        schedule = RateSchedule(steps, peak=1e-2, rise_steps=1, fall_share=1e-9)
        loop = Loop(schedule, folder / "checkpoint.safetensors", save_every=2)
        published = []
        train_conditioner(prior, data, loop, TRAINING, lambda net, step: published.append(net))
        return published[-1].state_dict()

    whole = train_to(4, tmp_path / "whole")
    train_to(2, tmp_path / "halves")
    resumed = train_to(4, tmp_path / "halves")
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_a_step_repeated_learns_to_see_the_body(prior, data):
    network = make_conditioner(prior.unet)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    batch = sample_led_batch(data, TRAINING, 0)
    losses = []
    for _ in range(25):
        loss, _ = led_loss(prior, Conditioner(network), batch, torch.Generator().manual_seed(0))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.9 * losses[0]


def test_what_is_published_measures_as_it_was(prior, data, tmp_path):
    network = make_conditioner(prior.unet)
    torch.manual_seed(0)
    with torch.no_grad():
        network.controlnet_mid_block.weight.normal_(0, 0.3)
    save_network(network, tmp_path / "conditioner")
    loaded = load_conditioner(tmp_path / "conditioner", prior.unet)
    losses = [
        held_out_led_loss(prior, conditioner, data, TRAINING, batches=1)
        for conditioner in (Conditioner(network), loaded)
    ]
    assert losses[0] == pytest.approx(losses[1], rel=1e-3)


def test_overlap_is_intersection_over_union():
    body = np.full((4, 4, 3), 128, np.uint8)
    body[:, :2] = 200
    pixels = torch.zeros(len(PIXEL_CLASSES), 4, 4)
    pixels[0] = 0.5
    pixels[PIXEL_CLASSES.index("top"), :, 1:3] = 1.0
    seen = Perceived(pixels, PIXEL_CLASSES, torch.zeros(0, 3), (), {}, {})
    assert overlap(seen, body) == pytest.approx(4 / 12)
