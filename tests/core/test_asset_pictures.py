"""What a panel shows of an asset is the asset."""

import io

import numpy as np
import pytest
from PIL import Image

from album2avatar.asset_pictures import asset_icon, asset_photos, mask_preview
from album2avatar.asset_table import load_labelled_album, save_asset_table, save_mask
from album2avatar.assets import Asset, AssetTable, PhotoLabels
from album2avatar.errors import AlbumError
from album2avatar.workspace import Workspace

RED, BLUE = (200, 20, 20), (20, 20, 200)


@pytest.fixture
def workspace(tmp_path):
    """Photo `a` shows a little red hair over a blue top; `b` much hair and no top."""
    workspace = Workspace(tmp_path)
    for photo, hair_rows in (("a", 10), ("b", 40)):
        mask = np.zeros((100, 80), np.uint8)
        mask[20 : 20 + hair_rows, 30:50] = 1
        if photo == "a":
            mask[30:90, 20:60] = 2
        picture = np.full((100, 80, 3), 240, np.uint8)
        picture[mask == 1], picture[mask == 2] = RED, BLUE
        save_mask(workspace, photo, mask)
        workspace.photo(photo).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(workspace.photo(photo))
    assets = (
        Asset(kind="hair", name="long hair", token="<asset0>"),
        Asset(kind="top", name="shirt", token="<asset1>"),
    )
    photos = tuple(PhotoLabels(photo=name, view="front", framing="full body") for name in "ab")
    save_asset_table(workspace, AssetTable(subject="woman", assets=assets, photos=photos))
    return workspace


def pixels(png):
    with Image.open(io.BytesIO(png)) as image:
        return np.asarray(image.convert("RGB")).astype(int)


def test_photos_are_listed_by_how_much_they_show(workspace):
    photos = asset_photos(load_labelled_album(workspace))
    assert photos["hair"] == (("b", pytest.approx(0.1)), ("a", pytest.approx(0.025)))
    assert photos["top"] == (("a", pytest.approx(0.3)),)


def test_an_icon_is_filled_by_its_asset_and_nothing_else(workspace):
    icon = pixels(asset_icon(workspace, "hair"))
    assert icon.shape == (128, 128, 3)
    is_red = (np.abs(icon - RED) < 30).all(-1)
    assert (is_red.any(1).sum(), is_red.any(0).sum()) == (40, 20)
    is_paper = (np.abs(icon - 54) < 4).all(-1)
    assert (is_red | is_paper).all()


def test_a_preview_darkens_all_but_the_asset(workspace):
    shown = pixels(mask_preview(workspace, "top", "a"))
    assert np.abs(shown[60, 40] - BLUE).max() < 3
    assert shown[25, 40].max() < 60
    assert shown[5, 5].max() < 70


@pytest.mark.parametrize(("kind", "photo"), [("shoes", "a"), ("hair", "c"), ("hair", "../a")])
def test_what_is_not_there_is_said(workspace, kind, photo):
    with pytest.raises(AlbumError, match="has no"):
        mask_preview(workspace, kind, photo)
