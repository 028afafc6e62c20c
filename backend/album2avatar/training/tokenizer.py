"""A byte-pair tokenizer in CLIP's file format, learned from captions."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import CLIPTokenizer

from album2avatar.files import write_bytes, write_json
from album2avatar.training.architecture import PROMPT_LIMIT

_START, _END = "<|startoftext|>", "<|endoftext|>"
_WORD_END = "</w>"
# CLIP's own division of text into words, numbers and signs.
_WORDS = (
    r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d"
    r"|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
)


def build_tokenizer(
    captions: Iterable[str], folder: Path, vocabulary_size: int = 1600
) -> CLIPTokenizer:
    """Learn the merges from captions and save the tokenizer to a folder.

    Any text can be tokenized, because every byte is a token; words of the captions become
    one token each.

    Args:
        captions: sentences; a word must occur 10 times to be merged whole.
        folder: where `vocab.json`, `merges.txt` and the configuration go.
        vocabulary_size: upper bound of the number of tokens.
    """
    tokenizer = Tokenizer(
        models.BPE(continuing_subword_prefix="", end_of_word_suffix=_WORD_END, unk_token=_END)
    )
    tokenizer.normalizer = normalizers.Sequence(
        [normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_WORDS), behavior="removed", invert=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary_size,
        end_of_word_suffix=_WORD_END,
        initial_alphabet=alphabet,
        min_frequency=10,
        show_progress=False,
    )
    tokenizer.train_from_iterator(captions, trainer)
    merges = [tuple(pair) for pair in json.loads(tokenizer.to_str())["model"]["merges"]]
    # CLIP's order: bytes, bytes that end a word, merges, specials.
    tokens = [*alphabet, *(a + _WORD_END for a in alphabet), *(a + b for a, b in merges)]
    ordered = [*dict.fromkeys(tokens), _START, _END]
    vocabulary = {token: index for index, token in enumerate(ordered)}
    pairs: Any = merges
    result = CLIPTokenizer(vocab=vocabulary, merges=pairs, model_max_length=PROMPT_LIMIT)
    result.save_pretrained(folder)
    # Newer transformers write tokenizer.json only; the two classic files make the folder
    # readable everywhere.
    write_json(folder / "vocab.json", vocabulary)
    lines = ["#version: 0.2", *(" ".join(pair) for pair in merges)]
    write_bytes(folder / "merges.txt", ("\n".join(lines) + "\n").encode())
    return result
