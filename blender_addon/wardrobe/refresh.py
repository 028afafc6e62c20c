"""What the wardrobe panel needs before it can draw."""

# pyright: reportMissingImports=false

from typing import Any

from ..connection.types import Snapshot, WardrobeItem
from .kinds import of_kind

PIECES_PER_PAGE = 12


def refresh_wardrobe(choices: Any, snapshot: Snapshot) -> list[str]:
    """Keep the page valid, and name the pictures that the panel shows (artifact ids)."""
    last = last_page(choices, snapshot)
    if choices.page > last and snapshot.status == "ready":
        choices.page = last
    return [item.icon for item in shown_pieces(choices, snapshot) if item.icon is not None]


def shown_pieces(choices: Any, snapshot: Snapshot) -> tuple[WardrobeItem, ...]:
    """The pieces on the present page. Cheap enough for drawing."""
    start = choices.page * PIECES_PER_PAGE
    return of_kind(snapshot.wardrobe, choices.kind)[start : start + PIECES_PER_PAGE]


def last_page(choices: Any, snapshot: Snapshot) -> int:
    """Number of the last page, from 0."""
    return max(0, len(of_kind(snapshot.wardrobe, choices.kind)) - 1) // PIECES_PER_PAGE
