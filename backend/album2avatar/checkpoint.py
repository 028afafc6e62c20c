"""Checkpoints of optimisation: named tensors and a step, in one safetensors file."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from album2avatar.errors import WorkspaceError
from album2avatar.files import atomic_path


@dataclass(frozen=True)
class Checkpoint:
    """State of a stage after `step` steps."""

    step: int
    tensors: Mapping[str, Tensor]
    metadata: Mapping[str, Any]


def save_checkpoint(
    path: Path,
    step: int,
    tensors: Mapping[str, Tensor],
    metadata: Mapping[str, Any] | None = None,
) -> None:
    """Write a checkpoint atomically; the one before it stays until this one is whole."""
    whole = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    header = {"step": str(step), "metadata": json.dumps(dict(metadata or {}))}
    with atomic_path(path) as temporary:
        save_file(whole, temporary, metadata=header)


def load_checkpoint(path: Path) -> Checkpoint | None:
    """Read a checkpoint; None where there is none.

    Raises:
        WorkspaceError: the file is damaged.
    """
    if not path.exists():
        return None
    try:
        with safe_open(path, framework="pt") as file:  # type: ignore[no-untyped-call]
            header = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return Checkpoint(int(header["step"]), tensors, json.loads(header["metadata"]))
    except (SafetensorError, KeyError, ValueError) as error:
        raise WorkspaceError(
            f"{path} is damaged ({error}). Delete this file; the stage then starts again."
        ) from error


def optimizer_tensors(optimizer: torch.optim.Optimizer, prefix: str) -> dict[str, Tensor]:
    """Flatten an optimizer's state into named tensors.

    Every value of Adam's state is a tensor; the hyper-parameters belong to the settings.
    """
    state = optimizer.state_dict()["state"]
    return {
        f"{prefix}.{index}.{name}": torch.as_tensor(value)
        for index, values in state.items()
        for name, value in values.items()
    }


def restore_optimizer(
    optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor], prefix: str
) -> None:
    """Put back what `optimizer_tensors` flattened."""
    whole = optimizer.state_dict()
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith(prefix + "."):
            index, key = name[len(prefix) + 1 :].split(".", 1)
            state.setdefault(int(index), {})[key] = _like(parameters[int(index)], tensor)
    optimizer.load_state_dict({"state": state, "param_groups": whole["param_groups"]})


def _like(parameter: Tensor, tensor: Tensor) -> Tensor:
    """Copy in the parameter's memory layout, which fused optimizers take for granted."""
    if tensor.shape != parameter.shape:
        return tensor.clone()
    return torch.empty_like(parameter).copy_(tensor)
