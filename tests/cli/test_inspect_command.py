"""What an artist reads of an album in a terminal."""

import json
import sys
from pathlib import Path

import pytest
from PIL import Image

from album2avatar.album_report import AlbumReport, PhotoReport, save_album_report
from album2avatar.cli import main
from album2avatar.draft_report import DraftReport, save_draft_report
from album2avatar.fit_report import FitReport, PhotoFit, save_fit_report
from album2avatar.manifest import open_workspace
from album2avatar.workspace import Workspace
from seen_people import ONE_PERSON, seen
from small_videos import wandering, write_video

DEMO = Path(__file__).parents[2] / "examples" / "demo_album"


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """A good photo, a twin of it, a dark one and a video."""
    folder = tmp_path / "album"
    folder.mkdir()
    with Image.open(DEMO / "IMG_0401.jpg") as image:
        image.save(folder / "a.png")
        image.save(folder / "b_again.jpg", quality=70)
    with Image.open(DEMO / "IMG_0405.jpg") as image:
        image.point(lambda value: value // 9).save(folder / "c_dark.png")
    write_video(folder / "clip.mp4", wandering(4))
    return folder


@pytest.fixture
def inspect(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def look(photo: Path):
        with Image.open(photo) as image:
            return seen(bright=0.05) if max(image.convert("L").getextrema()) < 30 else ONE_PERSON

    def run(*arguments: object) -> str:
        monkeypatch.setattr("album2avatar.album.sight.load_sight", lambda model: look)
        monkeypatch.setattr(sys, "argv", ["album2avatar", "inspect", *map(str, arguments)])
        monkeypatch.setenv("COLUMNS", "200")
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        assert ended.value.code == 0, captured.err
        return captured.out

    return run


def rows(text: str) -> dict[str, str]:
    return {line.split()[0]: line for line in text.splitlines() if line.strip()}


def test_each_photo_has_a_line_and_the_funnel_follows(inspect, album: Path):
    text = inspect(album)
    lines = rows(text)
    assert " yes" in lines["a.png"]
    assert "nearly the same as a.png" in lines["b_again.jpg"]
    assert "very dark" in lines["c_dark.png"]
    assert "small (128 × 160 pixels)" in lines["clip.mp4@0.000"]
    said = [" ".join(line.split()) for line in text.splitlines() if line.strip()]
    assert said[said.index("7 found") :] == [
        "7 found",
        "7 can be read",
        "3 big enough",
        "3 sharp",
        "2 well exposed",
        "1 no twins",
        "1 one person",
        "1 used",
    ]


def test_the_artists_choice_is_shown(inspect, album: Path):
    text = inspect(album, "--keep", "c_dark.png", "--leave-out", "a.png")
    lines = rows(text)
    assert "no, left out" in lines["a.png"]
    assert "yes, kept" in lines["c_dark.png"]
    assert " yes" in lines["b_again.jpg"]


def test_json_and_settings(inspect, album: Path):
    report = json.loads(inspect(album, "--json", "--set", "album.leave_out=[]"))
    assert {photo["verdict"] for photo in report["photos"]} == {"good", "warning"}


def test_of_an_avatar_the_fit_stands_in_the_same_table(inspect, tmp_path: Path):
    workspace = Workspace(tmp_path / "avatar")
    manifest = open_workspace(workspace.root)
    workspace.manifest.write_text(manifest.model_dump_json())
    photos = (
        PhotoReport(id="a", name="a.jpg", verdict="good"),
        PhotoReport(id="b", name="b.jpg", verdict="rejected", rejections=("twin",)),
    )
    save_album_report(workspace.album_report, AlbumReport(photos=photos))
    doubt = PhotoFit(
        photo="a",
        inside=0.5,
        covered=0.9,
        confidence=0.9,
        keypoints=20,
        disagreement=0.02,
        verdict="doubtful",
        warnings=("The body doesn't lie well.",),
    )
    save_fit_report(workspace.fit_report, FitReport(photos=(doubt,)))
    save_draft_report(workspace.draft_report, DraftReport(seen=0.26, mirrored=0.1))
    text = inspect(workspace.root)
    lines = rows(text)
    assert "the other side lends 10 %, 64 % are guessed" in text
    assert "doubtful" in lines["a.jpg"]
    assert "doesn't lie well" in lines["a.jpg"]
    assert "doubtful" not in lines["b.jpg"]
