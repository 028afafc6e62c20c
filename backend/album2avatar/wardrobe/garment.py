"""What an artist puts on an avatar. Loads no torch: the service reads it, too."""

from collections.abc import Sequence
from typing import Literal, Self

from pydantic import Field, ValidationError, model_validator

from album2avatar.assets import Asset, AssetKind, Subject
from album2avatar.errors import WorkspaceError
from album2avatar.settings.base import Frozen
from album2avatar.workspace import Workspace


class GarmentChoice(Frozen):
    """What is put on: an entry of the wardrobe, or words."""

    kind: AssetKind
    entry: str | None = None
    """Id in the wardrobe."""
    words: str = Field(default="", max_length=60)
    """Such as `blue denim jacket`; used where there is no entry."""

    @model_validator(mode="after")
    def _is_something(self) -> Self:
        if self.entry is None and not self.words.strip():
            raise ValueError("a garment is an entry of the wardrobe, or words")
        return self


class SwapRecord(Frozen):
    """`swap.json`: what a variant is made from."""

    format: Literal[1] = 1
    base: str
    """Folder of the avatar, for people; the variant has its own copy."""
    choice: GarmentChoice
    subject: Subject
    base_assets: tuple[Asset, ...]
    """What the avatar wore, in the order in which its mesh counts them."""
    asset: Asset
    """The garment in the variant's asset table."""
    own_token: str
    """The garment's word in its own adapter; empty where words describe it."""

    def places_in(self, kinds: Sequence[AssetKind]) -> tuple[int, ...]:
        """Where each of the base's assets is in the variant's table; -1 for what is taken off."""
        kept = {kind: place for place, kind in enumerate(kinds) if kind != self.asset.kind}
        return tuple(kept.get(asset.kind, -1) for asset in self.base_assets)


def load_swap(variant: Workspace) -> SwapRecord:
    """Read `swap.json`.

    Raises:
        WorkspaceError: it is missing or damaged.
    """
    try:
        text = variant.swap_file.read_text(encoding="utf-8")
        return SwapRecord.model_validate_json(text)
    except (OSError, ValidationError) as error:
        raise WorkspaceError(
            f"{variant.swap_file} is missing or damaged. Make the variant anew, in another folder."
        ) from error
