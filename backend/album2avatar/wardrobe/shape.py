"""The shape of the garment that a variant puts on."""

from album2avatar.wardrobe.entry import PATTERN_FILE
from album2avatar.wardrobe.pattern import load_pattern
from album2avatar.wardrobe.worn import Ground, WornPattern
from album2avatar.workspace import Workspace


def garment_shape(variant: Workspace, ground: Ground) -> WornPattern:
    """What the garment looked like on its own avatar, carried to this one."""
    return WornPattern(load_pattern(variant.garment / PATTERN_FILE), ground)
