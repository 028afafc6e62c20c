"""The sidebar's panel of the album."""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false

from typing import Any

from bpy.types import Panel

from .. import backend
from ..connection.types import Album, Job, Photo
from ..sidebar.asking import draw_problem
from ..sidebar.pictures import pictures
from ..sidebar.state import state
from ..sidebar.tab import SidebarPanel, draw_sentence
from .choice import (
    awaits_hero,
    count_sentence,
    funnel_rows,
    is_used,
    used_hero,
    warning_sentences,
)
from .properties import hero_of, kept_of, left_out_of
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
                "Choose a folder with photos or videos of one person in one outfit, or drop them "
                "into the viewport.",
            )
            return
        job = snapshot.job(state(context).jobs.chosen)
        is_of_album = job is not None and job.album == album.id
        self._draw_photos(context, album, job if is_of_album else None)

    def _draw_photos(self, context: Any, album: Album, job: Job | None) -> None:
        layout = self.layout
        choices = state(context).album
        left_out, kept = left_out_of(choices), kept_of(choices)
        sentence = count_sentence(album, left_out, kept)
        if album.state == "reading" and album.total:
            layout.progress(factor=album.read / album.total, text=sentence)
        else:
            icon = "ERROR" if album.state == "failed" else "NONE"
            draw_sentence(layout, context, sentence, icon=icon)
        for note in album.notes:
            draw_sentence(layout, context, note, icon="ERROR")
        start = choices.page * PHOTOS_PER_PAGE
        shown = album.photos[start : start + PHOTOS_PER_PAGE]
        grid = layout.grid_flow(
            row_major=True, columns=0, even_columns=True, even_rows=True, align=True
        )
        starred = hero_of(choices)
        for photo in shown:
            cell = grid.column(align=True)
            _draw_photo(cell, photo, is_used(photo, left_out, kept), photo.id == starred)
        if len(album.photos) > PHOTOS_PER_PAGE:
            _draw_pages(layout.row(align=True), choices.page, len(album.photos))
        for photo, text in warning_sentences(shown, job):
            icon = "INFO" if is_used(photo, left_out, kept) else "CANCEL"
            draw_sentence(layout, context, text, icon=icon)
        hero = used_hero(album, starred, left_out, kept)
        if hero is not None:
            text = f"The avatar shall look most like {hero.name}."
            draw_sentence(layout, context, text, icon="SOLO_ON")
        if awaits_hero(job, hero.id if hero is not None else ""):
            layout.operator("album2avatar.update_hero", icon="FILE_REFRESH")


class ALBUM2AVATAR_PT_album_funnel(SidebarPanel, Panel):
    """How many photos get through what is asked of them"""

    bl_idname = "ALBUM2AVATAR_PT_album_funnel"
    bl_label = "From Found to Used"
    bl_parent_id = "ALBUM2AVATAR_PT_album"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Once an album was looked through."""
        album = backend.connection().peek().album(state(context).album.chosen)
        return album is not None and bool(album.funnel)

    def draw(self, context: Any) -> None:
        """Draw a bar for each step."""
        choices = state(context).album
        album = backend.connection().snapshot().album(choices.chosen)
        if album is None:
            return
        rows = funnel_rows(album, left_out_of(choices), kept_of(choices))
        column = self.layout.column(align=True)
        for row in rows:
            column.progress(
                factor=row.count / max(1, rows[0].count), text=f"{row.count} {row.step}"
            )


def _draw_photo(cell: Any, photo: Photo, is_ticked: bool, is_hero: bool) -> None:
    cell.template_icon(pictures().icon(photo.thumbnail), scale=_THUMBNAIL_SCALE)
    if not photo.is_readable:
        cell.label(text=photo.name, icon="CANCEL")
        return
    icon = "CHECKBOX_HLT" if is_ticked else "CHECKBOX_DEHLT"
    text = photo.name if photo.verdict == "good" else f"{photo.name} !"
    row = cell.row(align=True)
    row.operator("album2avatar.toggle_photo", text=text, icon=icon).photo = photo.id
    if is_ticked:
        star = "SOLO_ON" if is_hero else "SOLO_OFF"
        row.operator("album2avatar.toggle_hero", text="", icon=star).photo = photo.id


def _draw_pages(row: Any, page: int, photos: int) -> None:
    last = (photos - 1) // PHOTOS_PER_PAGE
    row.operator("album2avatar.turn_album_page", text="", icon="TRIA_LEFT").page = max(0, page - 1)
    row.label(text=f"Page {page + 1} of {last + 1}")
    row.operator("album2avatar.turn_album_page", text="", icon="TRIA_RIGHT").page = min(
        last, page + 1
    )


CLASSES = (ALBUM2AVATAR_PT_album, ALBUM2AVATAR_PT_album_funnel)
