"""Taking an asset's phrase apart: colours, pattern and name."""

from collections.abc import Mapping

from album2avatar.prior.prompts import AssetPhrase
from album2avatar.synthetic.palette import CLOTH_COLORS, DENIM_COLORS, HAIR_COLORS, SKIN_COLORS
from album2avatar.synthetic.people import PATTERNS


def palette_of(phrase: AssetPhrase) -> Mapping[str, tuple[int, int, int]]:
    """The colour words that are usual for a phrase, with their sRGB values, 0..255."""
    if phrase.kind == "skin":
        return SKIN_COLORS
    if phrase.kind == "hair":
        return HAIR_COLORS
    return DENIM_COLORS if phrase.words.endswith("jeans") else CLOTH_COLORS


def parts_of(phrase: AssetPhrase) -> dict[str, str]:
    """Name, and where told color, second color and pattern.

    `red and white striped t-shirt` gives all four; `t-shirt` gives a name alone.
    """
    words, palette = phrase.words.split(" "), palette_of(phrase)
    colors = [word for word in words if word in palette]
    parts = {"name": bare_name(phrase)}
    for part, color in zip(("color", "second color"), colors, strict=False):
        parts[part] = color
    for word in words:
        if word in PATTERNS:
            parts["pattern"] = word
    return parts


def bare_name(phrase: AssetPhrase) -> str:
    """A phrase's words without colours and pattern: `long hair`, `tank top`."""
    left_out = {*palette_of(phrase), *PATTERNS, "and"}
    return " ".join(word for word in phrase.words.split(" ") if word not in left_out)
