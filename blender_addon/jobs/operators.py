"""What an artist can do with a job."""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false

from pathlib import Path
from typing import Any

import bpy
from bpy.props import BoolProperty, StringProperty
from bpy.types import Operator

from .. import backend
from ..avatar.asset_mark import mark_as_asset
from ..avatar.character import Character
from ..avatar.importer import import_avatar
from ..avatar.knowledge import remember_knowledge
from ..avatar.origin import remember_job
from ..connection.types import Job
from ..errors import AvatarError
from ..sidebar.asking import ask
from ..sidebar.state import state
from ..wardrobe.variants import find_in_scene, put_beside
from ..wardrobe.wish import relatives
from .image_editor import show_preview


class JobOperator(Operator):
    """Does something with one job, the chosen one where none is named."""

    job: StringProperty(options={"SKIP_SAVE"})  # pyright: ignore[reportInvalidTypeForm]

    def execute(self, context: Any) -> set[str]:
        """Find the job, act, and say in words what hinders it."""
        try:
            job = backend.connection().peek().job(self.job or state(context).jobs.chosen)
            if job is None:
                raise AvatarError("This job is not there any more. Choose another one.")
            self.act(context, job)
        except AvatarError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}

    def act(self, context: Any, job: Job) -> None:
        """What the operator does."""
        raise NotImplementedError


class ALBUM2AVATAR_OT_cancel_job(JobOperator):
    """Stop after the present step. Everything so far is kept, and Resume goes on from there"""

    bl_idname = "album2avatar.cancel_job"
    bl_label = "Cancel"

    force: BoolProperty(  # pyright: ignore[reportInvalidTypeForm]
        name="At Once", description="Don't wait for the step", options={"SKIP_SAVE"}
    )

    def act(self, context: Any, job: Job) -> None:
        """Ask the backend to stop it."""
        ask("jobs", "POST", f"/jobs/{job.id}/cancel", {"force": self.force})


class ALBUM2AVATAR_OT_resume_job(JobOperator):
    """Go on from the last checkpoint"""

    bl_idname = "album2avatar.resume_job"
    bl_label = "Resume"

    def act(self, context: Any, job: Job) -> None:
        """Ask the backend to go on with it."""
        ask("jobs", "POST", f"/jobs/{job.id}/resume", {})


class ALBUM2AVATAR_OT_delete_job(JobOperator):
    """Take the job off the list"""

    bl_idname = "album2avatar.delete_job"
    bl_label = "Delete Job"

    files: BoolProperty(  # pyright: ignore[reportInvalidTypeForm]
        name="Delete the avatar's files, too",
        description="Also delete the folder with everything that was made. This can't be undone",
        options={"SKIP_SAVE"},
    )

    def invoke(self, context: Any, event: Any) -> set[str]:
        """Ask first."""
        return context.window_manager.invoke_props_dialog(self, width=320)

    def draw(self, context: Any) -> None:
        """Draw the dialog."""
        self.layout.label(text="The photos and avatars in scenes stay.")
        self.layout.prop(self, "files")

    def act(self, context: Any, job: Job) -> None:
        """Ask the backend to forget it."""
        files = "true" if self.files else "false"
        ask("jobs", "DELETE", f"/jobs/{job.id}?files={files}")


class ALBUM2AVATAR_OT_open_job_log(JobOperator):
    """Open the job's log in your text editor"""

    bl_idname = "album2avatar.open_job_log"
    bl_label = "Open Log"

    def act(self, context: Any, job: Job) -> None:
        """Open it."""
        open_path(job.log_path, "The job has not begun to write a log.")


class ALBUM2AVATAR_OT_open_job_folder(JobOperator):
    """Show the folder with everything that the job has made"""

    bl_idname = "album2avatar.open_job_folder"
    bl_label = "Show Folder"

    def act(self, context: Any, job: Job) -> None:
        """Open it."""
        open_path(job.workspace, "The job has not begun to make its folder.")


class ALBUM2AVATAR_OT_show_preview(JobOperator):
    """Show the newest picture in the Image Editor; it follows the job"""

    bl_idname = "album2avatar.show_preview"
    bl_label = "Show in Image Editor"

    def act(self, context: Any, job: Job) -> None:
        """Show it."""
        path = backend.connection().peek().files.get(job.preview or "")
        if path is None:
            raise AvatarError("The job has no picture yet. Try again in a moment.")
        show_preview(context, path)


class ALBUM2AVATAR_OT_add_to_scene(JobOperator):
    """Add the finished avatar to the scene, rigged and textured"""

    bl_idname = "album2avatar.add_to_scene"
    bl_label = "Add to Scene"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def description(cls, context: Any, properties: Any) -> str:
        """What a variant does besides."""
        job = backend.connection().peek().job(properties.job)
        if job is None or job.base is None:
            return cls.__doc__ or ""
        return "Add the variant in the place and pose of the avatar it was made from, and hide that"

    def act(self, context: Any, job: Job) -> None:
        """Import what was downloaded."""
        snapshot = backend.connection().peek()
        path = snapshot.files.get(job.avatar or "")
        if path is None:
            raise AvatarError("The avatar is on its way from the backend. Try again in a moment.")
        former = find_in_scene(context, relatives(snapshot, job)) if job.base else None
        avatar = import_avatar(context, path, job.title)
        mark_as_asset(avatar)
        remember_job(avatar.armature, job.id)
        _remember_knowledge(avatar, job.seen)
        if former is not None:
            put_beside(context, avatar, former)


class ALBUM2AVATAR_OT_add_draft(JobOperator):
    """Add the rough avatar that is there already; the finished one will come beside it"""

    bl_idname = "album2avatar.add_draft"
    bl_label = "Add Draft to Scene"
    bl_options = {"REGISTER", "UNDO"}

    def act(self, context: Any, job: Job) -> None:
        """Import what was downloaded; it doesn't count as the job's avatar."""
        path = backend.connection().peek().files.get(job.draft or "")
        if path is None:
            raise AvatarError("The draft is on its way from the backend. Try again in a moment.")
        avatar = import_avatar(context, path, f"{job.title} draft")
        _remember_knowledge(avatar, job.draft_seen)


class ALBUM2AVATAR_OT_continue_queue(Operator):
    """Let the queue take the next job again"""

    bl_idname = "album2avatar.continue_queue"
    bl_label = "Go On"

    def execute(self, context: Any) -> set[str]:
        """Ask the backend."""
        ask("jobs", "PUT", "/queue", {"paused": False})
        return {"FINISHED"}


def _remember_knowledge(avatar: Character, artifact: str | None) -> None:
    path = backend.connection().peek().files.get(artifact or "")
    if path is not None:
        remember_knowledge(avatar, path)


def open_path(path: str, otherwise: str) -> None:
    """Open a file or folder in the system's own program.

    Raises:
        AvatarError: it isn't there; `otherwise` says why.
    """
    if not path or not Path(path).exists():
        raise AvatarError(otherwise)
    bpy.ops.wm.path_open(filepath=path)


CLASSES = (
    ALBUM2AVATAR_OT_cancel_job,
    ALBUM2AVATAR_OT_resume_job,
    ALBUM2AVATAR_OT_delete_job,
    ALBUM2AVATAR_OT_open_job_log,
    ALBUM2AVATAR_OT_open_job_folder,
    ALBUM2AVATAR_OT_show_preview,
    ALBUM2AVATAR_OT_add_to_scene,
    ALBUM2AVATAR_OT_add_draft,
    ALBUM2AVATAR_OT_continue_queue,
)
