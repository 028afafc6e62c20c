"""What the perception network can say about a whole picture."""

from album2avatar.assets import FRAMINGS, VIEWS

ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "view": VIEWS,
    "framing": FRAMINGS,
    "subject": ("man", "woman"),
    "skin": ("light", "tan", "brown", "dark"),
    "hair": ("short", "long", "bun", "bald"),
    "hair colour": ("black", "brown", "blonde", "red", "grey", "white"),
    "top": ("t-shirt", "sweater", "shirt", "tank top"),
    "outerwear": ("jacket", "coat"),
    "bottom": ("trousers", "jeans", "shorts", "skirt"),
    "shoes": ("shoes", "boots", "sneakers"),
    "headwear": ("beanie", "cap", "hat"),
    "glasses": ("glasses", "sunglasses"),
    "upper pattern": ("plain", "striped", "pinstriped", "checked", "dotted"),
    "lower pattern": ("plain", "striped", "pinstriped", "checked", "dotted"),
}
"""Attribute to its words. The two patterns are of the garments on the torso (outerwear or
dress before top) and on the legs."""

SHOWN_BY: dict[str, tuple[str, ...]] = {
    "skin": ("skin", "face"),
    "hair": ("hair", "skin", "face"),
    "hair colour": ("hair", "beard"),
    "top": ("top",),
    "outerwear": ("outerwear",),
    "bottom": ("bottom",),
    "shoes": ("shoes",),
    "headwear": ("headwear",),
    "glasses": ("glasses",),
    "upper pattern": ("top", "dress", "outerwear"),
    "lower pattern": ("bottom",),
}
"""Attribute to the pixel classes of which some must be seen for it to mean anything."""
