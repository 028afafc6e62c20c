"""Intake of a whole album, with the files that artists really have in their folders."""

import hashlib
import json
import os
import struct
import sys
import time
import zlib
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image

from album2avatar.album.decoder import PhotoDecoder
from album2avatar.album.decoding import Limits
from album2avatar.album.originals import find_originals, photo_ids
from album2avatar.album.stage import run
from album2avatar.album_choice import AlbumChoice, write_album_choice
from album2avatar.album_index import load_album_index
from album2avatar.album_report import load_album_report
from album2avatar.errors import AlbumError
from album2avatar.progress import silent_job
from album2avatar.settings import AlbumSettings, Settings
from album2avatar.workspace import Workspace
from seen_people import see_one_person

LIMITS = Limits(long_side=1024, short_side_min=64, pixels_max=64_000_000)


@pytest.fixture
def album(tmp_path):
    folder = tmp_path / "album"
    folder.mkdir()
    return folder


@pytest.fixture
def workspace(tmp_path, album, monkeypatch):
    monkeypatch.setattr("album2avatar.album.stage.load_sight", lambda model: see_one_person)
    workspace = Workspace(tmp_path / "avatar")
    workspace.root.mkdir()
    workspace.job_file.write_text(json.dumps({"album": str(album)}))
    return workspace


def add_photo(album: Path, name: str = "good.jpg") -> Path:
    noise = np.random.default_rng(0).integers(0, 255, (200, 150, 3), dtype=np.uint8)
    Image.fromarray(noise).save(album / name)
    return album / name


def take_in(workspace: Workspace) -> None:
    """Use every photo that can be read: these are small and twins."""
    everything = AlbumSettings(leave_out=())
    run(workspace, Settings(album=everything), silent_job("album"))


def test_originals_are_untouched_and_photos_complete(workspace, album):
    originals = [add_photo(album, name) for name in ("IMG 10.JPG", "IMG 9.png", "später.webp")]
    (album / "notes.txt").write_text("not a photo")
    (album / "._IMG 9.png").write_bytes(b"what macOS leaves behind")
    for path in originals:
        path.chmod(0o444)
    before = [(path.read_bytes(), path.stat().st_mtime_ns) for path in originals]
    take_in(workspace)
    assert [(path.read_bytes(), path.stat().st_mtime_ns) for path in originals] == before
    assert {path.name for path in album.iterdir()} == {
        *(path.name for path in originals),
        "notes.txt",
        "._IMG 9.png",
    }
    index = load_album_index(workspace.album_index)
    assert [photo.id for photo in index.photos] == ["img_9", "img_10", "sp_ter"]
    for photo in index.photos:
        content = (album / photo.original).read_bytes()
        assert photo.sha256 == hashlib.sha256(content).hexdigest()
        with Image.open(workspace.photo(photo.id)) as image:
            assert (image.format, image.mode, image.size) == ("PNG", "RGB", (150, 200))


def test_a_photo_that_left_the_album_leaves_the_workspace(workspace, album):
    add_photo(album, "a.png")
    add_photo(album, "b.png")
    take_in(workspace)
    (album / "a.png").unlink()
    take_in(workspace)
    assert not workspace.photo("a").exists()
    assert [photo.id for photo in load_album_index(workspace.album_index).photos] == ["b"]


def test_names_that_collide_get_different_ids():
    names = ["a b.jpg", "a_b.jpg", "A B.png", "日本.jpg", "../../etc.jpg"]
    ids = photo_ids([Path(name) for name in names])
    assert ids == ["a_b", "a_b-2", "a_b-3", "photo", "etc"]


def text_file(album: Path) -> None:
    (album / "bad.jpg").write_text("I am a text file.")


def empty_file(album: Path) -> None:
    (album / "bad.jpg").write_bytes(b"")


def truncated(album: Path) -> None:
    whole = add_photo(album, "bad.jpg").read_bytes()
    (album / "bad.jpg").write_bytes(whole[: len(whole) // 2])


def one_pixel(album: Path) -> None:
    Image.new("RGB", (1, 1)).save(album / "bad.png")


def bomb(album: Path) -> None:
    """A 200-megapixel PNG of a few hundred kilobytes."""
    width, height = 20_000, 10_000

    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    rows = zlib.compress(bytes(1 + width * 3) * 100, 9) * (height // 100)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = (chunk(b"IHDR", header), chunk(b"IDAT", rows), chunk(b"IEND", b""))
    (album / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (text_file, "no photo"),
        (empty_file, "no photo"),
        (truncated, "cut off"),
        (one_pixel, "1 × 1"),
        (bomb, "20000 × 10000"),
    ],
)
def test_a_bad_photo_is_named_and_left_out_unless_it_is_asked_for(workspace, album, spoil, reason):
    add_photo(album)
    spoil(album)
    take_in(workspace)
    bad, _ = load_album_report(workspace.album_report).photos
    assert [photo.id for photo in load_album_index(workspace.album_index).photos] == ["good"]
    assert bad.name.startswith("bad.")
    assert (bad.verdict, bad.rejections) == ("rejected", ("unreadable",))
    assert reason in bad.warnings[0]
    assert not workspace.photo("bad").exists()
    write_album_choice(workspace, AlbumChoice(album, None, keep=[bad.name]))
    with pytest.raises(AlbumError, match=reason) as caught:
        take_in(workspace)
    assert bad.name in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not workspace.album_index.exists()
    assert not list(workspace.root.rglob(".tmp-*"))


def test_the_bomb_does_not_need_the_memory(album):
    bomb(album)
    with PhotoDecoder(LIMITS, memory_bytes=2**31, seconds_per_photo=30) as decoder:
        add_photo(album)
        decoder.decode(album / "good.jpg", album / "out.png")
        with pytest.raises(AlbumError, match="megapixels"):
            decoder.decode(album / "bad.png", album / "out.png")
        child = psutil.Process(decoder.pid)
        assert child.memory_info().rss < 200 * 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds the address space")
def test_a_photo_within_the_size_limit_can_still_not_take_all_memory(album):
    Image.new("RGB", (8000, 7000)).save(album / "large.png", compress_level=1)
    with (
        PhotoDecoder(LIMITS, memory_bytes=256 * 2**20, seconds_per_photo=60) as decoder,
        pytest.raises(AlbumError, match=r"large\.png needs more memory"),
    ):
        decoder.decode(album / "large.png", album / "out.png")


def test_the_decoder_lives_on_after_its_child_died(album):
    photo = add_photo(album)
    with PhotoDecoder(LIMITS, memory_bytes=2**31, seconds_per_photo=30) as decoder:
        decoder.decode(photo, album / "out.png")
        psutil.Process(decoder.pid).kill()
        with pytest.raises(AlbumError, match="crash"):
            decoder.decode(photo, album / "out.png")
        assert decoder.decode(photo, album / "out.png").width == 150


def test_a_photo_that_takes_too_long_is_given_up(album):
    photo = add_photo(album)
    began = time.monotonic()
    with (
        PhotoDecoder(LIMITS, memory_bytes=2**31, seconds_per_photo=0.01) as decoder,
        pytest.raises(AlbumError, match="longer than"),
    ):
        decoder.decode(photo, album / "out.png")
    assert time.monotonic() - began < 5


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_photo_is_named(workspace, album):
    add_photo(album).chmod(0)
    with pytest.raises(AlbumError, match=r"good\.jpg can't be opened"):
        take_in(workspace)


def test_folders_without_photos_say_what_to_do(tmp_path):
    with pytest.raises(AlbumError, match="does not exist"):
        find_originals(tmp_path / "nowhere")
    (tmp_path / "file.jpg").write_text("")
    with pytest.raises(AlbumError, match="is a file"):
        find_originals(tmp_path / "file.jpg")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(AlbumError, match="no photos"):
        find_originals(empty)
    (empty / "clip.avi").write_bytes(b"")
    with pytest.raises(AlbumError, match=r"clip\.avi"):
        find_originals(empty)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every file name is Unicode")
def test_a_name_that_is_no_text_is_said_before_anything_is_read(tmp_path):
    (tmp_path / os.fsdecode(b"caf\xe9.png")).write_bytes(b"")
    with pytest.raises(AlbumError, match="caf\N{REPLACEMENT CHARACTER}"):
        find_originals(tmp_path)


def test_random_files_give_an_error_or_a_photo(album):
    """Bytes of every format with damage anywhere: the child may fail, the album may not."""
    draw = np.random.default_rng(1)
    seeds = [add_photo(album, f"seed.{suffix}").read_bytes() for suffix in ("jpg", "png", "webp")]
    seeds.append(b"")
    outcomes: list[str] = []
    with PhotoDecoder(LIMITS, memory_bytes=2**30, seconds_per_photo=20) as decoder:
        for number in range(300):
            content = bytearray(seeds[number % len(seeds)]) or bytearray(draw.bytes(300))
            for position in draw.integers(0, len(content), draw.integers(1, 8)):
                content[position] = draw.integers(0, 256)
            if number % 3 == 0:
                del content[draw.integers(len(content)) :]
            path = album / "fuzz.jpg"
            path.write_bytes(content)
            outcomes.append(complaint(decoder, path))
    complaints = [text for text in outcomes if text]
    assert 0 < len(complaints) < len(outcomes)
    assert all("fuzz.jpg" in text and "\n" not in text for text in complaints)


def complaint(decoder: PhotoDecoder, path: Path) -> str:
    """What the decoder says against a file; nothing where it made a photo of it."""
    try:
        decoder.decode(path, path.with_name("out.png"))
    except AlbumError as error:
        return str(error)
    return ""
