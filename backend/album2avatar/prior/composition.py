"""Tokens and adapters of several albums as one set.

Low-rank updates add up: the sum of two updates B1 A1 and s B2 A2 is again one, whose factors are
the given ones side by side. So what two albums learned can be used together without training, and
is loaded as if one album had learned it.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from album2avatar.errors import ModelError
from album2avatar.files import atomic_path, write_json
from album2avatar.prior.adapter import CONFIG_FILE, WEIGHTS_FILE


def combine_tokens(target: Path, sources: Sequence[tuple[Path, Mapping[str, str]]]) -> None:
    """Write a token file with words of several others.

    Args:
        sources: token files, each with the words to take from it, and what they are called in
            the new file.

    Raises:
        ModelError: a file is damaged, or lacks a word.
    """
    rows: dict[str, Tensor] = {}
    for path, names in sources:
        found = _read(path)
        for old, new in names.items():
            if old not in found:
                raise ModelError(f"{path} has no token {old}. Personalise that album again.")
            rows[new] = found[old]
    with atomic_path(target) as temporary:
        save_file(rows, temporary)


def concatenate_adapters(target: Path, sources: Sequence[tuple[Path, float]]) -> None:
    """Write the weighted sum of adapters into a folder.

    Args:
        sources: folders with an adapter each, and its weight.

    Raises:
        ModelError: a file is damaged, or the adapters belong to different networks.
    """
    tensors = [_read(folder / WEIGHTS_FILE) for folder, _ in sources]
    if any(set(other) != set(tensors[0]) for other in tensors[1:]):
        raise ModelError(
            f"The adapters in {', '.join(str(folder) for folder, _ in sources)} adapt different "
            "layers and can't be used together. Personalise both albums with the same model and "
            "method."
        )
    joined: dict[str, Tensor] = {}
    for name in tensors[0]:
        parts = [found[name] for found in tensors]
        if "lora_A" in name:
            joined[name] = torch.cat(parts, dim=0)
        else:
            scaled = [part * scale for part, (_, scale) in zip(parts, sources, strict=True)]
            joined[name] = torch.cat(scaled, dim=1)
    with atomic_path(target / WEIGHTS_FILE) as temporary:
        save_file({name: tensor.contiguous() for name, tensor in joined.items()}, temporary)
    write_json(
        target / CONFIG_FILE, _joined_config([_read_config(folder) for folder, _ in sources])
    )


def _read(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise ModelError(
            f"{path} can't be read ({error}). Personalise that album again."
        ) from error


def _read_config(folder: Path) -> dict[str, dict[str, Any]]:
    path = folder / CONFIG_FILE
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
        if any(
            part["peft_type"] != "LORA" or part["r"] != part["lora_alpha"]
            for part in config.values()
        ):
            raise ValueError("it is no plain low-rank adapter")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(
            f"{path} can't be used in a swap ({error}). Personalise that album again, with "
            "personalization.method lora."
        ) from error
    return config


def _joined_config(configs: Sequence[dict[str, dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    return {
        part: {
            **described,
            "r": sum(config[part]["r"] for config in configs),
            "lora_alpha": sum(config[part]["r"] for config in configs),
        }
        for part, described in configs[0].items()
    }
