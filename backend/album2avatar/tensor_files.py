"""Tensors with a JSON header in one safetensors file, whole or not there."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from album2avatar.errors import WorkspaceError
from album2avatar.files import atomic_path

_VERSION = 1


def write_tensors(
    path: Path, kind: str, tensors: Mapping[str, Tensor], header: Mapping[str, Any]
) -> None:
    """Write named tensors and a JSON header atomically.

    Args:
        kind: what the file holds, such as `canonical body`; checked when it is read.
    """
    whole = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    text = json.dumps({"kind": kind, "version": _VERSION, **header}, sort_keys=True)
    with atomic_path(path) as temporary:
        save_file(whole, temporary, metadata={"album2avatar": text})


def read_tensors(path: Path, kind: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Read what `write_tensors` wrote.

    Raises:
        WorkspaceError: the file is missing, damaged, or holds something else.
    """
    if not path.exists():
        raise WorkspaceError(
            f"{path} is missing. Run the same command again; the stage that makes it runs anew."
        )
    try:
        with safe_open(path, framework="pt") as file:  # type: ignore[no-untyped-call]
            header = json.loads((file.metadata() or {})["album2avatar"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        found = (header["kind"], header["version"])
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise damaged(path, error) from error
    if found != (kind, _VERSION):
        raise WorkspaceError(
            f"{path} holds a {found[0]} of version {found[1]}, not a {kind} of version "
            f"{_VERSION}. Delete this file, then run the same command again."
        )
    return tensors, header


def damaged(path: Path, error: Exception) -> WorkspaceError:
    """Error for a file whose content can't be what was written."""
    return WorkspaceError(
        f"{path} is damaged ({error}). Delete this file, then run the same command again; "
        "the stage that makes it runs anew."
    )
