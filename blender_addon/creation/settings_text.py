"""Settings that an artist types. Knows nothing of Blender."""

import json
from typing import Any, cast

from ..errors import AvatarError


def parse_settings(text: str) -> dict[str, Any]:
    """Read differences from a preset, written as JSON; nothing where the text is empty.

    Raises:
        AvatarError: it is no JSON object.
    """
    if not text.strip():
        return {}
    try:
        settings = json.loads(text)
    except ValueError as error:
        raise AvatarError(
            f"The settings are no JSON ({error}). Correct them, or clear the field."
        ) from error
    if not isinstance(settings, dict):
        raise AvatarError('Settings look like {"sculpt": {"steps": 200}}. Correct the field.')
    return cast(dict[str, Any], settings)
