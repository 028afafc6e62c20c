"""Bad input is one line that names the culprit, an exit code, and nothing half-written."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from album2avatar.cli import main


@pytest.fixture(autouse=True)
def _restored_signals() -> Iterator[None]:
    """The command line takes over Ctrl-C; give it back to pytest."""
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """An album of one grey picture: a photo, but of nobody."""
    folder = tmp_path / "album"
    folder.mkdir()
    noise = np.random.default_rng(0).integers(110, 120, (300, 200, 3), dtype=np.uint8)
    Image.fromarray(noise).save(folder / "wall.png")
    return folder


class Outcome:
    """What a command printed and how it ended."""

    def __init__(
        self,
        arguments: list[object],
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ):
        monkeypatch.setattr(sys, "argv", ["album2avatar", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        self.code = ended.value.code
        self.lines = [
            line
            for line in capsys.readouterr().err.splitlines()
            if line.startswith("album2avatar:") or "Traceback" in line
        ]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def run_command(*arguments: object) -> Outcome:
        return Outcome(list(arguments), monkeypatch, capsys)

    return run_command


def _make_empty(folder: Path) -> None:
    (folder / "wall.png").unlink()


def _make_text(folder: Path) -> None:
    (folder / "letter.jpg").write_text("Dear aunt, this is no photo.")


def _make_truncated(folder: Path) -> None:
    picture = np.random.default_rng(1).integers(0, 255, (400, 300, 3), dtype=np.uint8)
    Image.fromarray(picture).save(folder / "cut.jpg")
    whole = (folder / "cut.jpg").read_bytes()
    (folder / "cut.jpg").write_bytes(whole[: len(whole) // 2])


def _make_tiny(folder: Path) -> None:
    Image.new("RGB", (1, 1)).save(folder / "dot.png")


def _make_huge(folder: Path) -> None:
    Image.new("1", (20_000, 10_000)).save(folder / "poster.png")


@pytest.mark.parametrize(
    ("spoil", "named"),
    [
        (_make_empty, "album"),
        (_make_text, "letter.jpg"),
        (_make_truncated, "cut.jpg"),
        (_make_tiny, "dot.png"),
        (_make_huge, "poster.png"),
    ],
)
def test_a_bad_album_names_the_file(run, album: Path, tmp_path: Path, spoil, named: str):
    spoil(album)
    outcome = run("create", album, "-o", tmp_path / "avatar")
    assert outcome.code == 3
    assert len(outcome.lines) == 1
    assert named in outcome.lines[0]
    assert not list((tmp_path / "avatar").rglob(".tmp-*"))


def test_a_missing_album_is_named(run, tmp_path: Path):
    outcome = run("create", tmp_path / "nowhere", "-o", tmp_path / "avatar")
    assert outcome.code == 3
    assert "nowhere" in outcome.lines[0]


def test_a_photo_without_a_person_is_named(run, album: Path, tmp_path: Path):
    outcome = run("create", album, "-o", tmp_path / "avatar")
    assert outcome.code == 3
    assert "wall.png" in outcome.lines[0]


@pytest.mark.parametrize(
    ("arguments", "code", "named"),
    [
        (("--preset", "cinema"), 2, "cinema"),
        (("--set", "sculpt.steps=many"), 2, "sculpt.steps"),
        (("--set", "sculpt.stepps=3"), 2, "sculpt.stepps"),
        (("--set", "nonsense"), 2, "nonsense"),
        (("--set", "prior=no-such-model"), 4, "no-such-model"),
    ],
)
def test_wrong_settings_are_named_and_nothing_is_written(
    run, album: Path, tmp_path: Path, arguments: tuple[str, ...], code: int, named: str
):
    outcome = run("create", album, "-o", tmp_path / "avatar", *arguments)
    assert outcome.code == code
    assert len(outcome.lines) == 1
    assert named in outcome.lines[0]
    assert not (tmp_path / "avatar").exists()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((), "--prompt"),
        (("--prompt", " "), "--prompt"),
        (("--prompt", "a woman in " + 100 * "very " + "red shoes"), "letters"),
        (("--prompt", "a woman", "--set", "fitting.body=smplx"), "fitting.body"),
    ],
)
def test_a_person_of_whom_nothing_can_be_made_is_refused(
    run, tmp_path: Path, arguments: tuple[str, ...], named: str
):
    outcome = run("create", "-o", tmp_path / "avatar", *arguments)
    assert outcome.code == 2
    assert len(outcome.lines) == 1
    assert named in outcome.lines[0]


def test_a_folder_with_other_files_is_refused(run, album: Path, tmp_path: Path):
    (tmp_path / "avatar").mkdir()
    (tmp_path / "avatar" / "thesis.txt").write_text("years of work")
    outcome = run("create", album, "-o", tmp_path / "avatar")
    assert outcome.code == 5
    assert (tmp_path / "avatar" / "thesis.txt").read_text() == "years of work"


def test_a_folder_of_another_version_is_refused(run, album: Path, tmp_path: Path):
    (tmp_path / "avatar").mkdir()
    (tmp_path / "avatar" / "workspace.json").write_text(json.dumps({"format": 99}))
    outcome = run("create", album, "-o", tmp_path / "avatar", "--resume")
    assert outcome.code == 5
    assert "another version" in outcome.lines[0]


def test_a_finished_avatar_is_not_overwritten_without_being_asked(run, album: Path, tmp_path: Path):
    record = {"fingerprint": "0", "seconds": 1, "peak_mebibytes": 1}
    (tmp_path / "avatar").mkdir()
    (tmp_path / "avatar" / "workspace.json").write_text(json.dumps({"done": {"intake": record}}))
    outcome = run("create", album, "-o", tmp_path / "avatar")
    assert outcome.code == 5
    assert "--resume" in outcome.lines[0]


def test_a_full_disk_is_one_line_and_leaves_no_half_file(run, album: Path, tmp_path: Path):
    """A file system of 256 KiB is full before the album is in it."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("mounting a small file system needs root")
    try:
        noise = np.random.default_rng(2).integers(0, 255, (900, 700, 3), dtype=np.uint8)
        Image.fromarray(noise).save(album / "noise.png")
        outcome = run("create", album, "-o", disk / "avatar")
        assert outcome.code == 5
        assert "disk is full" in outcome.lines[0]
        assert not list(disk.rglob(".tmp-*"))
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_the_original_photos_are_never_touched(run, album: Path, tmp_path: Path):
    _make_text(album)
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in album.iterdir()}
    run("create", album, "-o", tmp_path / "avatar")
    after = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in album.iterdir()}
    assert after == before
