"""The stage that puts two albums' tokens and adapters together for a variant."""

from pathlib import Path

from album2avatar.asset_table import KIND_ORDER, save_asset_table
from album2avatar.assets import Asset, AssetTable
from album2avatar.model_folders import find_model
from album2avatar.personalization.preview import preview_prompts
from album2avatar.prior.composition import combine_tokens, copy_adapter
from album2avatar.prior.personalized import (
    RECORD_FILE,
    TOKENS_FILE,
    hash_of_weights,
    load_record,
    save_record,
)
from album2avatar.progress import JobControl
from album2avatar.settings import Settings
from album2avatar.wardrobe.compatibility import require_compatible
from album2avatar.wardrobe.entry import ENTRY_FILE, TOKEN_FILE, read_entry
from album2avatar.wardrobe.garment import SwapRecord, load_swap
from album2avatar.wardrobe.layers import taken_off
from album2avatar.workspace import Workspace


def run(workspace: Workspace, settings: Settings, job: JobControl) -> None:
    """Write the variant's asset table, tokens and adapter.

    The garment's adapter takes the place of the person's: only the garment is made anew.

    Raises:
        WardrobeError: the garment was learned with another base prior.
    """
    swap = load_swap(workspace)
    base = workspace.base
    table = AssetTable(subject=swap.subject, assets=dressed_assets(swap), photos=())
    record = load_record(base.personalization)
    target = workspace.personalization
    own = [asset.token for asset in table.assets if asset.token and asset != swap.asset]
    sources: list[tuple[Path, dict[str, str]]] = []
    adapter: Path | None = None
    if own:
        sources.append((base.personalization / TOKENS_FILE, {token: token for token in own}))
        adapter = base.personalization
    if swap.asset.token:
        entry = read_entry(workspace.garment / ENTRY_FILE)
        require_compatible(entry, hash_of_weights(find_model(settings.prior)), settings.prior)
        sources.append((workspace.garment / TOKEN_FILE, {swap.own_token: swap.asset.token}))
        adapter = workspace.garment
    (target / RECORD_FILE).unlink(missing_ok=True)
    save_asset_table(workspace, table)
    if adapter is not None:
        combine_tokens(target / TOKENS_FILE, sources)
        copy_adapter(adapter, target)
    prompts = preview_prompts(table.subject, table.assets)
    # A face of its own is not asked for: only the garment is made anew.
    changed = {"assets": table.assets, "prompts": prompts, "has_face": False}
    save_record(target, record.model_copy(update=changed))
    job.report(1, 1, message=f"puts on {swap.asset.name}")


def dressed_assets(swap: SwapRecord) -> tuple[Asset, ...]:
    """What the avatar wears, with the garment in place of what it replaces.

    Raises:
        WardrobeError: the garment doesn't fit what the avatar wears.
    """
    worn = swap.base_assets
    off = taken_off(swap.asset.kind, [asset.kind for asset in worn])
    left = [asset for asset in worn if asset.kind not in off]
    return tuple(sorted([*left, swap.asset], key=lambda asset: KIND_ORDER.index(asset.kind)))
