"""Presets and settings files: differences from the defaults, checked and merged."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from album2avatar.errors import SettingsError
from album2avatar.settings import Settings
from album2avatar.settings.former_names import with_current_names

_PRESETS = Path(__file__).parent / "presets"
_PUBLISHED = _PRESETS / "published"


class PresetNeeds(BaseModel):
    """What making an avatar with a preset took on a machine that is named."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    minutes: float
    memory_gib: float
    disk_gib: float
    measured_on: str


class PresetDescription(BaseModel):
    """A preset as an artist chooses it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    summary: str
    is_default: bool = False
    needs: PresetNeeds | None = None
    """None where nobody has measured it."""


class PublishedDescription(BaseModel):
    """A published system whose settings a preset reproduces within this code."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    summary: str
    sources: tuple[str, ...]
    """Paper, and file of the published code, that the settings were taken from."""
    differs: tuple[str, ...]
    """In what this code can't or doesn't follow it."""


def preset_descriptions() -> tuple[PresetDescription, ...]:
    """Every preset that an artist is offered, the default one first."""
    described = [
        PresetDescription.model_validate({"name": name, **_read_preset(name)["about"]})
        for name in _names_in(_PRESETS)
    ]
    return tuple(sorted(described, key=lambda preset: not preset.is_default))


def preset_names() -> tuple[str, ...]:
    """Names of the presets that come with the package, those of published systems last."""
    return _names_in(_PRESETS) + published_names()


def published_names() -> tuple[str, ...]:
    """Names of the presets that reproduce published systems."""
    return _names_in(_PUBLISHED)


def published_description(name: str) -> PublishedDescription:
    """What a preset of `published_names` reproduces."""
    return PublishedDescription.model_validate({"name": name, **_read_published(name)["about"]})


def published_method(name: str) -> dict[str, Any]:
    """What a published system does differently whatever its size: losses, weights, schedules and
    cameras, without model, steps, learning rates and resolutions."""
    return _read_published(name)["method"]


def load_preset(name: str) -> dict[str, Any]:
    """Differences from the default settings that a preset makes.

    Raises:
        SettingsError: there is no such preset.
    """
    if name in published_names():
        published = _read_published(name)
        return _merge(published["method"], published["scale"])
    if name not in preset_names():
        known = ", ".join(preset_names())
        raise SettingsError(f"Unknown preset '{name}'. Choose one of: {known}.")
    return _read_preset(name)["settings"]


def read_settings_file(path: Path) -> dict[str, Any]:
    """Read a JSON file of settings.

    Raises:
        SettingsError: the file can't be read or is no JSON object.
    """
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(
            f"Settings file {path} can't be read ({error.strerror}). Check its path."
        ) from error
    except ValueError as error:
        raise SettingsError(
            f"Settings file {path} is no JSON ({error}). Mend that place."
        ) from error
    if not isinstance(value, dict):
        raise SettingsError(f"Settings file {path} must hold a JSON object, such as {{}}.")
    return value


def parse_assignment(text: str) -> dict[str, Any]:
    """Turn `sculpt.steps=200` into `{"sculpt": {"steps": 200}}`.

    The value is read as JSON where it is JSON, else as a string.

    Raises:
        SettingsError: there is no `=` or no name before it.
    """
    name, separator, value = text.partition("=")
    if not separator or not name:
        raise SettingsError(f"'{text}' is no setting. Write it as section.name=value.")
    try:
        parsed: Any = json.loads(value)
    except ValueError:
        parsed = value
    for part in reversed(name.split(".")):
        parsed = {part: parsed}
    return parsed


def build_settings(differences: Sequence[Mapping[str, Any]]) -> Settings:
    """Merge differences, later ones win, and check the result.

    Raises:
        SettingsError: a name is unknown, or a value has the wrong type or range. The
            message names the field.
    """
    merged: dict[str, Any] = {}
    for difference in differences:
        merged = _merge(merged, with_current_names(difference))
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        raise SettingsError(_in_words(error)) from error


def _names_in(folder: Path) -> tuple[str, ...]:
    return tuple(sorted(path.stem for path in folder.glob("*.json")))


def _read_published(name: str) -> dict[str, Any]:
    """A file of the package: `about` it, its `method` and its `scale`."""
    return read_settings_file(_PUBLISHED / f"{name}.json")


def _read_preset(name: str) -> dict[str, Any]:
    """A file of the package: `about` it for artists, and its `settings`."""
    return read_settings_file(_PRESETS / f"{name}.json")


def _merge(base: Mapping[str, Any], difference: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in difference.items():
        below = result.get(key)
        if isinstance(below, dict) and isinstance(value, dict):
            result[key] = _merge(below, value)
        else:
            result[key] = value
    return result


def _in_words(error: ValidationError) -> str:
    problems: list[str] = []
    for problem in error.errors(include_url=False):
        field = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            problems.append(f"{field} is no known setting")
        else:
            problems.append(f"{field}: {problem['msg']}, but it is {problem['input']!r}")
    return "Settings are wrong: " + "; ".join(problems) + ". Mend or leave out these fields."
