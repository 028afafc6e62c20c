"""Settings of avatars that were made before a setting moved."""

from collections.abc import Mapping
from typing import Any

_SHARED = {
    "method": "method",
    "guidance_scale": "scale",
    "guidance_weight": "weight",
    "views_per_step": "views_per_step",
    "supersampling": "supersampling",
    "highest_timestep_first": "highest_timestep_first",
    "highest_timestep_last": "highest_timestep_last",
    "full_body_share": "full_body_share",
    "upper_body_share": "upper_body_share",
    "lower_body_share": "lower_body_share",
    "head_share": "head_share",
}
FORMER_NAMES: Mapping[str, Mapping[str, str]] = {"sculpt": _SHARED, "paint": _SHARED}
"""Section to names that it had, and what these are called in its `guidance`."""


def with_current_names(differences: Mapping[str, Any]) -> dict[str, Any]:
    """Settings in which former names are replaced; a current name that is also given wins."""
    current = dict(differences)
    for section, names in FORMER_NAMES.items():
        given = differences.get(section)
        if not isinstance(given, dict):
            continue
        moved = {names[name]: value for name, value in given.items() if name in names}
        rest = {name: value for name, value in given.items() if name not in names}
        guidance = rest.get("guidance", {})
        if moved and isinstance(guidance, dict):
            current[section] = {**rest, "guidance": {**moved, **guidance}}
    return current
