"""Renaming, merging and dropping assets: table and masks change together, or not at all."""

import shutil

import numpy as np
import pytest

from album2avatar.asset_edits import (
    drop_asset,
    finish_edit,
    load_edits,
    merge_assets,
    paint_asset,
    rename_asset,
    replay_edits,
)
from album2avatar.asset_table import load_asset_table, load_mask, save_asset_table, save_mask
from album2avatar.assets import Asset, AssetTable, PhotoLabels
from album2avatar.errors import AlbumError, WorkspaceError
from album2avatar.labelled_album import LabelledAlbum
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
        lambda workspace: paint_asset(workspace, "shoes", "a", np.ones((28, 6), bool)),
        lambda workspace: paint_asset(workspace, "top", "c", np.ones((28, 6), bool)),
        lambda workspace: paint_asset(workspace, "top", "a", np.ones((6, 28), bool)),
        lambda workspace: paint_asset(workspace, "top", "a", np.zeros((28, 6), bool)),
    ],
)
def test_an_edit_of_what_is_not_there_changes_nothing(workspace, edit):
    before = workspace.asset_table.read_bytes(), workspace.mask("a").read_bytes()
    with pytest.raises(AlbumError):
        edit(workspace)
    assert (workspace.asset_table.read_bytes(), workspace.mask("a").read_bytes()) == before
    assert load_edits(workspace) == ()


def test_a_painted_asset_takes_pixels_and_leaves_background(workspace):
    mask = load_mask(workspace, "a") == HAIR
    mask[12:16] = True  # the top's upper row of stripes
    mask[8:10] = False
    paint_asset(workspace, "hair", "a", mask)
    assert rows(workspace) == [0, FACE, 0, HAIR, BAG, TOP, 0]
    assert load_mask(workspace, "a")[10:16].tolist() == [[HAIR] * 6] * 6
    assert load_mask(workspace, "b").sum() == 9 * BAG


def test_painting_nothing_is_no_edit(workspace):
    before = workspace.mask("a").stat().st_mtime_ns
    paint_asset(workspace, "hair", "a", load_mask(workspace, "a") == HAIR)
    assert workspace.mask("a").stat().st_mtime_ns == before
    assert load_edits(workspace) == ()


def everything(workspace):
    table = load_asset_table(workspace)
    return LabelledAlbum(table, {p.photo: load_mask(workspace, p.photo) for p in table.photos})


def test_a_new_segmentation_ends_where_the_artist_left_it(workspace):
    """The photos are found again with another outline; what was painted stays painted."""
    found = everything(workspace)
    mask = found.labels["a"] == HAIR
    mask[12:14] = True
    paint_asset(workspace, "hair", "a", mask)
    rename_asset(workspace, "hair", "long hair")
    drop_asset(workspace, "bag")
    merge_assets(workspace, "hair", "face")
    edited = everything(workspace)

    album, lost = replay_edits(workspace, found)
    assert lost == ()
    assert album.table == edited.table
    assert all(np.array_equal(album.labels[photo], edited.labels[photo]) for photo in "ab")

    moved = {**found.labels, "a": np.roll(found.labels["a"], 1, axis=1)}
    moved["a"][0] = FACE
    album, lost = replay_edits(workspace, LabelledAlbum(found.table, moved))
    assert lost == ()
    assert (album.labels["a"][[0, 12, 13]] == FACE).all()


def test_edits_of_what_is_found_no_more_are_named(workspace):
    rename_asset(workspace, "bag", "tote bag")
    rename_asset(workspace, "top", "shirt")
    table = load_asset_table(workspace)
    assets = tuple(asset for asset in table.assets if asset.kind != "bag")
    found = LabelledAlbum(table.model_copy(update={"assets": assets}), {})
    album, lost = replay_edits(workspace, found)
    assert [edit.kind for edit in lost] == ["bag"]
    assert [asset.name for asset in album.table.assets] == ["face", "hair", "shirt"]


def test_a_damaged_list_of_edits_is_named(workspace):
    rename_asset(workspace, "bag", "tote bag")
    workspace.asset_edits.write_text('{"edits": [{"edit": "paint", "stroke": "../../x"}]}')
    with pytest.raises(WorkspaceError, match=r"edits\.json is damaged"):
        drop_asset(workspace, "bag")


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
