"""New words of the prior's text encoders."""

import functools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import PreTrainedModel

from album2avatar.errors import ModelError
from album2avatar.files import atomic_path
from album2avatar.prior.model import Prior, Reader


def add_tokens(prior: Prior, starts: Mapping[str, str]) -> None:
    """Teach the tokenizers and the text encoders new words, in memory.

    Args:
        prior: changed in place; its folder is not.
        starts: new word to the known words at whose mean embedding it starts, for example
            `{"<asset3>": "red"}`.
    """
    for tokenizer, encoder in prior.readers:
        known = {
            token: tokenizer(words, add_special_tokens=False).input_ids
            for token, words in starts.items()
        }
        tokenizer.add_tokens(list(starts))
        encoder.resize_token_embeddings(len(tokenizer), mean_resizing=False)
        table = _embedding(encoder).weight
        table.requires_grad_(False)
        for token, ids in known.items():
            table[_token_id(tokenizer, token)] = table[ids].mean(0)


class LearnedTokens(nn.Module):
    """The embeddings of new words as parameters of their own.

    While attached they stand in for their rows of the embedding tables, which themselves take
    no gradient: nothing else of the tables can change.
    """

    def __init__(self, prior: Prior, tokens: Sequence[str]) -> None:
        super().__init__()
        self._tables = [_TableRows(reader, tokens) for reader in prior.readers]
        rows = torch.cat([table.read() for table in self._tables], dim=-1)
        self.values = nn.Parameter(rows)
        """(N, C), one row for each token; in the SDXL class the rows of both text encoders side by
        side."""
        self._hooks = [
            table.embedding.register_forward_hook(functools.partial(self._replace, number))
            for number, table in enumerate(self._tables)
        ]

    def finish(self) -> None:
        """Write the learned rows into the tables and detach."""
        for hook in self._hooks:
            hook.remove()
        for table, rows in zip(self._tables, self._parts(), strict=True):
            table.write(rows.detach())

    def _parts(self) -> tuple[Tensor, ...]:
        """Each text encoder's share of the rows."""
        return self.values.split([table.embedding.embedding_dim for table in self._tables], dim=-1)

    def _replace(
        self, number: int, module: nn.Module, inputs: tuple[Any, ...], output: Tensor
    ) -> Tensor:
        slots = self._tables[number].slots[inputs[0]]
        rows = self._parts()[number]
        learned = rows[slots.clamp(min=0)].to(output.dtype)
        return torch.where(slots[..., None] >= 0, learned, output)


class _TableRows:
    """The rows of one text encoder's embedding table that belong to some words."""

    def __init__(self, reader: Reader, tokens: Iterable[str]) -> None:
        self.embedding = _embedding(reader.encoder)
        self._ids = [_token_id(reader.tokenizer, token) for token in tokens]
        device = self.embedding.weight.device
        self.slots = torch.full((self.embedding.num_embeddings,), -1, device=device)
        """(vocabulary,) which of the words each row belongs to; -1 where to none."""
        self.slots[self._ids] = torch.arange(len(self._ids), device=device)

    def read(self) -> Tensor:
        """(N, C) float32, a copy: steps of learning would be lost in half precision."""
        return self.embedding.weight.detach()[self._ids].float()

    @torch.no_grad()
    def write(self, rows: Tensor) -> None:
        """Set the rows to (N, C), or all to one row (C,)."""
        self.embedding.weight[self._ids] = rows.to(self.embedding.weight)


def save_tokens(path: Path, prior: Prior, tokens: Iterable[str]) -> None:
    """Write the embeddings of the given words, one tensor (C,) under each word.

    In the SDXL class it is the rows of both text encoders, one after the other.
    """
    words = list(tokens)
    tables = [_TableRows(reader, words).read() for reader in prior.readers]
    rows = torch.cat(tables, dim=-1).cpu()
    with atomic_path(path) as temporary:
        save_file({word: row.clone() for word, row in zip(words, rows, strict=True)}, temporary)


def load_tokens(path: Path, prior: Prior) -> tuple[str, ...]:
    """Add the words of a file to the prior, in memory, and return them.

    Raises:
        ModelError: the file is missing or damaged, or belongs to text encoders of other sizes.
    """
    try:
        rows = load_file(path)
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path} can't be read ({error}). Personalise the album again.") from error
    widths = [_embedding(reader.encoder).embedding_dim for reader in prior.readers]
    for token, row in rows.items():
        if row.shape != (sum(widths),):
            raise ModelError(
                f"{path}: token {token} has {row.numel()} numbers, this prior's "
                f"{_encoders_need(widths)}. Use the prior that the album was personalised with."
            )
    tokens = tuple(sorted(rows))
    add_tokens(prior, dict.fromkeys(tokens, "a"))
    for token in tokens:
        for reader, row in zip(prior.readers, rows[token].split(widths), strict=True):
            _TableRows(reader, [token]).write(row)
    return tokens


def _encoders_need(widths: Sequence[int]) -> str:
    if len(widths) == 1:
        return f"text encoder needs {widths[0]}"
    return f"text encoders need {' + '.join(map(str, widths))}"


def require_tokens_kept(prior: Prior, prompt: str, names: Mapping[str, str]) -> None:
    """Check that the text encoder reads every new word of a prompt.

    Args:
        prior: whose tokenizer knows the words.
        prompt: as given to the encoder.
        names: new word to the asset's name, for the message.

    Raises:
        ModelError: the prompt is so long that a word falls off its end.
    """
    for tokenizer, _ in prior.readers:
        limit = prior.prompt_limit
        kept = tokenizer(prompt, truncation=True, max_length=limit).input_ids
        for token, name in names.items():
            if token in prompt and _token_id(tokenizer, token) not in kept:
                raise ModelError(
                    f"The asset '{name}' ({token}) falls off the end of the prompt: the prior's "
                    f"text encoder reads {limit} pieces of words. Give the assets shorter names in "
                    "segmentation/assets.json, or remove one."
                )


def _embedding(encoder: PreTrainedModel) -> nn.Embedding:
    embedding = encoder.get_input_embeddings()
    assert isinstance(embedding, nn.Embedding)
    return embedding


def _token_id(tokenizer: Any, token: str) -> int:
    return int(tokenizer.convert_tokens_to_ids(token))
