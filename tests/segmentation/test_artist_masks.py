"""The artist's own masks, and what can be wrong with them."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from album2avatar.album_index import AlbumPhoto
from album2avatar.asset_table import KIND_ORDER
from album2avatar.errors import AlbumError
from album2avatar.perception.model import Perceived
from album2avatar.segmentation.artist_masks import ArtistMasks
from album2avatar.segmentation.provider import SourceImage

HEIGHT, WIDTH = 60, 40


@pytest.fixture
def image():
    photo = AlbumPhoto(
        id="img_1",
        original="IMG 1.JPG",
        sha256="",
        width=WIDTH,
        height=HEIGHT,
        original_width=400,
        original_height=600,
        orientation=1,
    )
    nothing = Perceived(torch.zeros(0), (), torch.zeros(0), (), {}, {})
    return SourceImage(photo, torch.zeros(HEIGHT, WIDTH, 3), nothing)


def save_box(path, scale=10):
    mask = np.zeros((HEIGHT * scale, WIDTH * scale), np.uint8)
    mask[: 30 * scale, 10 * scale : 20 * scale] = 255
    Image.fromarray(mask).save(path)


def test_masks_of_any_size_land_on_the_photo(tmp_path, image):
    save_box(tmp_path / "IMG 1.top.png")
    save_box(tmp_path / "IMG 1.bag.png", scale=1)
    (tmp_path / "names.json").write_text(json.dumps({"top": "denim jacket"}))
    wanted = np.zeros((HEIGHT, WIDTH), bool)
    wanted[:30, 10:20] = True
    (masks,) = ArtistMasks(tmp_path).segment([image], KIND_ORDER)
    assert {mask.kind: mask.names for mask in masks} == {
        "top": {"denim jacket": 1.0},
        "bag": {"bag": 1.0},
    }
    for mask in masks:
        np.testing.assert_array_equal(mask.mask.numpy() > 0.5, wanted)
    assert [mask.kind for mask in ArtistMasks(tmp_path).segment([image], ["bag"])[0]] == ["bag"]


def no_mask(folder):
    save_box(folder / "IMG 2.top.png")


def text(folder):
    (folder / "IMG 1.top.png").write_text("white")


def other_shape(folder):
    Image.new("L", (WIDTH, WIDTH)).save(folder / "IMG 1.top.png")


def wrong_names(folder):
    save_box(folder / "IMG 1.top.png")
    (folder / "names.json").write_text('{"trousers": "jeans"}')


def broken_names(folder):
    save_box(folder / "IMG 1.top.png")
    (folder / "names.json").write_text("{")


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (no_mask, "IMG 1.JPG"),
        (text, "IMG 1.top.png"),
        (other_shape, "40 × 40"),
        (wrong_names, "names.json"),
        (broken_names, "names.json"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, image, spoil, named):
    spoil(tmp_path)
    with pytest.raises(AlbumError, match=named.replace(".", r"\.")) as caught:
        ArtistMasks(tmp_path).segment([image], KIND_ORDER)
    assert "\n" not in str(caught.value)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(AlbumError, match="masks_folder"):
        ArtistMasks(tmp_path / "nowhere")
