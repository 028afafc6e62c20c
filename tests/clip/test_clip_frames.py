"""Frames of a clip: evenly, no more than allowed, and with sentences about bad files."""

import threading
from pathlib import Path

import numpy as np
import pytest

from album2avatar.album import clip_stage
from album2avatar.clip.frames import load_frame, load_frame_index
from album2avatar.clip.record import begin_clip, load_clip
from album2avatar.errors import AlbumError, CancelledError, WorkspaceError
from album2avatar.progress import JobControl, silent_job
from album2avatar.settings import ClipSettings, Settings
from album2avatar.workspace import Workspace
from small_videos import HEIGHT, WIDTH, pattern, wandering, write_video
from toy_clip import write_egg


@pytest.fixture(scope="module")
def avatar(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    workspace = Workspace(tmp_path_factory.mktemp("avatar"))
    write_egg(workspace)
    return workspace


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds at ten frames a second."""
    return write_video(tmp_path_factory.mktemp("video") / "dance.mp4", wandering(30))


def take(root: Path, avatar: Workspace, video: Path, **clip: float) -> Workspace:
    settings = Settings(clip=ClipSettings(long_side=160, **clip))  # pyright: ignore[reportArgumentType]
    workspace = Workspace(root)
    begin_clip(avatar, video, workspace, settings.clip)
    clip_stage.run(workspace, settings, silent_job("frames"))
    return workspace


@pytest.mark.parametrize(("rate", "expected"), [(5, list(range(0, 3000, 200))), (60, None)])
def test_frames_are_taken_evenly(
    tmp_path: Path, avatar: Workspace, video: Path, rate: float, expected: list[int] | None
) -> None:
    """A video with fewer frames than wanted gives each of them once."""
    clip = take(tmp_path, avatar, video, frames_per_second=rate)
    index = load_frame_index(clip.frames_index)
    assert list(index.milliseconds) == (expected or list(range(0, 3000, 100)))
    for number, moment in list(enumerate(index.milliseconds))[::4]:
        true = np.asarray(pattern(3 * moment // 100), np.float32)
        assert load_frame(clip, number).shape == (HEIGHT, WIDTH, 3)
        assert np.abs(load_frame(clip, number) - true).mean() < 12


def test_a_trim_takes_what_lies_within_it_and_may_be_changed(
    tmp_path: Path, avatar: Workspace, video: Path
) -> None:
    take(tmp_path, avatar, video, frames_per_second=10)
    clip = take(tmp_path, avatar, video, frames_per_second=10, start=0.5, end=1.5)
    assert load_frame_index(clip.frames_index).milliseconds == tuple(range(500, 1501, 100))
    assert len(list(clip.frames_index.parent.glob("*.png"))) == 11
    assert (load_clip(clip).start, load_clip(clip).end) == (0.5, 1.5)


def test_what_is_too_long_is_refused_with_a_way_out(
    tmp_path: Path, avatar: Workspace, video: Path
) -> None:
    with pytest.raises(AlbumError, match=r"dance\.mp4 is too long.*clip\.start"):
        take(tmp_path, avatar, video, frames_per_second=10, frames_max=20)


def test_a_trim_beyond_the_end_says_how_long_the_video_is(
    tmp_path: Path, avatar: Workspace, video: Path
) -> None:
    with pytest.raises(AlbumError, match=r"lasts 2\.9 s"):
        take(tmp_path, avatar, video, start=60)


def test_a_damaged_video_gives_a_sentence(tmp_path: Path, avatar: Workspace, video: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(video.read_bytes()[:600])
    with pytest.raises(AlbumError, match=r"broken\.mp4"):
        take(tmp_path / "clip", avatar, broken)


def test_another_video_in_the_same_folder_is_refused(
    tmp_path: Path, avatar: Workspace, video: Path
) -> None:
    take(tmp_path / "clip", avatar, video)
    other = tmp_path / "other.mp4"
    other.write_bytes(video.read_bytes())
    with pytest.raises(WorkspaceError, match="another avatar or video"):
        take(tmp_path / "clip", avatar, other)


def test_an_unfinished_avatar_is_refused(tmp_path: Path, video: Path) -> None:
    with pytest.raises(WorkspaceError, match="no finished avatar"):
        begin_clip(Workspace(tmp_path), video, Workspace(tmp_path / "clip"), ClipSettings())


def test_a_cancelled_job_stops_before_it_decodes(
    tmp_path: Path, avatar: Workspace, video: Path
) -> None:
    clip, settings = Workspace(tmp_path), Settings()
    begin_clip(avatar, video, clip, settings.clip)
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(CancelledError):
        clip_stage.run(clip, settings, JobControl("frames", lambda event: None, cancelled))
    assert not clip.frames_index.exists()
