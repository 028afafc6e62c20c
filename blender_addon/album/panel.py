"""The sidebar's panel of the album."""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false

from typing import Any

from bpy.types import Panel

from .. import backend
from ..connection.types import Album, Photo
from ..sidebar.asking import draw_problem
from ..sidebar.pictures import pictures
from ..sidebar.state import state
from ..sidebar.tab import SidebarPanel, draw_sentence
from .choice import count_sentence, warning_sentences
from .properties import left_out_of
from .refresh import PHOTOS_PER_PAGE

_THUMBNAIL_SCALE = 4.0


class ALBUM2AVATAR_PT_album(SidebarPanel, Panel):
    """Photos of the person"""

    bl_idname = "ALBUM2AVATAR_PT_album"
    bl_label = "Album"
    bl_order = 1

    def draw(self, context: Any) -> None:
        """Draw the chosen album's photos."""
        layout = self.layout
        snapshot = backend.connection().snapshot()
        choices = state(context).album
        album = snapshot.album(choices.chosen)
        row = layout.row(align=True)
        row.enabled = snapshot.status in ("ready", "starting")
        if len(snapshot.albums) > 1:
            row.menu("ALBUM2AVATAR_MT_albums", text="", icon="DOWNARROW_HLT")
        title = album.title if album is not None else "Choose Folder…"
        row.operator("album2avatar.choose_album", text=title, icon="FILE_FOLDER")
        if album is not None:
            row.operator("album2avatar.forget_album", text="", icon="X").album = album.id
        draw_problem(layout, context, "album")
        if album is None:
            draw_sentence(
                layout,
                context,
                "Choose a folder with photos of one person in one outfit, or drop photos into "
                "the viewport.",
            )
            return
        self._draw_photos(context, album)

    def _draw_photos(self, context: Any, album: Album) -> None:
        layout = self.layout
        choices = state(context).album
        left_out = left_out_of(choices)
        sentence = count_sentence(album, left_out)
        if album.state == "reading" and album.total:
            layout.progress(factor=album.read / album.total, text=sentence)
        else:
            icon = "ERROR" if album.state == "failed" else "NONE"
            draw_sentence(layout, context, sentence, icon=icon)
        start = choices.page * PHOTOS_PER_PAGE
        shown = album.photos[start : start + PHOTOS_PER_PAGE]
        grid = layout.grid_flow(
            row_major=True, columns=0, even_columns=True, even_rows=True, align=True
        )
        for photo in shown:
            _draw_photo(grid.column(align=True), photo, photo.id in left_out)
        if len(album.photos) > PHOTOS_PER_PAGE:
            _draw_pages(layout.row(align=True), choices.page, len(album.photos))
        for photo, text in warning_sentences(shown):
            icon = "CANCEL" if photo.verdict == "rejected" else "INFO"
            draw_sentence(layout, context, text, icon=icon)


def _draw_photo(cell: Any, photo: Photo, is_left_out: bool) -> None:
    cell.template_icon(pictures().icon(photo.thumbnail), scale=_THUMBNAIL_SCALE)
    if photo.verdict == "rejected":
        cell.label(text=photo.name, icon="CANCEL")
        return
    icon = "CHECKBOX_DEHLT" if is_left_out else "CHECKBOX_HLT"
    text = f"{photo.name} !" if photo.verdict == "warning" else photo.name
    cell.operator("album2avatar.toggle_photo", text=text, icon=icon).photo = photo.id


def _draw_pages(row: Any, page: int, photos: int) -> None:
    last = (photos - 1) // PHOTOS_PER_PAGE
    row.operator("album2avatar.turn_album_page", text="", icon="TRIA_LEFT").page = max(0, page - 1)
    row.label(text=f"Page {page + 1} of {last + 1}")
    row.operator("album2avatar.turn_album_page", text="", icon="TRIA_RIGHT").page = min(
        last, page + 1
    )


CLASSES = (ALBUM2AVATAR_PT_album,)
