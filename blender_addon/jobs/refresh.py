"""What the jobs panel needs before it can draw."""

# pyright: reportMissingImports=false

from typing import Any

from ..connection.types import Snapshot
from .image_editor import update_preview
from .properties import choose_job


def refresh_jobs(choices: Any, snapshot: Snapshot) -> list[str]:
    """Bring the list up to date, and name the artifacts that the panel needs (ids).

    Without a choice the newest job is chosen, so that one that went on after a restart of
    Blender is in view.
    """
    ids = [job.id for job in snapshot.jobs]
    if [line.job for line in choices.lines] != ids:
        choices.lines.clear()
        for job in ids:
            choices.lines.add().job = job
    if choices.chosen not in ids and snapshot.status == "ready":
        choose_job(choices, ids[0] if ids else "")
    elif choices.chosen in ids and snapshot.followed != choices.chosen:
        choose_job(choices, choices.chosen)
    job = snapshot.job(choices.chosen)
    if job is None:
        return []
    if job.preview is not None and job.preview in snapshot.files:
        update_preview(snapshot.files[job.preview])
    wanted = [job.preview, job.offered_draft]
    if job.offered_draft is not None:
        wanted.append(job.draft_seen)
    if job.state == "done":
        wanted += [job.avatar, job.seen]
    if job.made_clip is not None:
        wanted += [job.made_clip.animation, job.made_clip.plate]
    return [artifact for artifact in wanted if artifact is not None]
