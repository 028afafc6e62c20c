"""How the weight files of one network are named."""

import re
from collections.abc import Collection, Sequence
from pathlib import Path

from album2avatar.errors import ModelError

PICKLES = (".bin", ".pt", ".pth", ".ckpt")
"""Endings of weights that can run code when they are opened."""


def variant_on_disk(folder: Path, stem: str, what: str) -> str | None:
    """Which variant of a network's weights a folder holds: None for the plain files, else `fp16`.

    Args:
        what: the model in an artist's words.

    Raises:
        ModelError: there are only pickles, which can run code.
        FileNotFoundError: there are no weights.
    """
    names = [path.name for path in folder.iterdir()]
    found = whole_variant(names, stem, ("", "fp16"))
    if found is not None:
        return found[0] or None
    pickles = [name for name in names if name.endswith(PICKLES)]
    if pickles:
        raise ModelError(
            f"{folder / min(pickles)} is a pickle, which can run code when it is opened, and is "
            f"not loaded. Get the {what} with {stem}.safetensors instead, or convert it."
        )
    raise FileNotFoundError(f"{stem}.safetensors is missing")


def whole_variant(
    names: Collection[str], stem: str, preference: Sequence[str]
) -> tuple[str, tuple[str, ...]] | None:
    """Choose one set of safetensors files that holds all weights of a network.

    Args:
        names: of the files in the network's folder.
        stem: their common beginning, such as `diffusion_pytorch_model`.
        preference: variants, best first; an empty string is the plain files, `fp16` half
            precision.

    Returns:
        The variant and its files; None where no variant is whole.
    """
    for variant in preference:
        files = _files_of_variant(names, stem, variant)
        if files:
            return variant, files
    return None


def _files_of_variant(names: Collection[str], stem: str, variant: str) -> tuple[str, ...]:
    """One file, or an index with all the files that it is in the head of; else none."""
    dotted = f".{variant}" if variant else ""
    single = f"{stem}{dotted}.safetensors"
    if single in names:
        return (single,)
    index = f"{stem}.safetensors.index{dotted}.json"
    if index not in names:
        return ()
    # Older folders have the variant at the end: stem-00001-of-00002.fp16.safetensors.
    number = r"-(\d{5})-of-(\d{5})"
    pattern = re.compile(
        f"{re.escape(stem)}(?:{re.escape(dotted)}{number}|{number}{re.escape(dotted)})"
        r"\.safetensors"
    )
    matches = [match for name in sorted(names) if (match := pattern.fullmatch(name))]
    totals = {int(match[2] or match[4]) for match in matches}
    if totals != {len(matches)}:
        return ()
    return (index, *(match[0] for match in matches))
