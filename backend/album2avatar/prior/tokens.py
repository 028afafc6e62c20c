"""New words of the prior's text encoder."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from album2avatar.errors import ModelError
from album2avatar.files import atomic_path
from album2avatar.prior.model import Prior


def add_tokens(prior: Prior, starts: Mapping[str, str]) -> None:
    """Teach the tokenizer and the text encoder new words, in memory.

    Args:
        prior: changed in place; its folder is not.
        starts: new word to the known words at whose mean embedding it starts, for example
            `{"<asset3>": "red"}`.
    """
    tokenizer, encoder = prior.tokenizer, prior.text_encoder
    known = {
        token: tokenizer(words, add_special_tokens=False).input_ids
        for token, words in starts.items()
    }
    tokenizer.add_tokens(list(starts))
    encoder.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    table = _embedding(prior).weight
    table.requires_grad_(False)
    for token, ids in known.items():
        table[_token_id(tokenizer, token)] = table[ids].mean(0)


class LearnedTokens(nn.Module):
    """The embeddings of new words as parameters of their own.

    While attached they stand in for their rows of the embedding table, which itself takes
    no gradient: nothing else of the table can change.
    """

    def __init__(self, prior: Prior, tokens: Sequence[str]) -> None:
        super().__init__()
        embedding = _embedding(prior)
        self._ids = [_token_id(prior.tokenizer, token) for token in tokens]
        self._embedding = [embedding]  # in a list, so that it is no submodule of this one
        self.values = nn.Parameter(embedding.weight[self._ids].detach().clone())
        """(N, C), one row for each token."""
        self._slots = torch.full((embedding.num_embeddings,), -1, device=self.values.device)
        self._slots[self._ids] = torch.arange(len(self._ids), device=self.values.device)
        self._hook = embedding.register_forward_hook(self._replace)

    def finish(self) -> None:
        """Write the learned rows into the table and detach."""
        self._hook.remove()
        with torch.no_grad():
            self._embedding[0].weight[self._ids] = self.values

    def _replace(self, module: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> Tensor:
        slots = self._slots[inputs[0]]
        return torch.where(slots[..., None] >= 0, self.values[slots.clamp(min=0)], output)


def save_tokens(path: Path, prior: Prior, tokens: Iterable[str]) -> None:
    """Write the embeddings of the given words, one tensor (C,) under each word."""
    table = _embedding(prior).weight.detach().cpu()
    rows = {token: table[_token_id(prior.tokenizer, token)].clone() for token in tokens}
    with atomic_path(path) as temporary:
        save_file(rows, temporary)


def load_tokens(path: Path, prior: Prior) -> tuple[str, ...]:
    """Add the words of a file to the prior, in memory, and return them.

    Raises:
        ModelError: the file is missing or damaged, or belongs to a text encoder of another size.
    """
    try:
        rows = load_file(path)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path} can't be read ({error}). Personalise the album again.") from error
    width = _embedding(prior).embedding_dim
    for token, row in rows.items():
        if row.shape != (width,):
            raise ModelError(
                f"{path}: token {token} has {row.numel()} numbers, this prior's text encoder "
                f"needs {width}. Use the prior that the album was personalised with."
            )
    tokens = tuple(sorted(rows))
    add_tokens(prior, dict.fromkeys(tokens, "a"))
    table = _embedding(prior).weight
    with torch.no_grad():
        for token in tokens:
            table[_token_id(prior.tokenizer, token)] = rows[token].to(table)
    return tokens


def require_tokens_kept(prior: Prior, prompt: str, names: Mapping[str, str]) -> None:
    """Check that the text encoder reads every new word of a prompt.

    Args:
        prior: whose tokenizer knows the words.
        prompt: as given to the encoder.
        names: new word to the asset's name, for the message.

    Raises:
        ModelError: the prompt is so long that a word falls off its end.
    """
    limit = prior.prompt_limit
    kept = prior.tokenizer(prompt, truncation=True, max_length=limit).input_ids
    for token, name in names.items():
        if token in prompt and _token_id(prior.tokenizer, token) not in kept:
            raise ModelError(
                f"The asset '{name}' ({token}) falls off the end of the prompt: the prior's text "
                f"encoder reads {limit} pieces of words. Give the assets shorter names in "
                "segmentation/assets.json, or remove one."
            )


def _embedding(prior: Prior) -> nn.Embedding:
    embedding = prior.text_encoder.get_input_embeddings()
    assert isinstance(embedding, nn.Embedding)
    return embedding


def _token_id(tokenizer: Any, token: str) -> int:
    return int(tokenizer.convert_tokens_to_ids(token))
