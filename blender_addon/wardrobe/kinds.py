"""Kinds of pieces, in words. Knows nothing of Blender."""

from collections.abc import Mapping, Sequence

from ..connection.types import WardrobeItem

EVERY_KIND = "all"

KIND_TITLES: Mapping[str, str] = {
    "hair": "Hair",
    "headwear": "Headwear",
    "glasses": "Glasses",
    "top": "Tops",
    "outerwear": "Outerwear",
    "dress": "Dresses",
    "bottom": "Trousers and Skirts",
    "shoes": "Shoes",
    "bag": "Bags",
    "face": "Faces",
    "skin": "Skin",
}
"""From head to foot."""

WORN_KINDS: frozenset[str] = frozenset(KIND_TITLES) - {"face", "skin", "glasses", "bag"}
"""What can be put on another avatar: face and skin are the person, and the backend gives glasses
and bags no shape of their own yet."""


def of_kind(items: Sequence[WardrobeItem], kind: str) -> tuple[WardrobeItem, ...]:
    """The pieces of a kind; all of them where it is EVERY_KIND."""
    return tuple(item for item in items if kind in (EVERY_KIND, item.kind))


def tooltip(item: WardrobeItem) -> str:
    """What a click on a piece does, and where the piece is from."""
    return f"Put {item.name} on: it was learned from {item.source}"
