"""What is left out by default, and the artist's last word on it, from the choice to the stage."""

import numpy as np
import pytest
from PIL import Image

from album2avatar.album.stage import run
from album2avatar.album_choice import (
    AlbumChoice,
    file_and_moment,
    frame_name,
    read_album_choice,
    write_album_choice,
)
from album2avatar.album_index import load_album_index
from album2avatar.album_report import load_album_report
from album2avatar.errors import AlbumError
from album2avatar.progress import silent_job
from album2avatar.settings import AlbumSettings, Settings
from album2avatar.workspace import Workspace
from seen_people import ONE_PERSON, seen


@pytest.fixture
def album(tmp_path):
    """Three photos; in `crowd.png` there is a second person, as `look` has it."""
    folder = tmp_path / "album"
    folder.mkdir()
    for number, name in enumerate(("a.png", "b.png", "crowd.png")):
        blocks = np.random.default_rng(number).integers(0, 255, (10, 10, 3), dtype=np.uint8)
        Image.fromarray(blocks.repeat(30, 0).repeat(30, 1)).save(folder / name)
    return folder


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    def look(photo):
        # The decoded copy has another name; what it shows tells which it is.
        with Image.open(photo) as image, Image.open(tmp_path / "album" / "crowd.png") as crowd:
            is_crowd = np.array_equal(np.asarray(image), np.asarray(crowd))
        return seen(second_body=0.9) if is_crowd else ONE_PERSON

    monkeypatch.setattr("album2avatar.album.stage.load_sight", lambda model: look)
    workspace = Workspace(tmp_path / "avatar")
    workspace.root.mkdir()
    return workspace


def used(workspace: Workspace, choice: AlbumChoice, **settings) -> list[str]:
    write_album_choice(workspace, choice)
    run(workspace, Settings(album=AlbumSettings(**settings)), silent_job("intake"))
    photos = load_album_index(workspace.album_index).photos
    assert sorted(path.stem for path in (workspace.album / "photos").iterdir()) == sorted(
        photo.id for photo in photos
    )
    return [photo.id for photo in photos]


def test_what_is_rejected_is_left_out_and_said(workspace, album):
    assert used(workspace, AlbumChoice(album, None)) == ["a", "b"]
    crowd = load_album_report(workspace.album_report).photos[2]
    assert (crowd.verdict, crowd.rejections, crowd.is_used) == ("rejected", ("several",), False)
    assert "second person" in crowd.warnings[0]


@pytest.mark.parametrize("name", ["crowd", "crowd.png"])
def test_the_artist_keeps_a_photo_by_name_or_id(workspace, album, name):
    assert used(workspace, AlbumChoice(album, None, keep=[name])) == ["a", "b", "crowd"]
    photos = load_album_index(workspace.album_index).photos
    assert [photo.was_rejected for photo in photos] == [False, False, True]
    assert load_album_report(workspace.album_report).photos[2].choice == "kept"


def test_the_artist_leaves_a_good_photo_out(workspace, album):
    assert used(workspace, AlbumChoice(album, None, leave_out=["a.png"])) == ["b"]


def test_photos_that_are_named_are_used_whatever_speaks_against_them(workspace, album):
    assert used(workspace, AlbumChoice(album, ["crowd.png"])) == ["crowd"]


def test_settings_say_what_is_left_out(workspace, album):
    assert used(workspace, AlbumChoice(album, None), leave_out=()) == ["a", "b", "crowd"]
    assert load_album_report(workspace.album_report).photos[2].verdict == "warning"


def test_a_twin_is_left_out_unless_the_first_one_is(workspace, album):
    with Image.open(album / "a.png") as image:
        image.resize((280, 280)).save(album / "a_again.png")
    assert used(workspace, AlbumChoice(album, None)) == ["a", "b"]
    assert used(workspace, AlbumChoice(album, None, leave_out=["a"])) == ["a_again", "b"]


def test_a_name_that_is_not_there_is_said(workspace, album):
    with pytest.raises(AlbumError, match=r"no photo 'z\.png'"):
        used(workspace, AlbumChoice(album, None, keep=["z.png"]))


def test_an_album_of_which_nothing_is_left_says_why_and_what_to_do(workspace, album):
    for name in ("a.png", "b.png"):
        (album / name).unlink()
    with pytest.raises(AlbumError, match=r"None of the 1 photos .* second person.*--keep"):
        used(workspace, AlbumChoice(album, None))
    assert not workspace.album_index.exists()
    assert load_album_report(workspace.album_report).photos[0].name == "crowd.png"


def test_the_choice_outlives_its_file(workspace, tmp_path):
    choice = AlbumChoice(tmp_path, ["b.png", "clip.mov@1.500"], ["b.png"], ["c"])
    write_album_choice(workspace, choice)
    assert read_album_choice(workspace) == choice
    write_album_choice(workspace, AlbumChoice(tmp_path, None))
    assert workspace.job_file.read_text().count(":") == 1


def test_a_frames_name_is_taken_apart_again():
    assert file_and_moment(frame_name("My clip.MP4", 61_007)) == ("My clip.MP4", 61_007)
    assert file_and_moment("me@2.000") == ("me@2.000", None)
