"""Reading a folder of transformers: from the disk, safetensors only, errors in words."""

import json
from collections.abc import Collection, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from album2avatar.errors import ModelError

_TOKENIZERS = ("tokenizer.json", "vocab.txt", "vocab.json")
"""One of these knows the words; without any, transformers makes up a tokenizer without words."""


def check_folder(folder: Path, title: str, model_types: Collection[str], setting: str) -> None:
    """See that a folder holds the right kind of model, with weights that are safe to open.

    Args:
        title: what the folder should hold.
        model_types: the same in its configuration's words.
        setting: name of the setting that chose it.

    Raises:
        ModelError: it doesn't.
    """
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        found = config.get("model_type")
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(
            f"{folder} is no {title} model: its config.json is missing or damaged. Download the "
            "whole folder again."
        ) from error
    if found not in model_types:
        raise ModelError(
            f"{folder} holds a model of type '{found}', not a {title}. Choose another one in the "
            f"setting {setting}."
        )
    if not any((folder / words).is_file() for words in _TOKENIZERS):
        raise ModelError(
            f"{folder} is no whole {title} model: tokenizer.json is missing. Download it again."
        )
    name = "model.safetensors"
    if (folder / name).is_file() or (folder / f"{name}.index.json").is_file():
        return
    pickles = [*folder.glob("*.bin"), *folder.glob("*.pt"), *folder.glob("*.pth")]
    if pickles:
        raise ModelError(
            f"{pickles[0]} is a pickle, which can run code when it is opened, and is not loaded. "
            f"Get the model with {name} instead, or convert it."
        )
    raise ModelError(f"{folder} is no whole {title} model: {name} is missing. Download it again.")


@contextmanager
def described(folder: Path, title: str) -> Generator[None]:
    """Turn what transformers raises while it reads a folder into a sentence.

    Raises:
        ModelError: in place of it.
    """
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        reason = str(error).strip().splitlines()[0][:200] if str(error) else type(error).__name__
        raise ModelError(
            f"{folder} can't be loaded as a {title} model ({reason}). Download the whole folder "
            "again."
        ) from error


def pretrained(model_class: Any, folder: Path) -> Any:
    """Read a model as float32 on the CPU.

    Raises:
        ValueError: weights are missing from the file.
    """
    model, told = model_class.from_pretrained(
        folder,
        local_files_only=True,
        use_safetensors=True,
        trust_remote_code=False,
        dtype=torch.float32,
        output_loading_info=True,
    )
    missing = sorted(told["missing_keys"])
    if missing:
        raise ValueError(f"{len(missing)} weights are missing, {missing[0]} among them")
    return model
