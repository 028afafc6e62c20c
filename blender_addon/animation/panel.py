"""The avatar panel's part about animations."""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false

from typing import Any

from bpy.types import Panel

from .. import backend
from ..avatar.character import is_part_of_avatar
from ..connection.types import Job, Snapshot
from ..jobs.panel import draw_clip
from ..jobs.wording import stage_line
from ..sidebar.asking import draw_problem
from ..sidebar.handing_in import is_handing_in
from ..sidebar.state import state
from ..sidebar.tab import SidebarPanel, draw_sentence
from .operators import animated_job
from .wish import obstacles


class ALBUM2AVATAR_PT_avatar_animation(SidebarPanel, Panel):
    """Movement of the active avatar, from videos of the person"""

    bl_idname = "ALBUM2AVATAR_PT_avatar_animation"
    bl_label = "Animation"
    bl_parent_id = "ALBUM2AVATAR_PT_avatar"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Only with an avatar."""
        return is_part_of_avatar(context.active_object)

    def draw(self, context: Any) -> None:
        """Draw the button for a video, and the chosen job where it animates."""
        layout = self.layout
        snapshot = backend.connection().snapshot()
        hindered = obstacles(snapshot, animated_job(context, snapshot))
        for sentence in hindered:
            draw_sentence(layout, context, sentence, icon="INFO")
        draw_problem(layout, context, "animation")
        row = layout.row()
        row.enabled = not hindered and not is_handing_in()
        row.operator_context = "INVOKE_DEFAULT"
        row.operator("album2avatar.animate", text="Animate from Video…", icon="FILE_MOVIE")
        job = snapshot.job(state(context).jobs.chosen)
        if job is not None and job.goal == "clip":
            self._draw_job(context, snapshot, job)

    def _draw_job(self, context: Any, snapshot: Snapshot, job: Job) -> None:
        if job.is_active:
            row = self.layout.row(align=True)
            row.progress(factor=job.progress, text=stage_line(job))
            if job.state != "cancelling":
                row.operator("album2avatar.cancel_job", text="", icon="X").job = job.id
        elif job.state == "failed" and job.error is not None:
            draw_sentence(self.layout.box(), context, job.error.message, icon="ERROR")
        else:
            draw_clip(self.layout, snapshot, job)


CLASSES = (ALBUM2AVATAR_PT_avatar_animation,)
