"""A single network of diffusers' in a folder of its own: whole, safe, never from the network."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError

from album2avatar.errors import ModelError
from album2avatar.prior.weight_files import variant_on_disk

_STEM = "diffusion_pytorch_model"
_AGAIN = "Download or copy the whole folder again."


def read_network_config(folder: Path, class_name: str, what: str, form: str) -> Mapping[str, Any]:
    """Read `config.json` and see that it is of a class.

    Args:
        what: the network in an artist's words, such as `conditioner`.
        form: what its published format is called, such as `ControlNet`.

    Raises:
        ModelError: it is missing, damaged, or of another class.
    """
    path = folder / "config.json"
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise _incomplete(folder, what, "config.json is missing") from error
    except ValueError as error:
        raise ModelError(f"{path} is damaged ({error}). {_AGAIN}") from error
    name = config.get("_class_name") if isinstance(config, dict) else None
    if name != class_name:
        raise ModelError(
            f"{folder} holds a {name or 'model of unknown class'}, not a {class_name}. Choose a "
            f"folder in diffusers' {form} format."
        )
    return config


def load_network(
    folder: Path, network_class: Any, what: str, precision: torch.dtype, needed: str = ""
) -> Any:
    """Load a network, frozen, on the CPU.

    Args:
        network_class: of diffusers'.
        needed: beginning of the names of the weights that have to be there.

    Raises:
        ModelError: a file is missing or damaged, or the weights are a pickle (which can run
            code).
    """
    variant = _weights_variant(folder, what)
    try:
        network, report = network_class.from_pretrained(
            folder,
            torch_dtype=precision,
            local_files_only=True,
            use_safetensors=True,
            variant=variant,
            output_loading_info=True,
        )
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise ModelError(f"{folder} can't be loaded as a {what} ({reason}). {_AGAIN}") from error
    missing = sorted(name for name in report["missing_keys"] if name.startswith(needed))
    if missing:
        raise _incomplete(folder, what, f"its weights have no {missing[0]}")
    return network.requires_grad_(False).eval()


def _weights_variant(folder: Path, what: str) -> str | None:
    try:
        return variant_on_disk(folder, _STEM, what)
    except FileNotFoundError as error:
        raise _incomplete(folder, what, str(error)) from error


def _incomplete(folder: Path, what: str, reason: str) -> ModelError:
    return ModelError(f"{folder} is no complete {what}: {reason}. {_AGAIN}")
