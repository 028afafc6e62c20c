"""Which stages run, and which are skipped, resumed or started afresh."""

import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pydantic import ValidationError

from album2avatar.checkpoint import load_checkpoint, save_checkpoint
from album2avatar.errors import AlbumError, CancelledError, WorkspaceError
from album2avatar.manifest import locked, open_workspace
from album2avatar.pipeline.flows import PROMPT_STAGES, STAGES
from album2avatar.pipeline.making import create_avatar, create_from_prompt
from album2avatar.pipeline.running import fingerprint, run_stages
from album2avatar.pipeline.stage import Stage
from album2avatar.presets import build_settings
from album2avatar.progress import JobControl, ProgressEvent
from album2avatar.settings import Settings
from album2avatar.stage_table import STAGE_NAMES, STAGE_SHARES
from album2avatar.workspace import Workspace

STEPS = 6


def _count_characters(workspace: Workspace, settings: Settings, job: JobControl) -> None:
    """A stage with a checkpoint at each step."""
    checkpoint = load_checkpoint(workspace.checkpoint("count"))
    start = checkpoint.step if checkpoint else 0
    for step in job.steps(STEPS, start):
        save_checkpoint(workspace.checkpoint("count"), step + 1, {})
        job.report(step + 1, STEPS)
    length = len((workspace.root / "input.txt").read_text())
    (workspace.root / "count.txt").write_text(f"{length} from {start}")


def _double(workspace: Workspace, settings: Settings, job: JobControl) -> None:
    count = int((workspace.root / "count.txt").read_text().split()[0])
    (workspace.root / "double.txt").write_text(str(2 * count))


TWO_STAGES = (
    Stage(
        name="count",
        run=_count_characters,
        section="sculpt",
        inputs=lambda workspace, settings: [workspace.root / "input.txt"],
        outputs=lambda workspace: [workspace.root / "count.txt"],
    ),
    Stage(
        name="double",
        run=_double,
        section="paint",
        inputs=lambda workspace, settings: [workspace.root / "count.txt"],
        outputs=lambda workspace: [workspace.root / "double.txt"],
        also_reads=("seed",),
    ),
)


class Run:
    """One run of the two stages, with what it said."""

    def __init__(self, root: Path, text: str = "abc", seed: int = 0, cancel_at: int = -1):
        self.workspace = Workspace(root)
        self.events: list[ProgressEvent] = []
        self.cancelled = threading.Event()
        self.cancel_at = cancel_at
        manifest = open_workspace(root)
        (root / "input.txt").write_text(text)
        settings = build_settings([{"seed": seed}])
        run_stages(TWO_STAGES, self.workspace, settings, manifest, self.listen, self.cancelled)

    def listen(self, event: ProgressEvent) -> None:
        self.events.append(event)
        if event.stage == "count" and event.step == self.cancel_at:
            self.cancelled.set()

    @property
    def skipped(self) -> list[str]:
        return [event.stage for event in self.events if event.message == "already done"]


def test_a_second_run_does_nothing(tmp_path: Path):
    Run(tmp_path)
    assert Run(tmp_path).skipped == ["count", "double"]


def test_a_stage_reruns_when_its_input_changes_and_the_next_only_if_its_own_did(tmp_path: Path):
    Run(tmp_path, text="abc")
    assert Run(tmp_path, text="xyz").skipped == ["double"]
    assert Run(tmp_path, text="longer").skipped == []
    assert (tmp_path / "double.txt").read_text() == "12"


def test_another_seed_reruns_what_draws_from_it(tmp_path: Path):
    Run(tmp_path)
    assert Run(tmp_path, seed=1).skipped == ["count"]


def test_a_lost_output_is_made_again(tmp_path: Path):
    Run(tmp_path)
    (tmp_path / "double.txt").unlink()
    assert Run(tmp_path).skipped == ["count"]
    assert (tmp_path / "double.txt").exists()


def test_cancelling_stops_at_the_step_and_the_next_run_goes_on_there(tmp_path: Path):
    with pytest.raises(CancelledError):
        Run(tmp_path, cancel_at=4)
    Run(tmp_path)
    assert (tmp_path / "count.txt").read_text() == "3 from 4"


def test_a_checkpoint_of_other_inputs_is_not_used(tmp_path: Path):
    with pytest.raises(CancelledError):
        Run(tmp_path, text="abc", cancel_at=4)
    Run(tmp_path, text="other")
    assert (tmp_path / "count.txt").read_text() == "5 from 0"


def test_two_processes_do_not_share_a_folder(tmp_path: Path):
    workspace = Workspace(tmp_path)
    with (
        locked(workspace),
        pytest.raises(WorkspaceError, match="Another process"),
        locked(workspace),
    ):
        pass


def test_a_folder_with_other_files_is_refused_and_untouched(tmp_path: Path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(WorkspaceError, match="empty folder"):
        open_workspace(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_folder_whose_first_write_was_killed_is_taken(tmp_path: Path):
    (tmp_path / ".lock").touch()
    (tmp_path / ".tmp-abc123.json").write_text('{"format"')
    assert open_workspace(tmp_path).done == {}


@pytest.mark.parametrize("text", ['{"format": 2}', "{", '{"format": 1, "surprise": 0}'])
def test_a_folder_of_another_version_is_refused(tmp_path: Path, text: str):
    Workspace(tmp_path).manifest.write_text(text)
    with pytest.raises(WorkspaceError, match="another version"):
        open_workspace(tmp_path)


@pytest.mark.parametrize("stages", [STAGES, PROMPT_STAGES])
def test_each_stage_reads_what_earlier_stages_write(tmp_path: Path, stages: tuple[Stage, ...]):
    """The declared inputs of a stage are outputs of the stages before it, or the job's.

    Photos and a draft may be missing: an avatar from words has none.
    """
    workspace = Workspace(tmp_path)
    workspace.job_file.write_text('{"album": "/nowhere"}')
    models, smplx_file = tmp_path / "models", tmp_path / "own" / "SMPLX.npz"
    models.mkdir()
    settings = build_settings(
        [
            {
                "prior": str(models),
                "segmentation": {"perception": str(models)},
                "fitting": {"smplx_file": str(smplx_file)},
            }
        ]
    )
    photos = {workspace.album / "photos", workspace.album_index}
    written = {workspace.job_file, models, smplx_file}
    if stages is PROMPT_STAGES:
        written |= photos | {workspace.draft.painted}
    for stage in stages:
        for path in stage.inputs(workspace, settings):
            is_known = any(
                path in (made, *made.parents) or made in path.parents for made in written
            )
            is_beside = any(path.parent == made.parent for made in written)
            assert is_known or is_beside, f"{stage.name} reads {path}"
        written.update(stage.outputs(workspace))


def test_a_job_for_the_assets_alone_ends_there_and_is_gone_on_with(tmp_path: Path):
    """Only the chosen photos are read; the chosen ones decide whether the first stage reruns."""
    album, root = tmp_path / "album", tmp_path / "avatar"
    album.mkdir()
    noise = np.random.default_rng(0).integers(0, 255, (96, 96, 3), dtype=np.uint8)
    for name in ("one.png", "two.png"):
        Image.fromarray(noise).save(album / name)

    def read(photos: list[str]) -> list[str]:
        events: list[ProgressEvent] = []
        settings, cancelled = build_settings([]), threading.Event()
        create_avatar(
            album, root, settings, events.append, cancelled, photos=photos, last_stage="intake"
        )
        assert {event.stage for event in events} == {"intake"}
        return [event.message for event in events if event.message == "already done"]

    assert read(["two.png"]) == []
    assert [path.name for path in (root / "album" / "photos").iterdir()] == ["two.png"]
    (album / "one.png").write_bytes(b"changed, but not chosen")
    assert read(["two.png"]) == ["already done"]
    with pytest.raises(AlbumError, match=r"one\.png"):
        read(["one.png", "two.png"])


@pytest.mark.parametrize(
    ("difference", "again"),
    [
        (
            {"prompt_addition": "wearing a red scarf"},
            ["sculpt", "paint", "refine", "rig", "export"],
        ),
        ({"seed": 7}, ["personalize", "sculpt", "paint", "refine", "export"]),
        ({"device": "cpu"}, ["personalize", "sculpt", "paint"]),
    ],
)
def test_only_stages_that_read_a_setting_run_again(
    tmp_path: Path, difference: dict[str, object], again: list[str]
):
    """The asset list, which an artist may have edited, is not among them."""
    workspace = Workspace(tmp_path)
    workspace.job_file.write_text('{"album": "/nowhere"}')
    before, after = build_settings([]), build_settings([difference])
    changed = [
        stage.name
        for stage in STAGES
        if fingerprint(stage, workspace, before) != fingerprint(stage, workspace, after)
    ]
    assert changed == again


def test_stages_are_listed_in_the_order_in_which_they_run():
    assert tuple(stage.name for stage in STAGES) == STAGE_NAMES
    assert tuple(STAGE_SHARES) == STAGE_NAMES
    assert sum(STAGE_SHARES.values()) == pytest.approx(1)


def test_a_folder_is_made_from_an_album_or_from_words_not_from_both(tmp_path: Path):
    settings, cancelled = build_settings([]), threading.Event()
    cancelled.set()
    heard: list[ProgressEvent] = []

    def from_album(root: Path) -> None:
        create_avatar(tmp_path, root, settings, heard.append, cancelled)

    def from_words(root: Path) -> None:
        create_from_prompt("a woman", root, settings, heard.append, cancelled)

    for root, first, second in (
        (tmp_path / "a", from_album, from_words),
        (tmp_path / "b", from_words, from_album),
    ):
        with pytest.raises(CancelledError):
            first(root)
        with pytest.raises(WorkspaceError, match="Choose another folder"):
            second(root)


def test_settings_can_not_change_under_a_running_job():
    settings = build_settings([])
    with pytest.raises(ValidationError):
        settings.seed = 3  # pyright: ignore[reportAttributeAccessIssue]
