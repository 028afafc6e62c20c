"""The entries that a finished avatar gives to the wardrobe."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from album2avatar.asset_pictures import asset_icon, asset_photos
from album2avatar.asset_table import load_asset_table, load_labelled_album
from album2avatar.assets import Asset, AssetTable
from album2avatar.body.storage import load_body
from album2avatar.errors import WardrobeError
from album2avatar.prior.personalized import (
    RECORD_FILE,
    TOKENS_FILE,
    PersonalizationRecord,
    load_record,
)
from album2avatar.wardrobe.asset_colors import asset_color
from album2avatar.wardrobe.entry import (
    ADAPTER_CONFIG_FILE,
    ADAPTER_FILE,
    PATTERN_FILE,
    THUMBNAIL_FILE,
    TOKEN_FILE,
    WardrobeEntry,
    derived_id,
    present_time,
)
from album2avatar.wardrobe.entry_folder import hash_file
from album2avatar.wardrobe.lines import one_line
from album2avatar.wardrobe.pattern import extract_pattern, save_pattern
from album2avatar.workspace import Workspace


@dataclass(frozen=True)
class CollectedEntry:
    """An entry that is not in the wardrobe yet."""

    entry: WardrobeEntry
    files: Mapping[str, Path]
    """Name of each of its files to where its content is now."""


def collect_entries(avatar: Workspace, source: str, folder: Path) -> tuple[CollectedEntry, ...]:
    """Make an entry of each asset that an avatar's personalisation has learned.

    Assets that words alone describe, or that no photo shows, have learned nothing and give
    none.

    Args:
        source: title of the avatar.
        folder: empty; files that are made for the entries go there.

    Raises:
        WardrobeError: the avatar has learned nothing, is not finished, or its assets were
            changed since.
    """
    table, record = _learned(avatar)
    tokens = avatar.personalization / TOKENS_FILE
    shown = asset_photos(load_labelled_album(avatar))
    created_at = present_time()
    found: list[CollectedEntry] = []
    for asset in table.assets:
        if not asset.token or not shown[asset.kind]:
            continue
        own = folder / asset.kind
        own.mkdir()
        _write_token(own / TOKEN_FILE, tokens, asset.token)
        (own / THUMBNAIL_FILE).write_bytes(asset_icon(avatar, asset.kind))
        files = {
            TOKEN_FILE: own / TOKEN_FILE,
            ADAPTER_FILE: avatar.personalization / ADAPTER_FILE,
            ADAPTER_CONFIG_FILE: avatar.personalization / ADAPTER_CONFIG_FILE,
            THUMBNAIL_FILE: own / THUMBNAIL_FILE,
        }
        pattern = extract_pattern(avatar, asset.kind)
        if pattern is not None:
            save_pattern(own / PATTERN_FILE, pattern)
            files[PATTERN_FILE] = own / PATTERN_FILE
        entry = _entry(avatar, asset, record, one_line(source, 120) or "avatar", created_at, files)
        found.append(CollectedEntry(entry, files))
    if not found:
        raise WardrobeError(
            f"No photo of {avatar.root} shows any of its assets, so there is nothing to add. Add "
            "an avatar that was made from an album."
        )
    return tuple(found)


def _learned(avatar: Workspace) -> tuple[AssetTable, PersonalizationRecord]:
    """The avatar's assets and what was learned of them, which agree with each other."""
    needed = (RECORD_FILE, TOKENS_FILE, ADAPTER_FILE, ADAPTER_CONFIG_FILE)
    missing = [name for name in needed if not (avatar.personalization / name).is_file()]
    if missing:
        raise WardrobeError(
            f"{avatar.root} has learned no tokens that could be added ({missing[0]} is missing). "
            "Choose the folder of an avatar that was made from an album, and finish it first: "
            "album2avatar create with --resume."
        )
    if not (avatar.painted.is_file() and avatar.albedo.is_file()):
        raise WardrobeError(
            f"{avatar.root} is not painted yet. Finish the avatar first: album2avatar create with "
            "--resume."
        )
    table, record = load_asset_table(avatar), load_record(avatar.personalization)
    if table.assets != record.assets or table.subject != record.subject:
        raise WardrobeError(
            f"The assets of {avatar.root} were changed after its tokens were learned. Update the "
            "avatar first: album2avatar create with --resume."
        )
    return table, record


def _entry(
    avatar: Workspace,
    asset: Asset,
    record: PersonalizationRecord,
    source: str,
    created_at: str,
    files: Mapping[str, Path],
) -> WardrobeEntry:
    hashes = {name: hash_file(path) for name, path in files.items()}
    words = one_line(asset.name, 60) or asset.kind
    return WardrobeEntry(
        id=derived_id(asset.kind, words, asset.token, record.prior_hash, hashes),
        kind=asset.kind,
        name=words,
        words=words,
        token=asset.token,
        subject=record.subject,
        source=source,
        prior=_prior_name(record.prior),
        prior_hash=record.prior_hash,
        body=load_body(avatar.body).kind if PATTERN_FILE in files else None,
        color=asset_color(avatar, asset.kind),
        created_at=created_at,
        files=hashes,
    )


def _write_token(path: Path, tokens: Path, token: str) -> None:
    try:
        save_file({token: load_file(tokens)[token]}, path)
    except (OSError, SafetensorError, KeyError) as error:
        raise WardrobeError(
            f"{tokens} is damaged ({error}). Delete it and update the avatar: album2avatar create "
            "with --resume."
        ) from error


def _prior_name(prior: str) -> str:
    """The prior's name without the folders of this computer, which others needn't know."""
    path = Path(prior).expanduser()
    return one_line(path.name if path.is_absolute() else prior, 200) or "model"
