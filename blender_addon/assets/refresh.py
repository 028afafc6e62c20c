"""What the assets panel needs before it can draw."""

# pyright: reportMissingImports=false

from typing import Any

from ..connection.types import Snapshot
from .photos import shown_photo


def refresh_assets(choices: Any, job: str, snapshot: Snapshot) -> list[str]:
    """Bring the list up to date, and name the pictures that the panel shows (artifact ids)."""
    assets = snapshot.assets.get(job, ())
    wanted_lines = [(job, asset.kind) for asset in assets]
    if [(line.job, line.kind) for line in choices.lines] != wanted_lines:
        choices.lines.clear()
        for of_job, kind in wanted_lines:
            line = choices.lines.add()
            line.job, line.kind = of_job, kind
    if assets and choices.chosen not in [asset.kind for asset in assets]:
        choices.chosen = assets[0].kind
    pictures = [asset.icon for asset in assets]
    for asset in assets:
        if asset.kind == choices.chosen:
            photo = shown_photo(asset, choices.photo)
            pictures.append(photo.preview if photo is not None else None)
    return [picture for picture in pictures if picture is not None]
