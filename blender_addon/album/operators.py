"""Choose an album and its photos."""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import bpy
from bpy.props import BoolProperty, CollectionProperty, IntProperty, StringProperty
from bpy.types import FileHandler, Menu, Operator, OperatorFileListElement

from .. import backend
from ..connection.types import Photo
from ..sidebar.asking import ask
from ..sidebar.state import state
from .choice import (
    PHOTO_SUFFIXES,
    VIDEO_SUFFIXES,
    album_files,
    album_path,
    awaits_hero,
    used_hero,
)
from .properties import hero_of, kept_of, left_out_of, toggle_hero, toggle_photo

_GONE = "This photo is no longer in the album."


class ALBUM2AVATAR_OT_choose_album(Operator):
    """Choose the folder with photos or videos of one person in one outfit, or one video. Again,
    after you added some"""

    bl_idname = "album2avatar.choose_album"
    bl_label = "Choose Album"

    directory: StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE"})  # pyright: ignore[reportInvalidTypeForm]
    filename: StringProperty(subtype="FILE_NAME", options={"SKIP_SAVE"})  # pyright: ignore[reportInvalidTypeForm]
    filter_folder: BoolProperty(default=True, options={"HIDDEN"})  # pyright: ignore[reportInvalidTypeForm]
    filter_image: BoolProperty(default=True, options={"HIDDEN"})  # pyright: ignore[reportInvalidTypeForm]
    filter_movie: BoolProperty(default=True, options={"HIDDEN"})  # pyright: ignore[reportInvalidTypeForm]

    def invoke(self, context: Any, event: Any) -> set[str]:
        """Let the artist browse."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: Any) -> set[str]:
        """Have the folder read."""
        if not self.directory:
            self.report({"ERROR"}, "Choose a folder with photos, or a video.")
            return {"CANCELLED"}
        _read_album(album_path(self.directory, self.filename), None)
        return {"FINISHED"}


class ALBUM2AVATAR_OT_drop_photos(Operator):
    """Make an album of the dropped photos and videos. They are only read"""

    bl_idname = "album2avatar.drop_photos"
    bl_label = "New Album"
    bl_options = {"INTERNAL"}

    directory: StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE", "HIDDEN"})  # pyright: ignore[reportInvalidTypeForm]
    files: CollectionProperty(type=OperatorFileListElement, options={"SKIP_SAVE", "HIDDEN"})  # pyright: ignore[reportInvalidTypeForm]

    def invoke(self, context: Any, event: Any) -> set[str]:
        """Dropped: there is nothing to ask."""
        return self.execute(context)

    def execute(self, context: Any) -> set[str]:
        """Have the photos read."""
        names = album_files(found.name for found in self.files)
        if not names:
            self.report(
                {"ERROR"},
                "None of these files is a photo (JPEG, PNG, WebP, HEIC) or a video (MP4, MOV, MKV, "
                "WebM).",
            )
            return {"CANCELLED"}
        _read_album(self.directory, names)
        return {"FINISHED"}


class ALBUM2AVATAR_FH_photos(FileHandler):
    """Photos and videos dropped into the 3D viewport"""

    bl_idname = "ALBUM2AVATAR_FH_photos"
    bl_label = "album2avatar Album"
    bl_import_operator = ALBUM2AVATAR_OT_drop_photos.bl_idname
    bl_file_extensions = ";".join((*PHOTO_SUFFIXES, *VIDEO_SUFFIXES))

    @classmethod
    def poll_drop(cls, context: Any) -> bool:
        """Only where avatars are: an Image Editor wants the picture itself."""
        return context.area is not None and context.area.type == "VIEW_3D"


class ALBUM2AVATAR_OT_use_album(Operator):
    """Work with this album"""

    bl_idname = "album2avatar.use_album"
    bl_label = "Use Album"

    album: StringProperty()  # pyright: ignore[reportInvalidTypeForm]

    def execute(self, context: Any) -> set[str]:
        """Choose it."""
        choose(self.album)
        return {"FINISHED"}


class ALBUM2AVATAR_OT_forget_album(Operator):
    """Take the album off the list; the photos stay where they are"""

    bl_idname = "album2avatar.forget_album"
    bl_label = "Forget Album"

    album: StringProperty()  # pyright: ignore[reportInvalidTypeForm]

    def execute(self, context: Any) -> set[str]:
        """Forget it."""
        ask("album", "DELETE", f"/albums/{self.album}")
        return {"FINISHED"}


class ALBUM2AVATAR_OT_toggle_photo(Operator):
    """Use this photo, or leave it out, whatever speaks for or against it"""

    bl_idname = "album2avatar.toggle_photo"
    bl_label = "Use Photo"

    photo: StringProperty()  # pyright: ignore[reportInvalidTypeForm]

    def execute(self, context: Any) -> set[str]:
        """Tick or untick it."""
        choices = state(context).album
        photo = _find_photo(choices.chosen, self.photo)
        if photo is None:
            self.report({"ERROR"}, _GONE)
            return {"CANCELLED"}
        toggle_photo(choices, photo)
        backend.redraw()
        return {"FINISHED"}


class ALBUM2AVATAR_OT_toggle_hero(Operator):
    """Let the avatar look most like this photo; again for none. A finished avatar takes it over
    with Update Avatar"""

    bl_idname = "album2avatar.toggle_hero"
    bl_label = "Hero Photo"

    photo: StringProperty()  # pyright: ignore[reportInvalidTypeForm]

    def execute(self, context: Any) -> set[str]:
        """Give or take the star."""
        choices = state(context).album
        photo = _find_photo(choices.chosen, self.photo)
        if photo is None:
            self.report({"ERROR"}, _GONE)
            return {"CANCELLED"}
        toggle_hero(choices, photo)
        backend.redraw()
        return {"FINISHED"}


class ALBUM2AVATAR_OT_update_hero(Operator):
    """Make the chosen job's avatar look most like the photo with the star; what comes before
    stays as it is"""

    bl_idname = "album2avatar.update_hero"
    bl_label = "Update Avatar"

    def execute(self, context: Any) -> set[str]:
        """Ask the backend to go on with the job."""
        choices = state(context)
        snapshot = backend.connection().peek()
        job, hero = snapshot.job(choices.jobs.chosen), _hero_in_use(choices.album)
        if job is None or job.album != choices.album.chosen or not awaits_hero(job, hero):
            self.report({"ERROR"}, "The chosen job has nothing to change. Choose another one.")
            return {"CANCELLED"}
        body = {"settings": {"refine": {"hero_photo": hero}}}
        ask("album", "POST", f"/jobs/{job.id}/resume", body)
        return {"FINISHED"}


class ALBUM2AVATAR_OT_turn_album_page(Operator):
    """Show other photos of the album"""

    bl_idname = "album2avatar.turn_album_page"
    bl_label = "Turn Page"

    page: IntProperty(min=0)  # pyright: ignore[reportInvalidTypeForm]

    def execute(self, context: Any) -> set[str]:
        """Turn the page."""
        state(context).album.page = self.page
        return {"FINISHED"}


class ALBUM2AVATAR_MT_albums(Menu):
    """Albums that were chosen before"""

    bl_idname = "ALBUM2AVATAR_MT_albums"
    bl_label = "Albums"

    def draw(self, context: Any) -> None:
        """Draw an entry for each album."""
        for album in backend.connection().peek().albums:
            text = f"{album.title} ({album.total})"
            self.layout.operator("album2avatar.use_album", text=text).album = album.id


def choose(album: str) -> None:
    """Work with an album from now on."""
    choices = state(bpy.context).album
    choices.chosen, choices.page = album, 0


def _find_photo(album: str, photo: str) -> Photo | None:
    """A photo of an album, as the backend has it now."""
    known = backend.connection().peek().album(album)
    photos = known.photos if known is not None else ()
    return next((found for found in photos if found.id == photo), None)


def _hero_in_use(choices: Any) -> str:
    album = backend.connection().peek().album(choices.chosen)
    if album is None:
        return ""
    photo = used_hero(album, hero_of(choices), left_out_of(choices), kept_of(choices))
    return photo.id if photo is not None else ""


def _read_album(folder: str, names: Sequence[str] | None) -> None:
    """Ask the backend to read an album, and choose it."""
    body = {"folder": str(Path(bpy.path.abspath(folder))), "names": names}
    ask("album", "POST", "/albums", body, then=lambda answer: choose(answer["id"]))


CLASSES = (
    ALBUM2AVATAR_OT_choose_album,
    ALBUM2AVATAR_OT_drop_photos,
    ALBUM2AVATAR_FH_photos,
    ALBUM2AVATAR_OT_use_album,
    ALBUM2AVATAR_OT_forget_album,
    ALBUM2AVATAR_OT_toggle_photo,
    ALBUM2AVATAR_OT_toggle_hero,
    ALBUM2AVATAR_OT_update_hero,
    ALBUM2AVATAR_OT_turn_album_page,
    ALBUM2AVATAR_MT_albums,
)
