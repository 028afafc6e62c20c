"""From a video to a job, and from its result to an avatar that moves."""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false

from pathlib import Path
from typing import Any

import bpy
from bpy.props import BoolProperty, FloatProperty, StringProperty
from bpy.types import Operator
from bpy_extras.io_utils import ImportHelper

from .. import backend
from ..album.choice import VIDEO_SUFFIXES
from ..avatar.asset_mark import mark_as_asset
from ..avatar.character import avatar_of, find_character, is_part_of_avatar
from ..avatar.importer import import_avatar, read_motion
from ..avatar.motion import give_motion
from ..avatar.origin import job_of, remember_job
from ..connection.types import Job
from ..errors import AvatarError
from ..jobs.operators import JobOperator, open_path
from ..jobs.properties import choose_job
from ..sidebar.handing_in import hand_in, require_answered
from ..sidebar.state import state
from ..wardrobe.variants import find_in_scene
from ..wardrobe.wish import relatives
from .clip_camera import read_camera
from .plate_camera import add_plate_camera
from .wish import NO_TIME, NO_VIDEO, NOT_HERE, is_video, obstacles, request_for


class ALBUM2AVATAR_OT_animate(Operator, ImportHelper):
    """Choose a video of the person; the avatar will move as they do in it. The video is only read,
    and the camera should stand still"""

    bl_idname = "album2avatar.animate"
    bl_label = "Animate from Video"

    filename_ext = ""
    filter_glob: StringProperty(  # pyright: ignore[reportInvalidTypeForm]
        default=";".join(f"*{suffix}" for suffix in VIDEO_SUFFIXES), options={"HIDDEN"}
    )
    start: FloatProperty(  # pyright: ignore[reportInvalidTypeForm]
        name="Start",
        description="Second of the video at which the animation begins",
        min=0.0,
        subtype="TIME_ABSOLUTE",
        options={"SKIP_SAVE"},
    )
    end: FloatProperty(  # pyright: ignore[reportInvalidTypeForm]
        name="End",
        description="Second at which it ends; 0 takes everything up to the video's end",
        min=0.0,
        subtype="TIME_ABSOLUTE",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Only with an avatar."""
        return is_part_of_avatar(context.active_object)

    def execute(self, context: Any) -> set[str]:
        """Hand in a job, and say in words what hinders it."""
        try:
            video = bpy.path.abspath(self.filepath)
            _hand_in(context, str(Path(video).absolute()), (self.start, self.end))
        except AvatarError as error:
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


class ALBUM2AVATAR_OT_add_animation(JobOperator):
    """Let the avatar in the scene move as the person in the video. Its action plays from the
    scene's first frame on; one that played before stays in the file"""

    bl_idname = "album2avatar.add_animation"
    bl_label = "Add Animation"
    bl_options = {"REGISTER", "UNDO"}

    has_camera: BoolProperty(  # pyright: ignore[reportInvalidTypeForm]
        name="Camera with Background",
        description="Also add the video's camera, with the empty background as its picture",
        default=True,
    )

    def act(self, context: Any, job: Job) -> None:
        """Give the action to the avatar; where none is in the scene, add one with it."""
        snapshot = backend.connection().peek()
        clip = job.made_clip
        path = snapshot.files.get(clip.animation if clip is not None else "")
        if clip is None or path is None:
            raise AvatarError(NOT_HERE)
        armature = find_in_scene(context, relatives(snapshot, job))
        if armature is None:
            base = snapshot.job(job.base)
            avatar = import_avatar(context, path, base.title if base is not None else job.title)
            mark_as_asset(avatar)
            remember_job(avatar.armature, job.base or job.id)
            armature = avatar.armature
            armature.animation_data.action.name = job.title
            self.report({"INFO"}, f"{armature.name} came along: it was not in the scene")
        else:
            motion = read_motion(context, path)
            try:
                give_motion(context, armature, motion, context.scene.frame_start)
            except AvatarError:
                bpy.data.actions.remove(motion.action)
                raise
            motion.action.name = job.title
        plate, camera = snapshot.files.get(clip.plate), read_camera(path)
        if self.has_camera and plate is not None and camera is not None:
            add_plate_camera(armature, camera, plate, f"{job.title} camera")


class ALBUM2AVATAR_OT_open_clip_folder(JobOperator):
    """Show the folder with the background and a mask of the person for each frame"""

    bl_idname = "album2avatar.open_clip_folder"
    bl_label = "Background and Masks"

    def act(self, context: Any, job: Job) -> None:
        """Open it."""
        clip = job.made_clip
        open_path(clip.folder if clip else "", "The job has not written background and masks yet.")


def _hand_in(context: Any, video: str, trim: tuple[float, float]) -> None:
    """Begin a job that animates the active avatar, and look at it.

    Raises:
        AvatarError: the avatar can't be animated, or that is no video.
    """
    require_answered()
    snapshot = backend.connection().peek()
    armature = find_character(context.active_object).armature
    job = snapshot.job(job_of(armature))
    hindered = obstacles(snapshot, job)
    if hindered or job is None:
        raise AvatarError(" ".join(hindered))
    if not is_video(video):
        raise AvatarError(NO_VIDEO)
    start, end = trim
    if end and end <= start:
        raise AvatarError(NO_TIME)
    folder = backend.avatar_folder(f"{job.title} {Path(video).stem}")
    request = request_for(job, video, trim, folder)
    hand_in("animation", request.path, request.body, _look_at)


def _look_at(answer: Any) -> None:
    choose_job(state(bpy.context).jobs, answer["id"])


def animated_job(context: Any, snapshot: Any) -> Job | None:
    """The job that made the active avatar, as far as it is known. Cheap enough for drawing."""
    armature = avatar_of(context.active_object)
    return snapshot.job(job_of(armature)) if armature is not None else None


CLASSES = (
    ALBUM2AVATAR_OT_animate,
    ALBUM2AVATAR_OT_add_animation,
    ALBUM2AVATAR_OT_open_clip_folder,
)
