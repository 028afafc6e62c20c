"""Which garments take each other's place, lie over each other, and hide each other."""

from collections.abc import Collection, Mapping

from album2avatar.assets import AssetKind
from album2avatar.errors import WardrobeError

REPLACES: Mapping[AssetKind, frozenset[AssetKind]] = {
    "hair": frozenset({"hair"}),
    "top": frozenset({"top"}),
    "bottom": frozenset({"bottom"}),
    "dress": frozenset({"dress", "top", "bottom"}),
    "outerwear": frozenset({"outerwear"}),
    "shoes": frozenset({"shoes"}),
    "headwear": frozenset({"headwear"}),
}
"""What is taken off when a kind is put on. Other kinds can't be swapped: face and skin are the
person, glasses and bags have no shape of their own in the avatar yet."""

COVERS: Mapping[AssetKind, frozenset[AssetKind]] = {
    "hair": frozenset({"skin", "face", "top", "dress", "outerwear"}),
    "top": frozenset({"skin", "bottom"}),
    "bottom": frozenset({"skin", "top"}),
    "dress": frozenset({"skin"}),
    "outerwear": frozenset({"skin", "top", "bottom", "dress"}),
    "shoes": frozenset({"skin"}),
    "headwear": frozenset({"skin", "hair", "face"}),
}
"""What a kind may lie over, as it did on the person whom it comes from: a skirt that was worn over
a shirt is worn so again. Everything else that the person has stays in front of it."""

HIDDEN_UNDER: Mapping[AssetKind, Mapping[AssetKind, float]] = {
    "hair": {"headwear": 0.25},
    "top": {"outerwear": 0.35, "hair": 0.4, "bottom": 0.06},
    "bottom": {"top": 0.12, "outerwear": 0.3, "shoes": 0.08},
    "dress": {"outerwear": 0.35, "hair": 0.4},
    "outerwear": {"hair": 0.4},
    "shoes": {"bottom": 0.1},
    "headwear": {},
}
"""How far, in metres along the surface, a garment goes on below what hides it from the camera."""

TUCKED_INTO: Mapping[AssetKind, Mapping[AssetKind, float]] = {"outerwear": {"bottom": 0.1}}
"""The same for what hides it only where it stands off the body, as a wide skirt does; a jacket over
trousers ends where it is seen to end."""


OFF_SKIN: Mapping[AssetKind, float] = {
    "hair": 0.008,
    "top": 0.004,
    "bottom": 0.004,
    "dress": 0.004,
    "outerwear": 0.004,
    "shoes": 0.004,
    "headwear": 0.012,
}
"""Metres that a kind lies off the skin at least: hair has a body, and a hat lies over hair, whether
or not the avatar that it comes from shows as much. A jacket lies off the shirt below it anyway;
12 mm closed the front of an open one."""


def shows_over(kind: AssetKind) -> frozenset[AssetKind]:
    """Clothes over which a garment of `kind` lies even with what was hidden on its own avatar.

    Everything else that stays remains in front of that.
    """
    hiding = {*HIDDEN_UNDER[kind], *TUCKED_INTO.get(kind, {})}
    return COVERS[kind] - hiding - {"skin", "face"}


def taken_off(kind: AssetKind, worn: Collection[AssetKind]) -> frozenset[AssetKind]:
    """Kinds that leave the person when a garment of `kind` is put on.

    Raises:
        WardrobeError: the kind can't be swapped, or doesn't fit what the person wears.
    """
    if kind not in REPLACES:
        known = ", ".join(REPLACES)
        raise WardrobeError(
            f"An asset of the kind '{kind}' can't be put on another avatar. Choose one of: {known}."
        )
    if kind in ("top", "bottom") and "dress" in worn:
        raise WardrobeError(
            f"The avatar wears a dress, and a {kind} alone would leave half of the body bare. Put "
            "on another dress."
        )
    return REPLACES[kind] & frozenset(worn)
