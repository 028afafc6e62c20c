"""An artist edits assets.json by hand: what may change, and what is said when it breaks."""

import json

import numpy as np
import pytest

from album2avatar.asset_table import load_asset_table, load_mask, save_asset_table, save_mask
from album2avatar.assets import Asset, AssetTable, PhotoLabels
from album2avatar.errors import AlbumError, WorkspaceError
from album2avatar.workspace import Workspace


@pytest.fixture
def workspace(tmp_path):
    workspace = Workspace(tmp_path)
    mask = np.zeros((8, 6), np.uint8)
    mask[2:4], mask[4:6], mask[6:] = 1, 2, 3
    save_mask(workspace, "a", mask)
    kinds = ("face", "hair", "top")
    assets = tuple(
        Asset(kind=kind, name=kind, token=f"<asset{index}>") for index, kind in enumerate(kinds)
    )
    photo = PhotoLabels(photo="a", view="front", framing="full body", keypoints={"neck": (1, 2, 1)})
    save_asset_table(workspace, AssetTable(subject="woman", assets=assets, photos=(photo,)))
    return workspace


def edit(workspace, change):
    values = json.loads(workspace.asset_table.read_text())
    change(values)
    workspace.asset_table.write_text(json.dumps(values))


def test_names_and_views_may_be_edited(workspace):
    def change(values):
        values["assets"][2]["name"] = "denim jacket"
        values["photos"][0]["view"] = "back"

    edit(workspace, change)
    table = load_asset_table(workspace)
    assert table.assets[2].name == "denim jacket"
    assert table.photos[0].view == "back"
    assert load_mask(workspace, "a").tolist()[2] == [1] * 6


def remove_asset(values):
    del values["assets"][1]


def reorder(values):
    values["assets"].reverse()


def empty_name(values):
    values["assets"][0]["name"] = ""


def unknown_view(values):
    values["photos"][0]["view"] = "from above"


def same_token(values):
    values["assets"][1]["token"] = "<asset0>"


def other_version(values):
    values["version"] = 2


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (remove_asset, "leave_out"),
        (reorder, "order"),
        (empty_name, "assets.0.name"),
        (unknown_view, "photos.0.view"),
        (same_token, "same token"),
        (other_version, "version"),
    ],
)
def test_an_edit_that_breaks_the_table_is_named(workspace, change, named):
    edit(workspace, change)
    with pytest.raises(AlbumError, match=named) as caught:
        load_asset_table(workspace)
    assert "\n" not in str(caught.value)


def test_missing_files_say_which_stage_makes_them(workspace):
    workspace.mask("a").unlink()
    with pytest.raises(WorkspaceError, match=r"a\.png"):
        load_asset_table(workspace)
    workspace.asset_table.write_text("{")
    with pytest.raises(AlbumError, match=r"assets\.json"):
        load_asset_table(workspace)
    workspace.asset_table.unlink()
    with pytest.raises(WorkspaceError, match="segmentation"):
        load_asset_table(workspace)
