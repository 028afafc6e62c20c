"""Which assets an avatar wears: the album's, and those that words describe."""

from collections.abc import Sequence

from album2avatar.asset_table import KIND_ORDER
from album2avatar.assets import Asset, AssetKind
from album2avatar.prior.prompt_parsing import Description, parse_description

PLACED_KINDS: frozenset[AssetKind] = frozenset(
    {"skin", "hair", "top", "bottom", "dress", "outerwear", "shoes", "headwear"}
)
"""Kinds with a pattern that says where they are on the body. A described beard has one, too; bags
and glasses have none: words about them reach the prior, and nothing else."""
PATTERNED_BODIES = frozenset({"anny"})
"""Bodies on which patterns lie."""

_USUAL: tuple[Asset, ...] = (
    Asset(kind="skin", name="skin"),
    Asset(kind="hair", name="hair"),
    Asset(kind="top", name="t-shirt"),
    Asset(kind="bottom", name="trousers"),
    Asset(kind="shoes", name="shoes"),
)


def worn_assets(album: Sequence[Asset], addition: str, body_kind: str) -> tuple[Asset, ...]:
    """The album's assets in their order, then those that the artist's words add.

    Args:
        album: from the asset table.
        addition: words such as `with a red hat`. Kinds that the album has are not added.
        body_kind: of the canonical body; words add nothing where it has no patterns.
    """
    if body_kind not in PATTERNED_BODIES:
        return tuple(album)
    added = parse_description(addition).without({asset.kind for asset in album})
    return (*album, *placed_assets(added))


def placed_assets(description: Description) -> tuple[Asset, ...]:
    """The described assets that have a place on the body, in the order of the asset table."""
    return tuple(
        Asset(kind=phrase.kind, name=phrase.words)
        for phrase in sorted(description.phrases, key=lambda p: KIND_ORDER.index(p.kind))
        if phrase.kind in PLACED_KINDS or (phrase.kind == "face" and "beard" in phrase.words)
    )


def whole_person(description: Description) -> tuple[Asset, ...]:
    """The described assets, and what a sentence leaves unsaid: skin, hair and plain clothes."""
    said = placed_assets(description)
    kinds = {asset.kind for asset in said}
    if "dress" in kinds:
        kinds |= {"top", "bottom"}
    unsaid = [asset for asset in _USUAL if asset.kind not in kinds]
    return tuple(sorted([*said, *unsaid], key=lambda asset: KIND_ORDER.index(asset.kind)))
