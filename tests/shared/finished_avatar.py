"""A service's folder in which an avatar was made already, and its pieces are in the wardrobe."""

import json
from pathlib import Path
from typing import Any

from album2avatar.jobs.records import JobRecord
from album2avatar.manifest import open_workspace
from album2avatar.wardrobe.entry import WardrobeEntry
from album2avatar.wardrobe.library import Wardrobe
from toy_person import write_tiny_prior, write_workspace
from wardrobe_states import paint_in_stripes

JOB = "j0123456789ab"
ENDED = "2026-01-31T09:30:00.000000+00:00"


def plant_avatar(folder: Path, **changes: Any) -> tuple[WardrobeEntry, ...]:
    """Leave a finished job of a toy person in the folder of a service that doesn't run yet.

    Args:
        folder: of the service, as `RunningService` takes it.
        changes: of the job's record.

    Returns:
        The person's pieces in the wardrobe.
    """
    root = folder / "Anna"
    open_workspace(root)
    prior = write_tiny_prior(folder / "prior")
    avatar = write_workspace(root, prior)
    paint_in_stripes(avatar)
    pieces = Wardrobe(folder / "data" / "album2avatar" / "wardrobe").add(avatar, "Anna")
    for file in (avatar.rigged, avatar.glb):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"made before")
    record = JobRecord(
        id=JOB,
        title="Anna",
        goal="avatar",
        album=None,
        folder=folder / "album",
        photos=("photo0.png",),
        preset="demo",
        differences=({"prior": str(prior)},),
        workspace_root=root,
        state="done",
        created_at=ENDED,
        queued_at=ENDED,
        finished_at=ENDED,
    )
    plant_job(folder, record.model_copy(update=changes).model_dump(mode="json"))
    return pieces


def plant_job(folder: Path, values: dict[str, Any]) -> None:
    """Write a job's file."""
    job = folder / "state" / "jobs" / values["id"]
    job.mkdir(parents=True)
    (job / "job.json").write_text(json.dumps(values))
