"""Tokens and adapters change what they should, and nothing else."""

import re
from pathlib import Path
from typing import get_args

import pytest
import torch
from safetensors.torch import load_file, save_file

from album2avatar.errors import ModelError, SettingsError
from album2avatar.prior.adapter import (
    adapter_tensors,
    add_adapter,
    load_adapter,
    merge_saved_adapter,
    parts_of,
    save_adapter,
)
from album2avatar.prior.embeddings import TextEmbeddings
from album2avatar.prior.full_update import FullUpdate
from album2avatar.prior.model import Prior, load_prior
from album2avatar.prior.prompt_limit import require_whole_prompt
from album2avatar.prior.tokens import (
    LearnedTokens,
    add_tokens,
    load_tokens,
    require_tokens_kept,
    save_tokens,
)
from tiny_priors import PERSON_WORDS, TinyClass, write_tiny_prior

PROMPT = "a photo of a <asset0> woman wearing a <asset1> t-shirt"
STARTS = {"<asset0>": "woman", "<asset1>": "red blue"}


@pytest.fixture(scope="module", params=get_args(TinyClass))
def prior_folder(request, tmp_path_factory) -> Path:
    """A tiny prior of each class."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    return write_tiny_prior(folder, request.param, "v_prediction", PERSON_WORDS, prompt_limit=64)


def tables_of(prior: Prior) -> list[torch.Tensor]:
    """Embedding tables of every text encoder."""
    return [
        reader.encoder.get_input_embeddings().weight.detach().clone() for reader in prior.readers
    ]


def predict(prior: Prior, embeddings: TextEmbeddings) -> torch.Tensor:
    latents = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    return prior.predict_noise(latents, torch.tensor([100, 800]), embeddings.expand(2))


def predict_with_gradient(prior: Prior, prompt: str) -> torch.Tensor:
    latents = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    return prior.predict(latents, torch.tensor([500]), prior.encode_prompts([prompt]))


def assert_same(first: TextEmbeddings, second: TextEmbeddings) -> None:
    torch.testing.assert_close(first.hidden, second.hidden)
    torch.testing.assert_close(first.pooled, second.pooled)


def train_adapter_a_little(prior: Prior, seed: int = 5) -> None:
    """Move every adapter weight off its start, where the update is zero."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in add_adapter(prior, rank=2, seed=0):
        noise = torch.randn(parameter.shape, generator=generator)
        parameter.data.add_(0.3 * noise)


def test_new_words_start_at_the_mean_of_known_ones(prior):
    ids = [prior.tokenizer(word, add_special_tokens=False).input_ids for word in ("red", "blue")]
    before = tables_of(prior)
    add_tokens(prior, STARTS)
    for old, new in zip(before, tables_of(prior), strict=True):
        assert torch.equal(new[: len(old)], old)
        expected = old[[i for word in ids for i in word]].mean(0)
        torch.testing.assert_close(new[prior.tokenizer.convert_tokens_to_ids("<asset1>")], expected)


def test_only_the_tokens_rows_learn_and_learn_in_every_encoder(prior):
    add_tokens(prior, STARTS)
    before = tables_of(prior)
    learned = LearnedTokens(prior, list(STARTS))
    optimizer = torch.optim.AdamW(learned.parameters(), lr=0.1)
    assert [name for name, _ in learned.named_parameters()] == ["values"]
    for _ in range(3):
        optimizer.zero_grad()
        predict_with_gradient(prior, PROMPT).square().sum().backward()
        optimizer.step()
    trained = prior.encode_prompts([PROMPT])
    learned.finish()
    ids = sorted(prior.tokenizer.convert_tokens_to_ids(token) for token in STARTS)
    for old, new in zip(before, tables_of(prior), strict=True):
        assert (new != old).any(1).nonzero()[:, 0].tolist() == ids
    assert_same(prior.encode_prompts([PROMPT]), trained)


def test_saved_tokens_mean_the_same_in_a_fresh_prior(prior, prior_folder, tmp_path):
    add_tokens(prior, STARTS)
    learned = LearnedTokens(prior, list(STARTS))
    learned.values.data.normal_(generator=torch.Generator().manual_seed(2))
    learned.finish()
    save_tokens(tmp_path / "tokens.safetensors", prior, STARTS)
    fresh = load_prior(prior_folder)
    assert load_tokens(tmp_path / "tokens.safetensors", fresh) == ("<asset0>", "<asset1>")
    assert_same(fresh.encode_prompts([PROMPT]), prior.encode_prompts([PROMPT]))


def test_tokens_of_another_text_encoder_are_refused(prior, tmp_path):
    save_file({"<asset0>": torch.zeros(7)}, tmp_path / "tokens.safetensors")
    widths = " \\+ ".join(str(table.shape[1]) for table in tables_of(prior))
    with pytest.raises(ModelError, match=f"<asset0> has 7 numbers.*need.? {widths}"):
        load_tokens(tmp_path / "tokens.safetensors", prior)


def test_a_token_beyond_the_encoders_limit_is_named(prior):
    add_tokens(prior, STARTS)
    names = {"<asset0>": "face", "<asset1>": "denim jacket"}
    require_tokens_kept(prior, PROMPT, names)
    with pytest.raises(ModelError, match="'denim jacket'"):
        require_tokens_kept(prior, "a <asset0> " + "red " * 70 + "<asset1> t-shirt", names)


CLAUSES = ("a <asset0> woman wearing a {}<asset1> t-shirt", "front view", "in the rain")


def prompt_that_keeps(prior: Prior, count: int) -> str:
    """All clauses, with so many words in the first that `count` of them fill the encoder."""
    spare = prior.prompt_limit - len(prior.tokenizer(", ".join(CLAUSES[:count])).input_ids)
    return ", ".join(CLAUSES).format("red " * (spare + 2))  # the braces were two tokens


@pytest.mark.parametrize(
    ("kept", "error", "says"),
    [
        (2, SettingsError, "`prompt_addition` is too long: with 'in the rain'"),
        (1, ModelError, "'front view' falls off"),
        (0, ModelError, "The asset 'denim jacket' (<asset1>) falls off"),
    ],
)
def test_the_clause_beyond_the_encoders_limit_is_named(prior, kept, error, says):
    """From the end: first the artist's words, then the view word, then an asset."""
    add_tokens(prior, STARTS)
    names = {"<asset0>": "face", "<asset1>": "denim jacket"}
    require_whole_prompt(prior, ", ".join(CLAUSES).format(""), names, CLAUSES[2])
    with pytest.raises(error, match=re.escape(says)) as caught:
        require_whole_prompt(prior, prompt_that_keeps(prior, kept), names, CLAUSES[2])
    if error is ModelError:
        assert "'denim jacket'" in str(caught.value)


def test_a_fresh_adapter_changes_no_prediction(prior):
    embeddings = prior.encode_prompts(["a photo of a woman"])
    before = predict(prior, embeddings)
    parameters = add_adapter(prior, rank=2, seed=0)
    assert torch.equal(predict(prior, prior.encode_prompts(["a photo of a woman"])), before)
    trained = {
        id(p)
        for network in (prior.unet, prior.vae, *(reader.encoder for reader in prior.readers))
        for p in network.parameters()
        if p.requires_grad
    }
    assert trained == {id(p) for p in parameters}


def test_the_same_seed_starts_the_same_adapter(prior_folder):
    first, second, other = (load_prior(prior_folder) for _ in range(3))
    torch.manual_seed(1)
    add_adapter(first, rank=2, seed=8)
    torch.manual_seed(2)
    add_adapter(second, rank=2, seed=8)
    add_adapter(other, rank=2, seed=9)
    tensors = [adapter_tensors(prior) for prior in (first, second, other)]
    assert all(torch.equal(tensors[0][name], tensors[1][name]) for name in tensors[0])
    assert any(not torch.equal(tensors[0][name], tensors[2][name]) for name in tensors[0])


def test_a_saved_adapter_predicts_the_same_in_a_fresh_prior(prior, prior_folder, tmp_path):
    plain = predict(prior, prior.encode_prompts(["a photo of a woman"]))
    train_adapter_a_little(prior)
    trained = predict(prior, prior.encode_prompts(["a photo of a woman"]))
    save_adapter(tmp_path, prior)
    fresh = load_prior(prior_folder)
    load_adapter(tmp_path, fresh)
    loaded = predict(fresh, fresh.encode_prompts(["a photo of a woman"]))
    assert (trained - plain).abs().max() > 0.01
    torch.testing.assert_close(loaded, trained, rtol=1e-4, atol=1e-4)


def test_an_adapter_reaches_every_text_encoder(prior, prior_folder, tmp_path):
    plain = prior.encode_prompts(["a photo of a woman"])
    train_adapter_a_little(prior)
    save_adapter(tmp_path, prior)
    fresh = load_prior(prior_folder)
    load_adapter(tmp_path, fresh)
    changed = fresh.encode_prompts(["a photo of a woman"])
    start = 0
    for table in tables_of(prior):
        part = slice(start, start := start + table.shape[1])
        assert (changed.hidden - plain.hidden)[..., part].abs().max() > 0.01
    if plain.pooled is not None:
        assert (changed.pooled - plain.pooled).abs().max() > 0.01


def test_two_albums_adapters_can_be_summed(prior_folder, tmp_path):
    """Each weight is the base's plus the share of either album's change; order doesn't matter."""
    folders = [tmp_path / "a", tmp_path / "b"]
    changed: list[Prior] = []
    for number, folder in enumerate(folders):
        trained = load_prior(prior_folder)
        train_adapter_a_little(trained, seed=number)
        save_adapter(folder, trained)
        changed.append(load_prior(prior_folder))
        load_adapter(folder, changed[-1])
    base, both = load_prior(prior_folder), load_prior(prior_folder)
    merge_saved_adapter(both, folders[0], 0.5)
    merge_saved_adapter(both, folders[1], 2.0)
    for part in parts_of(base):
        weights = zip(
            *(dict(getattr(p, part).named_parameters()).values() for p in (base, *changed, both)),
            strict=True,
        )
        for plain, first, second, summed in weights:
            expected = plain + 0.5 * (first - plain) + 2.0 * (second - plain)
            torch.testing.assert_close(summed, expected, rtol=1e-4, atol=1e-5)


def test_full_fine_tuning_survives_its_files(prior, prior_folder, tmp_path):
    """A fresh prior with the saved change predicts what the trained one does, to 8 bits of it."""
    plain = predict(prior, prior.encode_prompts(["a photo of a woman"]))
    tables = tables_of(prior)
    update = FullUpdate(prior)
    generator = torch.Generator().manual_seed(4)
    for parameter in update.parameters:
        parameter.data.add_(0.03 * torch.randn(parameter.shape, generator=generator))
    trained = predict(prior, prior.encode_prompts(["a photo of a woman"]))
    update.save(tmp_path)
    fresh = load_prior(prior_folder)
    load_adapter(tmp_path, fresh)
    loaded = predict(fresh, fresh.encode_prompts(["a photo of a woman"]))
    change = (trained - plain).abs().max()
    assert change > 0.01
    assert (loaded - trained).abs().max() < 0.02 * change
    assert all(map(torch.equal, tables_of(fresh), tables))


def test_a_full_update_of_another_network_is_refused_and_changes_nothing(prior, tmp_path):
    update = FullUpdate(prior)
    update.save(tmp_path)
    path = tmp_path / "adapter.safetensors"
    tensors = {name: torch.ones_like(tensor) for name, tensor in load_file(path).items()}
    tensors["unet.another.weight"] = torch.ones(3)
    save_file(tensors, path)
    before = {name: p.detach().clone() for name, p in prior.unet.named_parameters()}
    with pytest.raises(ModelError, match="doesn't fit this prior"):
        load_adapter(tmp_path, prior)
    assert all(torch.equal(p, before[name]) for name, p in prior.unet.named_parameters())


def test_an_adapter_of_another_network_is_refused(prior, prior_folder, tmp_path):
    train_adapter_a_little(prior)
    save_adapter(tmp_path, prior)
    path: Path = tmp_path / "adapter.safetensors"
    tensors = load_file(path)
    name = next(name for name in tensors if name.startswith("unet") and "lora_A" in name)
    tensors[name] = torch.zeros(2, 99)
    save_file(tensors, path)
    with pytest.raises(ModelError, match="doesn't fit this prior"):
        load_adapter(tmp_path, load_prior(prior_folder))
