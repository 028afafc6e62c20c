"""The beginning of a variant: copies of the avatar and of the garment."""

from album2avatar.asset_table import load_asset_table
from album2avatar.assets import Asset, AssetKind, Subject
from album2avatar.attire.worn import worn_assets
from album2avatar.body.storage import load_body
from album2avatar.errors import WardrobeError, WorkspaceError
from album2avatar.json_models import write_model
from album2avatar.presets import read_settings_file
from album2avatar.wardrobe.entry import WardrobeEntry
from album2avatar.wardrobe.garment import GarmentChoice, SwapRecord, load_swap
from album2avatar.wardrobe.layers import taken_off
from album2avatar.wardrobe.library import Wardrobe
from album2avatar.workspace import Workspace
from album2avatar.workspace_copies import copy_file, copy_folder, copy_maps, require_finished


def begin_variant(
    base: Workspace, choice: GarmentChoice, wardrobe: Wardrobe, variant: Workspace
) -> SwapRecord:
    """Copy what a swap needs of the avatar and of the garment into the variant's folder.

    Where that is done already, for the same choice, nothing happens.

    Raises:
        WardrobeError: the entry is unknown, or the garment doesn't fit the avatar.
        WorkspaceError: the avatar is not finished, or the variant's folder holds another one.
    """
    if variant.swap_file.exists():
        return _same_swap(variant, choice)
    subject, worn = _finished_assets(base)
    taken_off(choice.kind, [asset.kind for asset in worn])
    if choice.entry is None:
        words = " ".join(choice.words.split())
        asset, own_token = Asset(kind=choice.kind, name=words, token=""), ""
    else:
        entry = wardrobe.get(choice.entry)
        asset, own_token = _asset_of(entry, choice.kind), entry.token
        copy_folder(wardrobe.folder_of(entry.id), variant.garment)
    copy_file(base.body, variant.body)
    _copy_base(base, variant.base)
    record = SwapRecord(
        base=str(base.root),
        choice=choice,
        subject=subject,
        base_assets=worn,
        asset=asset,
        own_token=own_token,
    )
    # Written last, it says that the copies are whole.
    write_model(variant.swap_file, record)
    return record


def _same_swap(variant: Workspace, choice: GarmentChoice) -> SwapRecord:
    record = load_swap(variant)
    if record.choice != choice:
        raise WorkspaceError(
            f"{variant.root} is a variant with another garment. Choose another folder."
        )
    return record


def _finished_assets(base: Workspace) -> tuple[Subject, tuple[Asset, ...]]:
    """Of the album, and those that the artist's words added."""
    require_finished(base)
    table = load_asset_table(base)
    addition = read_settings_file(base.settings_file).get("prompt_addition", "")
    return table.subject, worn_assets(table.assets, addition, load_body(base.body).kind)


def _asset_of(entry: WardrobeEntry, kind: AssetKind) -> Asset:
    if entry.kind != kind:
        raise WardrobeError(
            f"'{entry.name}' is of the kind '{entry.kind}', not '{kind}'. Choose an entry of that "
            "kind."
        )
    return Asset(kind=kind, name=entry.words, token=f"<{kind}-{entry.id}>")


def _copy_base(base: Workspace, copy: Workspace) -> None:
    """The avatar without its photos: the swap looks at none."""
    for source, target in (
        (base.painted, copy.painted),
        (base.albedo, copy.albedo),
        (base.rigged, copy.rigged),
    ):
        copy_file(source, target)
    copy_maps(base, copy)
    copy_folder(base.personalization, copy.personalization)
