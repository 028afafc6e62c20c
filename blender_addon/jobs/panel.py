"""The sidebar's panel of the jobs."""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false

from typing import Any

from bpy.types import Panel, UIList

from .. import backend
from ..connection.types import Job, Snapshot
from ..sidebar.asking import draw_problem
from ..sidebar.pictures import pictures
from ..sidebar.state import state
from ..sidebar.tab import SidebarPanel, draw_sentence
from .wording import STATE_ICONS, STATE_TITLES, gradient_line, stage_line, state_line, step_line

_PREVIEW_SCALE = 11.0


class ALBUM2AVATAR_UL_jobs(UIList):
    """Jobs, newest first"""

    bl_idname = "ALBUM2AVATAR_UL_jobs"

    def draw_item(
        self,
        context: Any,
        layout: Any,
        data: Any,
        item: Any,
        icon: int,
        active_data: Any,
        active_property: str,
        index: int = 0,
        filter_flag: int = 0,
    ) -> None:
        """Draw one job: title and state."""
        job = backend.connection().peek().job(item.job)
        if job is None:
            return
        row = layout.row(align=True)
        row.label(text=job.title, icon=STATE_ICONS[job.state])
        side = row.row()
        side.alignment = "RIGHT"
        side.label(text=state_line(job))


class ALBUM2AVATAR_PT_jobs(SidebarPanel, Panel):
    """Avatars in the making, and those that are done"""

    bl_idname = "ALBUM2AVATAR_PT_jobs"
    bl_label = "Jobs"
    bl_order = 4

    def draw(self, context: Any) -> None:
        """Draw the list, and the chosen job."""
        layout = self.layout
        choices = state(context).jobs
        snapshot = backend.connection().snapshot()
        if snapshot.queue.is_paused:
            box = layout.box()
            text = snapshot.queue.message or "The queue is paused."
            draw_sentence(box, context, text, icon="PAUSE")
            box.operator("album2avatar.continue_queue")
        draw_problem(layout, context, "jobs")
        if not snapshot.jobs:
            layout.label(text="No avatar has been begun yet.")
            return
        layout.template_list(
            ALBUM2AVATAR_UL_jobs.bl_idname, "", choices, "lines", choices, "index", rows=3
        )
        job = snapshot.job(choices.chosen)
        if job is not None:
            self._draw_job(context, snapshot, job)

    def _draw_job(self, context: Any, snapshot: Snapshot, job: Job) -> None:
        layout = self.layout
        if job.is_active:
            text = stage_line(job) if job.state == "running" else STATE_TITLES[job.state]
            layout.progress(factor=job.progress, text=text)
            for line in (step_line(job), gradient_line(job)):
                if line:
                    layout.label(text=line)
        if job.error is not None and job.state == "failed":
            draw_sentence(layout.box(), context, job.error.message, icon="ERROR")
        elif job.message:
            draw_sentence(layout, context, job.message)
        if job.has_made_avatar:
            draw_offer(layout, snapshot, job)
        elif job.offered_draft is not None:
            draw_draft_offer(layout, snapshot, job)
            if job.draft_note:
                draw_sentence(layout, context, job.draft_note, icon="INFO")
        elif job.made_clip is not None:
            draw_clip(layout, snapshot, job)
        elif job.state == "done":
            draw_sentence(
                layout, context, "The assets are found. Look them over, then press Create."
            )
        self._draw_preview(context, job)
        self._draw_buttons(job)

    def _draw_preview(self, context: Any, job: Job) -> None:
        if not pictures().holds(job.preview):
            return
        choices = state(context).jobs
        row = self.layout.row(align=True)
        opened = "TRIA_DOWN" if choices.is_preview_shown else "TRIA_RIGHT"
        row.prop(choices, "is_preview_shown", icon=opened, emboss=False)
        row.operator("album2avatar.show_preview", text="", icon="IMAGE_DATA").job = job.id
        if choices.is_preview_shown:
            self.layout.template_icon(pictures().icon(job.preview), scale=_PREVIEW_SCALE)

    def _draw_buttons(self, job: Job) -> None:
        row = self.layout.row(align=True)
        if job.state in ("queued", "running"):
            row.operator("album2avatar.cancel_job", icon="X").job = job.id
        elif job.state == "cancelling":
            now = row.operator("album2avatar.cancel_job", text="Stop at Once", icon="X")
            now.job, now.force = job.id, True
        elif job.state == "cancelled":
            row.operator("album2avatar.resume_job", icon="PLAY").job = job.id
        elif job.state == "failed":
            row.operator(
                "album2avatar.resume_job", text="Try Again", icon="FILE_REFRESH"
            ).job = job.id
        row.operator("album2avatar.open_job_log", text="", icon="TEXT").job = job.id
        row.operator("album2avatar.open_job_folder", text="", icon="FILE_FOLDER").job = job.id
        if not job.is_active:
            row.operator("album2avatar.delete_job", text="", icon="TRASH").job = job.id


def draw_offer(layout: Any, snapshot: Snapshot, job: Job) -> None:
    """Draw the button that adds a job's avatar to the scene."""
    row = layout.row()
    row.scale_y = 1.6
    row.enabled = _are_here(snapshot, job.avatar, job.seen)
    ready = "Put On" if job.base else "Add to Scene"
    text = ready if row.enabled else "Fetching the Avatar…"
    row.operator("album2avatar.add_to_scene", text=text, icon="IMPORT").job = job.id


def draw_draft_offer(layout: Any, snapshot: Snapshot, job: Job) -> None:
    """Draw the button that adds a job's draft to the scene, as soon as it is here."""
    row = layout.row()
    row.enabled = _are_here(snapshot, job.offered_draft, job.draft_seen)
    text = "Add Draft to Scene" if row.enabled else "Fetching the Draft…"
    row.operator("album2avatar.add_draft", text=text, icon="IMPORT").job = job.id


def _are_here(snapshot: Snapshot, avatar: str | None, seen: str | None) -> bool:
    """Whether an avatar was fetched, and what photos know of it, if that is known."""
    return avatar in snapshot.files and (seen is None or seen in snapshot.files)


def draw_clip(layout: Any, snapshot: Snapshot, job: Job) -> None:
    """Draw what can be done with a finished animation; nothing where it isn't finished."""
    clip = job.made_clip
    if clip is None:
        return
    row = layout.row()
    row.scale_y = 1.6
    row.enabled = clip.animation in snapshot.files
    text = "Add Animation" if row.enabled else "Fetching the Animation…"
    row.operator("album2avatar.add_animation", text=text, icon="ACTION").job = job.id
    layout.operator("album2avatar.open_clip_folder", icon="FILE_FOLDER").job = job.id


CLASSES = (ALBUM2AVATAR_UL_jobs, ALBUM2AVATAR_PT_jobs)
