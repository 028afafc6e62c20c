"""What a worker does for a clip, stopped and resumed."""

import threading
from pathlib import Path

import pytest

from album2avatar.errors import CancelledError
from album2avatar.jobs.worker_protocol import ClipWork, parse_request
from album2avatar.jobs.works import do_work
from album2avatar.manifest import open_workspace
from album2avatar.progress import ProgressEvent
from album2avatar.stage_table import CLIP_STAGE_NAMES
from album2avatar.workspace import Workspace
from running_service import DEMO_ALBUM
from small_videos import standing, write_video
from toy_clip import toy_settings, write_egg


@pytest.fixture
def work(tmp_path: Path) -> ClipWork:
    """As the service tells it to the worker."""
    open_workspace(tmp_path / "egg")
    write_egg(Workspace(tmp_path / "egg"))
    asked = ClipWork(
        base=tmp_path / "egg",
        video=write_video(tmp_path / "dance.mp4", standing(DEMO_ALBUM / "IMG_0401.jpg", 4)),
        workspace_root=tmp_path / "clip",
        settings=toy_settings(),
    )
    told = parse_request(asked.model_dump_json().encode())
    assert isinstance(told, ClipWork)
    return told


def test_a_clip_that_was_stopped_goes_on_to_its_end(work: ClipWork):
    before: list[ProgressEvent] = []
    after: list[ProgressEvent] = []
    cancelled = threading.Event()

    def stop_after_frames(event: ProgressEvent) -> None:
        before.append(event)
        cancelled.set()

    with pytest.raises(CancelledError):
        do_work(work, stop_after_frames, cancelled)
    do_work(work, after.append, threading.Event())
    assert {event.stage for event in before} == {"frames"}
    assert tuple(dict.fromkeys(event.stage for event in after)) == CLIP_STAGE_NAMES
    clip = Workspace(work.workspace_root)
    assert clip.clip_glb.read_bytes().startswith(b"glTF")
    assert clip.clip_plate.exists()
    assert len(list(clip.clip_masks.iterdir())) == 4
    # The service finds a preview again by the stage and step in its name.
    shown = [event.preview for event in after if event.preview is not None][-1]
    assert shown == clip.preview("export", 1)
    assert shown.read_bytes() == clip.clip_preview.read_bytes()
