"""The shape of the garment that a variant puts on."""

from album2avatar.wardrobe.described import described_pattern
from album2avatar.wardrobe.entry import PATTERN_FILE
from album2avatar.wardrobe.garment import load_swap
from album2avatar.wardrobe.pattern import load_pattern
from album2avatar.wardrobe.worn import Ground, WornPattern
from album2avatar.workspace import Workspace


def garment_shape(variant: Workspace, ground: Ground) -> WornPattern:
    """What the garment looked like on its own avatar, or what words say of it, on this avatar.

    Raises:
        WardrobeError: it has no shape that fits the avatar's body.
    """
    path = variant.garment / PATTERN_FILE
    if path.exists():
        return WornPattern(load_pattern(path), ground)
    return WornPattern(described_pattern(load_swap(variant).asset, ground.body), ground)
