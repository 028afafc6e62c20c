"""Where models live, and how a name becomes a folder."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

from album2avatar.errors import ModelError
from album2avatar.files import in_home

if TYPE_CHECKING:
    from album2avatar.hub import Hub

MODELS_VARIABLE = "ALBUM2AVATAR_MODELS"
_MODEL_ID = re.compile(r"\w[\w.-]*/\w[\w.-]*")


def model_search_path() -> tuple[Path, ...]:
    """Folders that are searched for models by name, first match wins.

    The folder named by the environment variable ALBUM2AVATAR_MODELS, the user's data
    folder, then the models that the package ships.
    """
    folders = [platformdirs.user_data_path("album2avatar") / "models", shipped_models()]
    variable = os.environ.get(MODELS_VARIABLE)
    if variable:
        folders.insert(0, Path(variable).expanduser())
    return tuple(folders)


def shipped_models() -> Path:
    """Folder of the demo models that come with the package."""
    return Path(__file__).parent / "models"


def find_model(name_or_path: str, hub: Hub | None = None) -> Path:
    """Find a model folder by path, by name, or by its id on the hub; never downloads.

    Args:
        name_or_path: a folder; the name of one below the models folders; or OWNER/NAME of a
            model that is in the hub's cache.
        hub: whose cache is looked into; the user's own where None.

    Raises:
        ModelError: there is no such folder.
    """
    direct = in_home(name_or_path)
    if direct.is_dir():
        return direct
    if direct.is_file():
        raise ModelError(
            f"{direct} is a single file, but a model is a folder. Convert the checkpoint to "
            "diffusers' folder format, or choose a model that comes as a folder."
        )
    searched = model_search_path()
    for folder in searched:
        if (folder / name_or_path).is_dir():
            return folder / name_or_path
    places = ", ".join(str(folder) for folder in searched)
    if is_model_id(name_or_path):
        cached = _folder_in_cache(name_or_path, hub)
        if cached is not None:
            return cached
        raise ModelError(
            f"Model '{name_or_path}' isn't on this computer: it is no folder, and neither {places} "
            "nor the hub's cache has it. See what it needs with `album2avatar models needed "
            f"{name_or_path}`, then download it with `album2avatar models get {name_or_path}`."
        )
    raise ModelError(
        f"Model '{name_or_path}' was not found: it is no folder, and none of {places} has it. "
        f"Give the path of a model folder, or set {MODELS_VARIABLE} to where your models are."
    )


def is_model_id(name: str) -> bool:
    """Whether a name is written as the hub writes its models: OWNER/NAME."""
    return _MODEL_ID.fullmatch(name) is not None


def _folder_in_cache(model_id: str, hub: Hub | None) -> Path | None:
    from album2avatar.hub import Hub  # its client takes time to load, and few models need it

    return (hub or Hub()).cached_folder(model_id)
