"""Words for what people wear: which kind of asset a noun is."""

from collections.abc import Mapping

from album2avatar.assets import AssetKind, Subject

SUBJECT_NOUNS: Mapping[str, Subject] = {
    "man": "man", "guy": "man", "gentleman": "man", "boy": "man", "male": "man",
    "woman": "woman", "lady": "woman", "girl": "woman", "female": "woman",
    "person": "person", "someone": "person", "somebody": "person", "people": "person",
}  # fmt: skip

_NOUNS: Mapping[AssetKind, str] = {
    "skin": "skin, complexion",
    "hair": "hair, haircut, hairstyle, ponytail, braid, braids, bun, afro, curls, bald head",
    "top": (
        "t-shirt, tshirt, t shirt, tee, shirt, blouse, polo, polo shirt, sweater, jumper, pullover,"
        " hoodie, sweatshirt, turtleneck, cardigan, tank top, crop top, top, vest, tunic, jersey"
    ),
    "bottom": (
        "trousers, pants, jeans, shorts, skirt, kilt, leggings, chinos, slacks, joggers,"
        " sweatpants, culottes"
    ),
    "dress": "dress, gown, sundress, robe, kimono, nightgown",
    "outerwear": (
        "jacket, coat, blazer, parka, anorak, overcoat, raincoat, trench coat, windbreaker, suit,"
        " tuxedo, cape, poncho, cloak, waistcoat"
    ),
    "shoes": (
        "shoes, sneakers, trainers, boots, sandals, heels, high heels, loafers, slippers, clogs,"
        " flats, bare feet"
    ),
    "headwear": (
        "hat, cap, beanie, beret, helmet, headscarf, turban, hijab, fedora, bonnet, sombrero, hood,"
        " bandana, crown"
    ),
    "glasses": "glasses, sunglasses, spectacles, eyeglasses, goggles",
    "bag": "bag, backpack, handbag, rucksack, purse, satchel",
}

KIND_OF_NOUN: Mapping[str, AssetKind] = {
    noun.strip(): kind for kind, nouns in _NOUNS.items() for noun in nouns.split(",")
}
"""A noun of one or two words, in lower case, to the kind of asset that it names."""

_COLORS = (
    "black white grey gray red green blue yellow orange purple pink brown navy teal beige gold"
    " golden silver turquoise violet maroon burgundy khaki olive cream blonde ginger dark light"
    " pale bright deep neon pastel"
)
COLOR_WORDS = frozenset(_COLORS.split())
"""Words that can stand before an `and` in the middle of a phrase: red and white striped shirt."""
