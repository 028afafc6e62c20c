"""Whether an avatar can put a garment on, as far as that is known before anybody tries."""

import json

from album2avatar.assets import AssetKind, AssetTable
from album2avatar.errors import WardrobeError
from album2avatar.jobs.finished_avatars import check_finished
from album2avatar.jobs.records import JobRecord
from album2avatar.jobs.requests import SwapRequest
from album2avatar.wardrobe.compatibility import require_compatible
from album2avatar.wardrobe.entry import WardrobeEntry
from album2avatar.wardrobe.garment import GarmentChoice
from album2avatar.wardrobe.layers import taken_off

_LONGEST_TITLE = 200


def choose_garment(
    request: SwapRequest, base: JobRecord, entry: WardrobeEntry | None
) -> GarmentChoice:
    """Turn a request into what the avatar puts on.

    Args:
        request: what was asked for.
        base: job of the avatar.
        entry: the piece of the wardrobe that the request names, if it does.

    Raises:
        ConflictError: the avatar isn't finished, or its files are gone.
        WardrobeError: nothing was chosen, it doesn't fit what the avatar wears, or both were
            learned with different models.
    """
    check_finished(base, "try the garment on")
    if entry is None:
        if request.kind is None or not request.words.strip():
            raise WardrobeError(
                "Choose a piece of the wardrobe, or say of which kind the garment is and what it "
                'looks like, such as "blue denim jacket".'
            )
        taken_off(request.kind, _worn_by(base))
        return GarmentChoice(kind=request.kind, words=request.words.strip())
    _check_kind(entry, request.kind)
    taken_off(entry.kind, _worn_by(base))
    _check_model(entry, base)
    return GarmentChoice(kind=entry.kind, entry=entry.id)


def title_of(base: JobRecord, entry: WardrobeEntry | None, words: str) -> str:
    """Name of a variant, such as "Mia with denim jacket"."""
    name = entry.name if entry is not None else words.strip()
    link = ", " if base.goal == "swap" else " with "
    return f"{base.title}{link}{name}"[:_LONGEST_TITLE]


def _check_kind(entry: WardrobeEntry, kind: AssetKind | None) -> None:
    if kind is not None and kind != entry.kind:
        raise WardrobeError(
            f"'{entry.name}' is of the kind {entry.kind}, not {kind}. Put it on as {entry.kind}."
        )


def _check_model(entry: WardrobeEntry, base: JobRecord) -> None:
    # The record's own class would load torch, which the service never does.
    record = base.workspace.personalization / "personalization.json"
    try:
        values = json.loads(record.read_text(encoding="utf-8"))
        prior, prior_hash = str(values["prior"]), str(values["prior_hash"])
    except (OSError, ValueError, KeyError, TypeError):
        return  # the swap itself says what is wrong with it
    require_compatible(entry, prior_hash, prior)


def _worn_by(base: JobRecord) -> tuple[AssetKind, ...]:
    """Kinds of what an avatar wears; none where its list can't be read, as the swap itself says."""
    try:
        text = base.workspace.asset_table.read_text(encoding="utf-8")
        return tuple(asset.kind for asset in AssetTable.model_validate_json(text).assets)
    except (OSError, ValueError):
        return ()
