"""Renaming, merging and dropping assets: table and masks change together, or not at all."""

import shutil

import numpy as np
import pytest

from album2avatar.asset_edits import drop_asset, finish_edit, merge_assets, rename_asset
from album2avatar.asset_table import load_asset_table, load_mask, save_asset_table, save_mask
from album2avatar.assets import Asset, AssetTable, PhotoLabels
from album2avatar.errors import AlbumError
from album2avatar.workspace import Workspace

FACE, HAIR, TOP, BAG = 1, 2, 3, 4


@pytest.fixture
def workspace(tmp_path):
    """Two photos: stripes of face, hair, top and bag; and one that shows a bag only."""
    workspace = Workspace(tmp_path)
    stripes = np.repeat(np.array([0, FACE, HAIR, TOP, BAG, TOP, 0], np.uint8), 4)[:, None]
    save_mask(workspace, "a", np.tile(stripes, (1, 6)))
    alone = np.zeros((10, 10), np.uint8)
    alone[3:6, 3:6] = BAG
    save_mask(workspace, "b", alone)
    kinds = ("face", "hair", "top", "bag")
    assets = tuple(
        Asset(kind=kind, name=kind, token=f"<asset{index}>") for index, kind in enumerate(kinds)
    )
    photos = tuple(PhotoLabels(photo=name, view="front", framing="full body") for name in "ab")
    save_asset_table(workspace, AssetTable(subject="woman", assets=assets, photos=photos))
    return workspace


def rows(workspace, photo="a"):
    return load_mask(workspace, photo)[::4, 0].tolist()


def tokens(table):
    return {asset.kind: asset.token for asset in table.assets}


def test_a_new_name_is_kept_and_touches_no_mask(workspace):
    before = workspace.mask("a").stat().st_mtime_ns
    assert rename_asset(workspace, "top", "  denim   jacket ").assets[2].name == "denim jacket"
    assert load_asset_table(workspace).assets[2].name == "denim jacket"
    assert workspace.mask("a").stat().st_mtime_ns == before


@pytest.mark.parametrize("name", ["", "   ", "a coat with very many buttons", "x" * 61])
def test_a_name_must_be_one_to_three_words(workspace, name):
    with pytest.raises(AlbumError, match="one to three words"):
        rename_asset(workspace, "top", name)
    assert load_asset_table(workspace).assets[2].name == "top"


def test_a_merged_asset_gives_its_pixels_and_later_ones_keep_their_tokens(workspace):
    table = merge_assets(workspace, "hair", "face")
    assert tokens(table) == {"face": "<asset0>", "top": "<asset2>", "bag": "<asset3>"}
    assert load_asset_table(workspace) == table
    assert rows(workspace) == [0, 1, 1, 2, 3, 2, 0]


def test_a_dropped_asset_is_filled_from_its_neighbours(workspace):
    table = drop_asset(workspace, "bag")
    assert list(tokens(table)) == ["face", "hair", "top"]
    assert rows(workspace) == [0, FACE, HAIR, TOP, TOP, TOP, 0]
    assert not load_mask(workspace, "b").any()


def test_assets_can_be_dropped_until_one_is_left(workspace):
    for kind in ("face", "bag", "hair"):
        drop_asset(workspace, kind)
    assert rows(workspace) == [0, 1, 1, 1, 1, 1, 0]
    with pytest.raises(AlbumError, match="only asset"):
        drop_asset(workspace, "top")


@pytest.mark.parametrize(
    "edit",
    [
        lambda workspace: drop_asset(workspace, "../hair"),
        lambda workspace: merge_assets(workspace, "shoes", "top"),
        lambda workspace: merge_assets(workspace, "top", "shoes"),
        lambda workspace: merge_assets(workspace, "top", "top"),
        lambda workspace: rename_asset(workspace, "shoes", "boots"),
    ],
)
def test_an_edit_of_what_is_not_there_changes_nothing(workspace, edit):
    before = workspace.asset_table.read_bytes(), workspace.mask("a").read_bytes()
    with pytest.raises(AlbumError):
        edit(workspace)
    assert (workspace.asset_table.read_bytes(), workspace.mask("a").read_bytes()) == before


def test_an_edit_that_was_cut_off_is_finished_or_was_never_made(workspace, tmp_path):
    """Each file of the edit is left in turn where a crash would leave it."""
    reference = Workspace(tmp_path / "reference")
    shutil.copytree(workspace.asset_table.parent, reference.asset_table.parent)
    merge_assets(reference, "hair", "face")
    for moved in range(3):
        root = tmp_path / f"crash{moved}"
        crashed = Workspace(root)
        shutil.copytree(workspace.asset_table.parent, crashed.asset_table.parent)
        made = crashed.asset_table.parent / ".edit-made"
        shutil.copytree(reference.asset_table.parent, made / "segmentation")
        for name in ("a", "b")[:moved]:
            Workspace(made).mask(name).replace(crashed.mask(name))
        finish_edit(crashed)
        assert crashed.asset_table.read_bytes() == reference.asset_table.read_bytes()
        assert rows(crashed) == rows(reference)
        assert not made.exists()

    unmade = workspace.asset_table.parent / ".edit"
    shutil.copytree(reference.asset_table.parent, unmade / "segmentation")
    finish_edit(workspace)
    assert rows(workspace) == [0, FACE, HAIR, TOP, BAG, TOP, 0]
    drop_asset(workspace, "bag")
    assert not unmade.exists()
