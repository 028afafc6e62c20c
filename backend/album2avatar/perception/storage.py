"""The model folder: `config.json` and `network.safetensors`."""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from album2avatar.errors import ModelError
from album2avatar.files import atomic_path, write_json
from album2avatar.perception.network import (
    NetworkConfig,
    PerceptionNetwork,
    config_from_json,
    config_to_json,
)

_KIND = "album2avatar-perception"


def save_perception(folder: Path, config: NetworkConfig, weights: Mapping[str, Tensor]) -> None:
    """Write a model folder; weights as float16, whose rounding no score notices."""
    small = {name: tensor.detach().half().contiguous() for name, tensor in weights.items()}
    with atomic_path(folder / "network.safetensors") as temporary:
        save_file(small, temporary)
    write_json(folder / "config.json", {"kind": _KIND, "version": 1, **config_to_json(config)})


def load_network(folder: Path, device: torch.device | str = "cpu") -> PerceptionNetwork:
    """Read a model folder, ready to predict.

    Raises:
        ModelError: it is not a perception model's folder, or it is damaged.
    """
    try:
        values = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        if values.get("kind") != _KIND:
            raise ModelError(
                f"{folder} holds a model of another kind. Give the folder of a perception "
                "model, or set segmentation.provider to masks."
            )
        network = PerceptionNetwork(config_from_json(values))
        weights = load_file(folder / "network.safetensors")
        network.load_state_dict({name: tensor.float() for name, tensor in weights.items()})
    except (OSError, ValueError, KeyError, TypeError, SafetensorError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise ModelError(
            f"{folder} is no whole perception model ({reason}). Install album2avatar again, "
            "or train it with scripts/train_perception."
        ) from error
    network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    return network.to(device).eval().requires_grad_(False)
