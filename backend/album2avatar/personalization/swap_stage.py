"""The stage that puts two albums' tokens and adapters together for a variant."""

from album2avatar.asset_table import KIND_ORDER, load_asset_table, save_asset_table
from album2avatar.assets import Asset, AssetTable
from album2avatar.model_folders import find_model
from album2avatar.personalization.preview import preview_prompts
from album2avatar.prior.composition import combine_tokens, concatenate_adapters
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
from album2avatar.wardrobe.garment import load_swap
from album2avatar.wardrobe.layers import taken_off
from album2avatar.workspace import Workspace


def run(workspace: Workspace, settings: Settings, job: JobControl) -> None:
    """Write the variant's asset table, tokens and adapter.

    Raises:
        WardrobeError: the garment was learned with another base prior.
    """
    swap = load_swap(workspace)
    base = workspace.base
    table = dressed_table(load_asset_table(base), swap.asset)
    record = load_record(base.personalization)
    target = workspace.personalization
    tokens = [asset.token for asset in table.assets if asset.token]
    own = {token: token for token in tokens if token != swap.asset.token}
    sources = [(base.personalization / TOKENS_FILE, own)]
    adapters = [(base.personalization, 1.0)]
    if swap.asset.token:
        entry = read_entry(workspace.garment / ENTRY_FILE)
        require_compatible(entry, hash_of_weights(find_model(settings.prior)), settings.prior)
        sources.append((workspace.garment / TOKEN_FILE, {swap.own_token: swap.asset.token}))
        adapters.append((workspace.garment, settings.swap.adapter_scale))
    (target / RECORD_FILE).unlink(missing_ok=True)
    save_asset_table(workspace, table)
    combine_tokens(target / TOKENS_FILE, sources)
    concatenate_adapters(target, adapters)
    prompts = preview_prompts(table.subject, table.assets)
    save_record(target, record.model_copy(update={"assets": table.assets, "prompts": prompts}))
    job.report(1, 1, message=f"puts on {swap.asset.name}")


def dressed_table(base: AssetTable, garment: Asset) -> AssetTable:
    """The avatar's assets with the garment in place of what it replaces.

    Raises:
        WardrobeError: the garment doesn't fit what the avatar wears.
    """
    off = taken_off(garment.kind, [asset.kind for asset in base.assets])
    left = [asset for asset in base.assets if asset.kind not in off]
    assets = sorted([*left, garment], key=lambda asset: KIND_ORDER.index(asset.kind))
    return base.model_copy(update={"assets": tuple(assets)})
