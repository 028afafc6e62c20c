"""What an artist is told of an album before anything is made of it."""

import threading
from pathlib import Path

import pytest
from PIL import Image, ImageFilter

from album2avatar.album.inspection import inspect_album
from album2avatar.album.sight import load_sight
from album2avatar.album_report import PhotoReport
from album2avatar.errors import AlbumError
from album2avatar.model_folders import find_model
from album2avatar.settings import AlbumSettings

DEMO = Path(__file__).resolve().parents[2] / "examples" / "demo_album"


def inspect(folder: Path, thumbnails: Path, names: list[str] | None = None):
    told: list[tuple[str, int, int]] = []
    reports = inspect_album(
        folder,
        names,
        AlbumSettings(),
        load_sight(find_model("demo-perception")),
        thumbnails,
        lambda report, done, total: told.append((report.id, done, total)),
        threading.Event(),
    )
    return {report.name: report for report in reports.photos}, told


@pytest.fixture(scope="module")
def photo() -> Image.Image:
    with Image.open(DEMO / "IMG_0401.jpg") as image:
        return image.convert("RGB")


def test_the_demo_album_is_good_and_has_thumbnails(tmp_path: Path):
    reports, told = inspect(DEMO, tmp_path)
    assert {name: report.warnings for name, report in reports.items() if report.warnings} == {}
    assert [done for _, done, _ in told] == list(range(1, len(reports) + 1))
    for report in reports.values():
        with Image.open(tmp_path / report.thumbnail) as thumbnail:
            assert max(thumbnail.size) == 256
    turned = reports["IMG_0409_rotated.jpg"]
    assert turned.width > 0


def test_each_flaw_is_said_in_words(tmp_path: Path, photo: Image.Image):
    album = tmp_path / "album"
    album.mkdir()
    photo.save(album / "a_good.png")
    photo.resize((photo.width // 2, photo.height // 2)).save(album / "b_twin.jpg", quality=60)
    mirrored = photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    mirrored.filter(ImageFilter.GaussianBlur(4)).save(album / "c_blurred.png")
    mirrored.point(lambda value: value // 8).save(album / "d_dark.png")
    mirrored.point(lambda value: min(255, 2 * value)).save(album / "e_white.png")
    mirrored.resize((180, 240)).save(album / "g_small.png")
    Image.new("RGB", (600, 800), (90, 120, 150)).save(album / "h_wall.png")
    (album / "f_broken.jpg").write_bytes(b"\xff\xd8\xff but no more")
    reports, _ = inspect(album, tmp_path / "thumbnails")

    def words(name: str) -> str:
        return " ".join(reports[name].warnings)

    assert reports["a_good.png"].verdict == "good"
    assert "nearly the same as a_good.png" in words("b_twin.jpg")
    assert "small (180 × 240 pixels)" in words("g_small.png")
    assert "No person" in words("h_wall.png")
    assert "blurred" in words("c_blurred.png")
    assert "dark" in words("d_dark.png")
    assert "colours are lost" in words("e_white.png")
    assert reports["f_broken.jpg"] == PhotoReport(
        id="f_broken",
        name="f_broken.jpg",
        verdict="rejected",
        warnings=reports["f_broken.jpg"].warnings,
        rejections=("unreadable",),
    )
    assert "f_broken.jpg can't be decoded" in words("f_broken.jpg")
    assert sorted(path.name for path in (tmp_path / "thumbnails").iterdir()) == [
        f"{name}.png"
        for name in ("a_good", "b_twin", "c_blurred", "d_dark", "e_white", "g_small", "h_wall")
    ]


def test_a_photo_keeps_its_id_whichever_others_are_chosen(tmp_path: Path, photo: Image.Image):
    album = tmp_path / "album"
    album.mkdir()
    photo.save(album / "me.png")
    photo.rotate(90).save(album / "me.webp")
    everything, _ = inspect(album, tmp_path / "t1")
    chosen, _ = inspect(album, tmp_path / "t2", ["me.webp"])
    assert chosen["me.webp"].id == everything["me.webp"].id == "me-2"


def test_a_photo_that_went_missing_is_named(tmp_path: Path, photo: Image.Image):
    photo.save(tmp_path / "here.png")
    with pytest.raises(AlbumError, match=r"gone\.png is no longer"):
        inspect(tmp_path, tmp_path / "thumbnails", ["here.png", "gone.png"])
