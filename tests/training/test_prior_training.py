"""Captions say what is told, and a resumed training equals an uninterrupted one."""

import json

import numpy as np
import pytest
import torch
from torch import nn

from album2avatar.assets import PIXEL_CLASSES
from album2avatar.errors import ModelError
from album2avatar.prior.model import Prior
from album2avatar.prior.prompts import AssetPhrase
from album2avatar.seeding import torch_generator
from album2avatar.training.architecture import (
    make_autoencoder,
    make_scheduler,
    make_text_encoder,
    make_unet,
)
from album2avatar.training.captions import FILLERS, SYNONYMS, write_caption
from album2avatar.training.dataset import open_dataset
from album2avatar.training.loop import Loop, RateSchedule, Trainee, train
from album2avatar.training.phrases import parts_of
from album2avatar.training.scenes import training_cast
from album2avatar.training.text import Reader, collect_answers, facts_of, reading_loss
from album2avatar.training.tokenizer import build_tokenizer
from album2avatar.training.unet import UnetTraining, denoising_loss, sample_batch


@pytest.fixture(scope="module")
def cast():
    return training_cast(60)


@pytest.fixture(scope="module")
def captions(cast):
    generator = np.random.default_rng(0)
    return [write_caption(cast.sample(generator), generator) for _ in range(1500)]


@pytest.fixture(scope="module")
def tokenizer(captions, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tokenizer")
    return build_tokenizer([caption.text for caption in captions], folder)


@pytest.fixture
def data_folder(tmp_path, cast):
    """A data set of noise in the generator's format."""
    generator = np.random.default_rng(0)
    count = 12
    for name in ("images", "normals"):
        np.save(
            tmp_path / f"{name}.npy", generator.integers(0, 256, (count, 64, 64, 3), dtype=np.uint8)
        )
    np.save(tmp_path / "labels.npy", generator.integers(0, 12, (count, 64, 64), dtype=np.uint8))
    records = []
    for _ in range(count):
        scene = cast.sample(generator)
        phrases = {phrase.kind: phrase.words for phrase in scene.phrases}
        records.append(
            {
                "subject": scene.subject,
                "phrases": phrases,
                "view": scene.view,
                "framing": scene.framing,
                "background": scene.background,
            }
        )
    (tmp_path / "records.jsonl").write_text("\n".join(map(json.dumps, records)) + "\n")
    return tmp_path


def test_phrases_come_apart_into_colours_pattern_and_name():
    assert parts_of(AssetPhrase("top", "red and white striped tank top")) == {
        "name": "tank top",
        "color": "red",
        "second color": "white",
        "pattern": "striped",
    }
    assert parts_of(AssetPhrase("hair", "long brown hair")) == {
        "name": "long hair",
        "color": "brown",
    }
    assert parts_of(AssetPhrase("shoes", "bare feet")) == {"name": "bare feet"}


def test_captions_hold_every_word_that_they_claim_to_tell(captions):
    for caption in captions:
        words = caption.text.replace(",", " ").split()
        for question, answer in facts_of(caption.told).items():
            for word in answer.replace("background", "").split():
                known = {word, *SYNONYMS.get(word, ())}
                assert known & set(words), f"{question} '{answer}' is not in: {caption.text}"


def test_captions_leave_out_what_they_do_not_tell(cast, captions):
    """A caption without a view word tells no view, and so on."""
    assert any(caption.told.view is None for caption in captions)
    for caption in captions:
        assert (caption.told.view is not None) == (" view" in caption.text)
        assert (caption.told.background is not None) == (" background" in caption.text)


def test_normal_maps_are_never_given_a_background(captions):
    normal = [caption for caption in captions if caption.told.style == "normal map"]
    assert len(normal) > 200
    assert all("normal" in caption.text for caption in normal)
    assert all("background" not in caption.text for caption in normal)


def test_unknown_words_stand_before_bare_class_words(captions):
    """That is where a learned token will stand."""
    texts = " ".join(caption.text for caption in captions)
    assert sum(f" {filler} t-shirt" in texts for filler in FILLERS) > 3
    assert sum(f"a {filler} woman" in texts for filler in FILLERS) > 3


def test_the_tokenizer_knows_words_whole_and_reads_anything(tokenizer, captions):
    for caption in captions[:20]:
        assert len(tokenizer.tokenize(caption.text)) <= 2 * len(caption.text.split()) + 8
    assert tokenizer.tokenize("zürich ☂") != []
    assert tokenizer.model_max_length == 64


def test_reading_can_be_learned(tokenizer, captions, cast):
    """A few steps on few captions: the loss falls far below that of guessing."""
    torch.manual_seed(0)
    generator = np.random.default_rng(2)
    reader = Reader(collect_answers(cast.sample(generator) for _ in range(1500)))
    encoder = make_text_encoder(tokenizer)
    trainee = Trainee({"encoder": encoder, "reader": reader}, weight_decay=0.0)
    places = torch.zeros(2, dtype=torch.long)
    losses = []
    for step in range(16):
        loss, metrics = reading_loss(encoder, reader, tokenizer, captions[:2], places)
        losses.append(float(loss.detach()))
        trainee.step(loss, 2e-3, step)
    assert losses[-1] < 0.3 * losses[0]
    assert metrics["right"] > 0.6


def test_rates_rise_stay_and_fall():
    schedule = RateSchedule(steps=1000, peak=1.0, rise_steps=100, fall_share=0.5)
    assert schedule.at(0) == pytest.approx(0.01)
    assert schedule.at(300) == 1.0
    assert schedule.at(999) == pytest.approx(0.02, abs=0.003)
    longer = RateSchedule(steps=1400, peak=1.0, rise_steps=100, fall_share=0.5)
    assert all(longer.at(step) == schedule.at(step) for step in range(500))


def _train_small(path, steps):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(3, 8), nn.Tanh(), nn.Linear(8, 1))
    trainee = Trainee({"net": network}, weight_decay=0.01)

    def loss_of_step(step):
        inputs = torch.randn(16, 3, generator=torch_generator(0, "test", step))
        return (network(inputs) - inputs.sum(1, keepdim=True)).square().mean(), {}

    # The rate must not depend on the number of steps here.
    schedule = RateSchedule(steps, peak=1e-2, rise_steps=5, fall_share=1e-9)
    train(trainee, Loop(schedule, path, save_every=4), loss_of_step)
    return trainee


def test_a_resumed_training_is_bit_identical(tmp_path):
    whole = _train_small(tmp_path / "whole.safetensors", 12)
    _train_small(tmp_path / "parts.safetensors", 7)
    resumed = _train_small(tmp_path / "parts.safetensors", 12)
    for name, parameter in whole.parameters.items():
        assert torch.equal(parameter, resumed.parameters[name]), name
        assert torch.equal(whole.averages[name], resumed.averages[name]), name


def test_averages_include_every_weight_and_follow_slowly(tmp_path):
    trainee = _train_small(tmp_path / "run.safetensors", 12)
    averaged = trainee.averaged("net")
    assert averaged.keys() == trainee.networks["net"].state_dict().keys()
    assert not torch.equal(averaged["0.weight"], trainee.parameters["net.0.weight"])


def test_a_batch_depends_on_its_step_only(data_folder):
    dataset = open_dataset(data_folder)
    training = UnetTraining(batch=8)
    first, again = sample_batch(dataset, training, 5), sample_batch(dataset, training, 5)
    assert first.captions == again.captions
    assert torch.equal(first.pictures, again.pictures)
    assert (first.timesteps // 125).tolist() == list(range(8))
    assert first.captions != sample_batch(dataset, training, 6).captions
    assert float(first.weights.mean()) == pytest.approx(1, abs=1e-4)


def test_head_weighs_more_than_body_and_background_least(data_folder):
    labels = np.zeros((12, 64, 64), np.uint8)
    labels[:, :20] = PIXEL_CLASSES.index("face")
    labels[:, 20:40] = PIXEL_CLASSES.index("top")
    np.save(data_folder / "labels.npy", labels)
    weights = open_dataset(data_folder).weights(np.arange(2))
    face, top, background = (float(weights[0, 0, row, 0]) for row in (5, 30, 60))
    assert face > top > background > 0


def test_one_step_lowers_the_loss_of_its_own_batch(data_folder, tokenizer):
    torch.manual_seed(0)
    unet, encoder = make_unet(), make_text_encoder(tokenizer)
    vae = make_autoencoder().requires_grad_(False)
    prior = Prior(tokenizer, encoder, unet, vae, make_scheduler())
    trainee = Trainee({"unet": unet, "text": encoder}, weight_decay=0.0)
    batch = sample_batch(open_dataset(data_folder), UnetTraining(batch=2), 0)

    def loss():
        return denoising_loss(prior, batch, torch_generator(0, "same noise"))[0]

    before = loss()
    trainee.step(before, 1e-4, 0)
    assert float(loss().detach()) < float(before.detach())


def test_a_folder_that_is_no_data_set_is_refused(tmp_path, data_folder):
    with pytest.raises(ModelError, match=r"images\.npy"):
        open_dataset(tmp_path / "nowhere")
    (data_folder / "records.jsonl").write_text("{}\n")
    with pytest.raises(ModelError, match="1 records"):
        open_dataset(data_folder)
