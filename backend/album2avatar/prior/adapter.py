"""LoRA adapters of the prior, through peft; and what any saved update adds to the weights."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from peft import (
    LoraConfig,
    get_peft_model_state_dict,
    inject_adapter_in_model,
    set_peft_model_state_dict,
)
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from album2avatar.errors import ModelError
from album2avatar.files import atomic_path, write_json
from album2avatar.prior.model import Prior
from album2avatar.seeding import torch_generator

TARGETS: dict[str, tuple[str, ...]] = {
    "unet": ("to_q", "to_k", "to_v", "to_out.0", "ff.net.0.proj", "ff.net.2"),
    "text_encoder": ("q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"),
    "text_encoder_2": ("q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"),
}
"""Attention and feed-forward layers, by submodule of the prior; those that it doesn't have are
passed over."""

WEIGHTS_FILE = "adapter.safetensors"
CONFIG_FILE = "adapter.json"
_DOWN, _UP = ".lora_A.weight", ".lora_B.weight"


def add_adapter(prior: Prior, rank: int, seed: int) -> list[nn.Parameter]:
    """Put an untrained adapter into the prior, in memory; predictions stay as they were.

    Args:
        prior: changed in place; all of its own weights stop taking gradients.
        rank: of the low-rank updates.
        seed: of the initial values, which are drawn layer by layer and so don't depend on
            the order in which a library visits them.

    Returns:
        The adapter's parameters, in an order that doesn't change from run to run.
    """
    prior.vae.requires_grad_(False)
    parameters: list[nn.Parameter] = []
    for part, targets in _targets_of(prior).items():
        module: nn.Module = getattr(prior, part)
        module.requires_grad_(False)
        inject_adapter_in_model(_config(rank, targets), module)
        for name, parameter in sorted(_adapter_parameters(module).items()):
            parameter.data = parameter.data.float()  # on a layer of any precision
            if "lora_A" in name:
                generator = torch_generator(seed, "adapter", part, name)
                start = torch.randn(parameter.shape, generator=generator) / rank
                parameter.data.copy_(start)
            parameters.append(parameter)
    return parameters


class LowRankUpdate:
    """An adapter in a prior, as the thing that learns in personalisation."""

    def __init__(self, prior: Prior, rank: int, seed: int) -> None:
        self._prior = prior
        self.parameters = add_adapter(prior, rank, seed)
        """What learns, in an order that doesn't change from run to run."""

    def tensors(self) -> dict[str, Tensor]:
        """The adapter's weights, for a checkpoint."""
        return adapter_tensors(self._prior)

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Go back to the weights of `tensors`; raises ModelError where they don't fit."""
        restore_adapter(self._prior, tensors)

    def save(self, folder: Path) -> None:
        """Write the adapter's files."""
        save_adapter(folder, self._prior)


def adapter_tensors(prior: Prior) -> dict[str, Tensor]:
    """The adapter's weights under `<part>.<layer>.lora_A.weight` names."""
    return {
        f"{part}.{name}": tensor
        for part in _targets_of(prior)
        for name, tensor in get_peft_model_state_dict(getattr(prior, part)).items()
    }


def restore_adapter(prior: Prior, tensors: Mapping[str, Tensor]) -> None:
    """Put weights from `adapter_tensors` into an adapter that `add_adapter` made.

    Raises:
        ModelError: they belong to another network.
    """
    for part in _targets_of(prior):
        own = {
            name.removeprefix(f"{part}."): tensor
            for name, tensor in tensors.items()
            if name.startswith(f"{part}.")
        }
        module: nn.Module = getattr(prior, part)
        expected = {name: t.shape for name, t in get_peft_model_state_dict(module).items()}
        if expected != {name: tensor.shape for name, tensor in own.items()}:
            raise ModelError(
                f"The adapter doesn't fit this prior's {part}. Use the prior that the album was "
                "personalised with, or personalise it again."
            )
        set_peft_model_state_dict(module, own)


def save_adapter(folder: Path, prior: Prior) -> None:
    """Write `adapter.safetensors` and `adapter.json` into a folder."""
    tensors = {name: t.detach().cpu().contiguous() for name, t in adapter_tensors(prior).items()}
    with atomic_path(folder / WEIGHTS_FILE) as temporary:
        save_file(tensors, temporary)
    rank = next(t.shape[0] for name, t in tensors.items() if "lora_A" in name)
    configs = {part: _config(rank, targets) for part, targets in _targets_of(prior).items()}
    write_json(
        folder / CONFIG_FILE,
        {
            part: {
                "peft_type": "LORA",
                "r": config.r,
                "lora_alpha": config.lora_alpha,
                "target_modules": sorted(TARGETS[part]),
            }
            for part, config in configs.items()
        },
    )


def load_adapter(folder: Path, prior: Prior) -> None:
    """Add what an album's personalisation learned to the prior's weights, in memory.

    The update is merged into the layers, so that the network costs what it did before.

    Raises:
        ModelError: a file is missing or damaged, or belongs to another network.
    """
    merge_saved_adapter(prior, folder, 1.0)


@torch.no_grad()
def merge_saved_adapter(prior: Prior, folder: Path, scale: float) -> None:
    """Add a saved update, times `scale`, to the prior's weights, in memory.

    Updates of several albums can be summed so, one after the other. A negative scale takes an
    update away again, up to rounding.

    Raises:
        ModelError: a file is missing or damaged, or belongs to another network; the prior is
            then as it was.
    """
    changes = _saved_changes(folder)
    weights = {
        f"{part}.{name}": weight
        for part in parts_of(prior)
        for name, weight in getattr(prior, part).named_parameters()
    }
    for name, change in changes.items():
        if name not in weights or weights[name].shape != change.shape:
            raise ModelError(
                f"The adapter in {folder} doesn't fit this prior ({name}). Use the prior that the "
                "album was personalised with, or personalise it again."
            )
    for name, change in changes.items():
        weights[name].add_(change.to(weights[name]), alpha=scale)


def _saved_changes(folder: Path) -> dict[str, Tensor]:
    """Name of a parameter, with its part in front, to its change."""
    try:
        config = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
        tensors = load_file(folder / WEIGHTS_FILE)
        if config.get("method") == "full":
            return tensors
        layers = sorted(key.removesuffix(_DOWN) for key in tensors if key.endswith(_DOWN))
        return {
            f"{layer}.weight": tensors[layer + _UP] @ tensors[layer + _DOWN] for layer in layers
        }
    except (OSError, SafetensorError, ValueError, KeyError, AttributeError, RuntimeError) as error:
        raise ModelError(
            f"The adapter in {folder} can't be read ({error}). Personalise the album again."
        ) from error


def parts_of(prior: Prior) -> tuple[str, ...]:
    """The submodules of a prior that can learn."""
    return tuple(_targets_of(prior))


def _targets_of(prior: Prior) -> dict[str, tuple[str, ...]]:
    return {part: layers for part, layers in TARGETS.items() if getattr(prior, part) is not None}


def _config(rank: int, targets: tuple[str, ...]) -> LoraConfig:
    # alpha = rank: the update is B A without a further factor.
    return LoraConfig(r=rank, lora_alpha=rank, target_modules=list(targets))


def _adapter_parameters(module: nn.Module) -> dict[str, Any]:
    return {n: p for n, p in module.named_parameters() if "lora_" in n}
