"""Models on this computer: where they are, of which class, and how large."""

import json
from dataclasses import dataclass
from pathlib import Path

from album2avatar.errors import ModelError
from album2avatar.hub import Hub
from album2avatar.model_folders import model_search_path
from album2avatar.model_sources.needed_files import needed_files
from album2avatar.prior.model_class import INDEX_FILE, require_known_class


@dataclass(frozen=True)
class LocalModel:
    """A model folder."""

    name: str
    """What a setting calls it: its folder's name, or OWNER/NAME."""
    folder: Path
    class_name: str
    """For people; why it can't be used where it can't."""
    size: int
    """Bytes of all its files."""


def local_models(hub: Hub) -> tuple[LocalModel, ...]:
    """Every model of the models folders, then those of the hub's cache that can be told.

    Of two with one name the first is the one that the name means.
    """
    found: dict[str, LocalModel] = {}
    for place in model_search_path():
        for folder in sorted(path for path in place.glob("*") if path.is_dir()):
            found.setdefault(folder.name, _describe(folder.name, folder))
    for model_id in hub.cached_models():
        folder = hub.cached_folder(model_id)
        if folder is not None and (folder / INDEX_FILE).is_file():
            found.setdefault(model_id, _describe(model_id, folder))
    return tuple(found.values())


def class_name(folder: Path) -> str:
    """Class of the model in a folder, for people.

    Raises:
        ModelError: it is incomplete or of a class that can't be used.
    """
    needed_files(file_sizes(folder), str(folder))
    if (folder / "unet").is_dir():
        return require_known_class(folder).name
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        kinds = (config.get(key) for key in ("kind", "model_type", "_class_name"))
        return str(next((kind for kind in kinds if kind), "unknown"))
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(
            f"{folder / 'config.json'} is damaged ({error}). Copy it again."
        ) from error


def file_sizes(folder: Path) -> dict[str, int]:
    """Every file's name, with slashes, and its bytes."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.stat().st_size for path in sorted(files)}


def _describe(name: str, folder: Path) -> LocalModel:
    try:
        described = class_name(folder)
    except ModelError as error:
        described = f"can't be used: {error}"
    return LocalModel(name, folder, described, sum(file_sizes(folder).values()))
