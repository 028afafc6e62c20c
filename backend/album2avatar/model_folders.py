"""Where models live, and how a name becomes a folder."""

import os
from pathlib import Path

import platformdirs

from album2avatar.errors import ModelError

MODELS_VARIABLE = "ALBUM2AVATAR_MODELS"


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


def find_model(name_or_path: str) -> Path:
    """Find a model folder by path or by name.

    Raises:
        ModelError: there is no such folder.
    """
    direct = Path(name_or_path).expanduser()
    if direct.is_dir():
        return direct
    searched = model_search_path()
    for folder in searched:
        if (folder / name_or_path).is_dir():
            return folder / name_or_path
    places = ", ".join(str(folder) for folder in searched)
    raise ModelError(
        f"Model '{name_or_path}' was not found: it is no folder, and none of {places} has it. "
        f"Give the path of a model folder, or set {MODELS_VARIABLE} to where your models are."
    )
