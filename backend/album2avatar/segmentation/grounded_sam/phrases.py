"""What is asked of the detector and of the tagger for each kind of asset."""

from collections.abc import Mapping

from album2avatar.assets import AssetKind

PERSON = "person"
"""The detector's phrase for the whole person."""

KIND_PHRASES: Mapping[AssetKind, tuple[str, ...]] = {
    "face": ("face",),
    "skin": ("neck", "arm", "hand", "leg", "foot"),
    "hair": ("hair",),
    "top": ("shirt", "t-shirt", "blouse", "sweater", "hoodie", "tank top"),
    "bottom": ("trousers", "jeans", "shorts", "skirt", "leggings"),
    "dress": ("dress", "jumpsuit"),
    "outerwear": ("jacket", "coat", "blazer", "cardigan"),
    "shoes": ("shoes", "sneakers", "boots", "sandals"),
    "headwear": ("hat", "cap", "beanie", "headscarf"),
    "glasses": ("glasses", "sunglasses"),
    "bag": ("bag", "backpack", "handbag"),
}
"""Kind to the detector's phrases, each of one kind only, lower case and without a full stop, as
Grounding DINO was trained. There are few and short ones: all of them share one prompt."""

NAMED_BY_KIND: tuple[AssetKind, ...] = ("face", "skin")
"""Kinds whose phrases say where to look rather than what to call it."""

GARMENT_WORDS: Mapping[AssetKind, tuple[str, ...]] = {
    "hair": ("short hair", "long hair", "curly hair", "long wavy hair", "ponytail",
             "hair bun", "braided hair"),
    "top": ("t-shirt", "long-sleeved shirt", "polo shirt", "blouse", "knitted sweater", "hoodie",
            "sweatshirt", "turtleneck sweater", "tank top", "crop top", "waistcoat"),
    "bottom": ("jeans", "trousers", "chinos", "cargo trousers", "shorts", "denim shorts",
               "leggings", "sweatpants", "miniskirt", "long skirt", "pleated skirt"),
    "dress": ("summer dress", "evening dress", "long dress", "shirt dress", "knitted dress",
              "jumpsuit", "dungarees"),
    "outerwear": ("denim jacket", "leather jacket", "blazer", "bomber jacket", "puffer jacket",
                  "rain jacket", "winter coat", "trench coat", "cardigan", "fleece jacket"),
    "shoes": ("sneakers", "running shoes", "leather shoes", "ankle boots", "knee-high boots",
              "high heels", "sandals", "ballet flats", "loafers", "flip-flops"),
    "headwear": ("baseball cap", "beanie", "sun hat", "fedora", "beret", "headscarf", "helmet"),
    "glasses": ("glasses", "sunglasses"),
    "bag": ("backpack", "handbag", "shoulder bag", "tote bag", "belt bag"),
}  # fmt: skip
"""Kind to the names that the tagger chooses from: one to three words, as a token is called."""


def detection_phrases() -> tuple[str, ...]:
    """Everything that the detector is asked for, the person first."""
    return (PERSON, *(phrase for phrases in KIND_PHRASES.values() for phrase in phrases))
