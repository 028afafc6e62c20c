"""Pydantic models as JSON files of the workspace."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from album2avatar.errors import WorkspaceError
from album2avatar.files import write_bytes

M = TypeVar("M", bound=BaseModel)


def write_model(path: Path, model: BaseModel) -> None:
    """Write a model as indented JSON, atomically.

    Raises:
        WorkspaceError: the folder is not writable or the disk is full.
    """
    write_bytes(path, (model.model_dump_json(indent=2) + "\n").encode())


def read_model(path: Path, kind: type[M], remedy: str) -> M:
    """Read what `write_model` wrote.

    Args:
        remedy: a sentence that says how the file comes back.

    Raises:
        WorkspaceError: it is missing or damaged.
    """
    try:
        return kind.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise WorkspaceError(f"{path} is missing or damaged. {remedy}") from error
