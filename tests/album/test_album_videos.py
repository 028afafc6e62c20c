"""Videos as albums: which frames are chosen, and what becomes of damaged files."""

import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from album2avatar.album import video
from album2avatar.album.decoder import PhotoDecoder
from album2avatar.album.decoding import Limits, RefusedError
from album2avatar.album.items import list_items
from album2avatar.album.originals import chosen_originals
from album2avatar.album.stage import run
from album2avatar.album_choice import AlbumChoice, write_album_choice
from album2avatar.album_index import load_album_index
from album2avatar.album_report import load_album_report
from album2avatar.errors import AlbumError
from album2avatar.progress import silent_job
from album2avatar.settings import AlbumSettings, Settings
from album2avatar.workspace import Workspace
from seen_people import see_one_person
from small_videos import (
    CODECS,
    HEIGHT,
    WIDTH,
    pattern,
    turned,
    wandering,
    with_duration,
    write_video,
)

LIMITS = Limits(long_side=1024, short_side_min=64, pixels_max=64_000_000)


@pytest.fixture
def decoder():
    with PhotoDecoder(LIMITS, memory_bytes=2**31, seconds_per_photo=30) as decoder:
        yield decoder


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    monkeypatch.setattr("album2avatar.album.stage.load_sight", lambda model: see_one_person)
    workspace = Workspace(tmp_path / "avatar")
    workspace.root.mkdir()
    return workspace


def take_in(workspace: Workspace, choice: AlbumChoice, frames: int = 4) -> None:
    write_album_choice(workspace, choice)
    album = AlbumSettings(leave_out=(), frames_per_video=frames)
    run(workspace, Settings(album=album), silent_job("intake"))


@pytest.mark.parametrize("suffix", [*CODECS, "mpeg4.mp4"])
def test_the_sharpest_frame_of_each_part_is_chosen(tmp_path, decoder, suffix):
    codec = "mpeg4" if suffix.startswith("mpeg4") else None
    path = write_video(
        tmp_path / f"clip.{suffix.lstrip('.')}", wandering(40, sharp=[4, 13, 27, 36]), codec=codec
    )
    found = decoder.find_windows(path, 4)
    assert found.note == ""
    assert [decoder.find_sharpest(path, window) for window in found.windows] == [
        400, 1300, 2700, 3600,
    ]  # fmt: skip


def test_a_chosen_frame_is_the_picture_that_was_encoded(tmp_path, decoder):
    path = write_video(tmp_path / "clip.mp4", wandering(40))
    size = decoder.decode_frame(path, 1700, tmp_path / "frame.png")
    assert (size.width, size.height, size.orientation) == (WIDTH, HEIGHT, 1)
    with Image.open(tmp_path / "frame.png") as image:
        difference = np.asarray(image, float) - np.asarray(pattern(3 * 17), float)
    # Chroma is stored at half the resolution; another frame differs by 30 and more.
    assert np.abs(difference).mean() < 12


@pytest.mark.parametrize(("degrees", "orientation"), [(90, 6), (180, 3), (270, 8)])
def test_frames_are_upright_as_players_show_them(tmp_path, decoder, degrees, orientation):
    upright = pattern()
    stored = upright.resize((WIDTH, HEIGHT)).rotate(degrees, expand=True).resize((WIDTH, HEIGHT))
    path = turned(write_video(tmp_path / "clip.mp4", [stored] * 3), degrees)
    size = decoder.decode_frame(path, 0, tmp_path / "frame.png")
    assert size.orientation == orientation
    with Image.open(tmp_path / "frame.png") as image:
        top, bottom = image.getpixel((20, 10)), image.getpixel((20, image.height - 10))
    assert top[0] > top[2] + 40
    assert bottom[2] > bottom[0] + 40


def test_an_album_of_photos_and_a_video_has_readable_names(tmp_path, workspace):
    album = tmp_path / "album"
    album.mkdir()
    pattern().resize((600, 750)).save(album / "IMG_1.jpg")
    write_video(album / "My Clip.mov", wandering(40, sharp=[4, 13, 27, 36]))
    take_in(workspace, AlbumChoice(album, None, leave_out=["my_clip_t0001-300"]))
    photos = load_album_index(workspace.album_index).photos
    assert [(photo.id, photo.original, photo.milliseconds) for photo in photos] == [
        ("img_1", "IMG_1.jpg", None),
        ("my_clip_t0000-400", "My Clip.mov", 400),
        ("my_clip_t0002-700", "My Clip.mov", 2700),
        ("my_clip_t0003-600", "My Clip.mov", 3600),
    ]
    assert all(workspace.photo(photo.id).exists() for photo in photos)


def test_frames_can_be_chosen_by_name_whatever_the_number_of_parts(tmp_path, workspace):
    path = write_video(tmp_path / "clip.mp4", wandering(40))
    names = ["clip.mp4@1.700", "clip.mp4@0.300"]
    take_in(workspace, AlbumChoice(path, names), frames=1)
    photos = load_album_index(workspace.album_index).photos
    assert [photo.id for photo in photos] == ["clip_t0000-300", "clip_t0001-700"]


def test_a_camera_and_a_person_that_stand_still_give_one_photo(tmp_path, workspace):
    path = write_video(tmp_path / "clip.mp4", [pattern()] * 40)
    write_album_choice(workspace, AlbumChoice(path, None))
    run(workspace, Settings(album=AlbumSettings(leave_out=("twin",))), silent_job("intake"))
    report = load_album_report(workspace.album_report)
    assert [photo.rejections for photo in report.photos] == [(), *[("twin",)] * 11]
    assert len(load_album_index(workspace.album_index).photos) == 1


def test_long_parts_are_looked_at_in_their_middle():
    assert video.middle(range(0, 100_000, 10)) == (49_250, 50_740)
    assert video.middle([5, 9]) == (5, 9)
    assert video.split(range(7), 3) == [[0, 1, 2], [3, 4], [5, 6]]
    assert video.split([1, 2], 12) == [[1], [2]]


def test_what_lies_between_is_skipped_by_seeking(tmp_path, monkeypatch):
    """A window at the end costs no more frames than its own group of pictures."""
    path = tmp_path / "clip.mkv"
    write_video(path, wandering(600), codec="mpeg4")  # a key frame every twelve
    decoded = []
    sharpness = video.sharpness
    monkeypatch.setattr(video, "sharpness", lambda grey: decoded.append(1) or sharpness(grey))
    video.find_sharpest(path, (55_000, 55_500), LIMITS)
    assert len(decoded) == 6


def truncated(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def garbage(path: Path) -> None:
    path.write_bytes(np.random.default_rng(0).bytes(5000))


def empty(path: Path) -> None:
    path.write_bytes(b"")


def without_frames(path: Path) -> None:
    write_video(path, [])


def playlist(path: Path) -> None:
    path.write_text("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n/etc/passwd\n")


def sound_only(path: Path) -> None:
    import av

    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100, layout="mono")
        silence = np.zeros((1, 1024), np.float32)
        frame = av.AudioFrame.from_ndarray(silence, format="fltp", layout="mono")
        frame.sample_rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode())


@pytest.mark.parametrize("spoil", [truncated, garbage, empty, without_frames, playlist, sound_only])
def test_a_video_without_readable_frames_is_named(tmp_path, workspace, spoil):
    path = write_video(tmp_path / "clip.mp4", wandering(20))
    spoil(path)  # an MP4's table of frames is at its end
    with pytest.raises(AlbumError, match=r"clip\.mp4") as caught:
        take_in(workspace, AlbumChoice(path, None))
    assert "\n" not in str(caught.value)


def test_of_a_cut_off_video_the_frames_before_are_used(tmp_path, workspace):
    path = write_video(tmp_path / "clip.mkv", wandering(60))
    truncated(path)
    take_in(workspace, AlbumChoice(path, None))
    report = load_album_report(workspace.album_report)
    assert len(report.photos) == 4
    assert sum(photo.is_used for photo in report.photos) >= 3
    assert "clip.mkv is damaged or cut off after" in report.notes[0]


@pytest.mark.parametrize(("suffix", "note"), [(".mp4", ""), (".mkv", "cut off after 1.9 s")])
def test_a_header_that_promises_hours_costs_nothing(tmp_path, decoder, suffix, note):
    """FFmpeg itself believes an MP4's table of frames more than its header."""
    path = with_duration(write_video(tmp_path / f"clip{suffix}", wandering(20)), 400_000)
    began = time.monotonic()
    found = decoder.find_windows(path, 3)
    assert [last for _, last in found.windows][-1] == 1900
    assert note in found.note
    assert time.monotonic() - began < 20


def test_a_hole_in_a_video_costs_its_frames_only(tmp_path, decoder):
    path = write_video(tmp_path / "clip.mkv", wandering(60), codec="mpeg4")
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2000] = bytes(2000)
    path.write_bytes(content)
    listing = list_items(chosen_originals(AlbumChoice(path, None)), decoder, 6, lambda: None)
    readable = [item for item in listing.items if not item.complaint]
    assert len(readable) >= 4
    assert all("clip.mkv" in item.complaint for item in listing.items if item.complaint)


def test_frames_that_are_too_large_are_refused_before_they_are_decoded(tmp_path):
    path = write_video(tmp_path / "clip.mp4", wandering(3))
    small = Limits(long_side=1024, short_side_min=64, pixels_max=10_000)
    with pytest.raises(RefusedError, match="128 × 160"):
        video.find_windows(path, 3, small)


def test_random_damage_gives_frames_or_a_sentence(tmp_path):
    """A few hundred damaged files: the child may fail, the album may not."""
    draw = np.random.default_rng(7)
    seeds = [
        write_video(tmp_path / f"seed{suffix}", wandering(8)).read_bytes() for suffix in CODECS
    ]
    began = time.monotonic()
    outcomes: list[str] = []
    with PhotoDecoder(LIMITS, memory_bytes=2**31, seconds_per_photo=20) as decoder:
        for number in range(300):
            suffix = list(CODECS)[number % len(CODECS)]
            content = bytearray(seeds[number % len(seeds)])
            reach = len(content) if number % 2 else min(len(content), 400)
            for position in draw.integers(0, reach, draw.integers(1, 12)):
                content[position] = draw.integers(0, 256)
            if number % 5 == 0:
                del content[draw.integers(len(content)) :]
            path = tmp_path / f"fuzz{suffix}"
            path.write_bytes(content)
            outcomes.append(complaint(decoder, path))
    complaints = [text for text in outcomes if text]
    assert 0 < len(complaints) < len(outcomes)
    assert all("fuzz." in text and "\n" not in text for text in complaints)
    assert time.monotonic() - began < 240


def complaint(decoder: PhotoDecoder, path: Path) -> str:
    """What the decoder says against a video; nothing where it made a picture of it."""
    try:
        window = decoder.find_windows(path, 1).windows[0]
        moment = decoder.find_sharpest(path, window)
        decoder.decode_frame(path, moment, path.with_name("out.png"))
    except AlbumError as error:
        return str(error)
    return ""
