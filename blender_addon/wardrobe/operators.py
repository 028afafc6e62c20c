"""Try pieces on, and keep the wardrobe in order."""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false

from pathlib import Path
from typing import Any

import bpy
from bpy.props import CollectionProperty, IntProperty, StringProperty
from bpy.types import FileHandler, Menu, Operator, OperatorFileListElement
from bpy_extras.io_utils import ExportHelper, ImportHelper

from .. import backend
from ..connection.types import WardrobeItem
from ..errors import AvatarError
from ..sidebar.asking import ask
from ..sidebar.state import state
from .kinds import tooltip
from .trying_on import try_on
from .wish import NO_WORDS, Garment

TOKEN_SUFFIX = ".a2atoken"
_LONGEST_FILE_NAME = 60


class _PieceOperator(Operator):
    """Does something with one piece of the wardrobe."""

    entry: StringProperty(options={"SKIP_SAVE"})  # pyright: ignore[reportInvalidTypeForm]

    @classmethod
    def description(cls, context: Any, properties: Any) -> str:
        """Which piece it is about."""
        item = _piece(properties.entry)
        text = cls.__doc__ or ""
        return f"{text}: {item.name}, learned from {item.source}" if item is not None else text


class ALBUM2AVATAR_OT_try_on(_PieceOperator):
    """Make a variant of the active avatar that wears this; all else about it stays as it is"""

    bl_idname = "album2avatar.try_on"
    bl_label = "Try On"

    @classmethod
    def description(cls, context: Any, properties: Any) -> str:
        """What the click does, and where the piece is from."""
        item = _piece(properties.entry)
        return tooltip(item) if item is not None else cls.__doc__ or ""

    def execute(self, context: Any) -> set[str]:
        """Hand in a job."""
        return _try_on(self, context, Garment(entry=self.entry))


class ALBUM2AVATAR_OT_try_on_words(Operator):
    """Make a variant of the active avatar that wears what the words say"""

    bl_idname = "album2avatar.try_on_words"
    bl_label = "Try On"

    def execute(self, context: Any) -> set[str]:
        """Hand in a job."""
        choices = state(context).wardrobe
        if not choices.words.strip():
            self.report({"ERROR"}, NO_WORDS)
            return {"CANCELLED"}
        return _try_on(self, context, Garment(kind=choices.words_kind, words=choices.words))


class ALBUM2AVATAR_OT_piece_menu(_PieceOperator):
    """Rename, export or delete this piece"""

    bl_idname = "album2avatar.piece_menu"
    bl_label = "Piece"
    bl_options = {"INTERNAL"}

    def invoke(self, context: Any, event: Any) -> set[str]:
        """Open the menu."""
        item = _piece(self.entry)
        if item is None:
            return {"CANCELLED"}

        def draw(menu: Any, context: Any) -> None:
            layout = menu.layout
            layout.operator_context = "INVOKE_DEFAULT"
            layout.label(text=f"From {item.source}, {item.token}")
            rename = layout.operator("album2avatar.rename_piece", icon="GREASEPENCIL")
            rename.entry, rename.name = item.id, item.name
            layout.operator("album2avatar.export_piece", icon="EXPORT").entry = item.id
            layout.operator("album2avatar.delete_piece", icon="TRASH").entry = item.id

        context.window_manager.popup_menu(draw, title=item.name)
        return {"FINISHED"}

    def execute(self, context: Any) -> set[str]:
        """There is nothing to do without a mouse."""
        return {"CANCELLED"}


class ALBUM2AVATAR_OT_rename_piece(_PieceOperator):
    """Give this piece another name; what it looks like stays"""

    bl_idname = "album2avatar.rename_piece"
    bl_label = "Rename…"

    name: StringProperty(name="Name", maxlen=60, options={"SKIP_SAVE"})  # pyright: ignore[reportInvalidTypeForm]

    def invoke(self, context: Any, event: Any) -> set[str]:
        """Ask for the name."""
        return context.window_manager.invoke_props_dialog(self)

    def execute(self, context: Any) -> set[str]:
        """Ask the backend."""
        if not self.name.strip():
            self.report({"ERROR"}, "A piece needs a name.")
            return {"CANCELLED"}
        ask("wardrobe", "PATCH", f"/wardrobe/{self.entry}", {"name": self.name.strip()})
        return {"FINISHED"}


class ALBUM2AVATAR_OT_delete_piece(_PieceOperator):
    """Take this piece out of the wardrobe; it can be brought back. Avatars that wear it stay"""

    bl_idname = "album2avatar.delete_piece"
    bl_label = "Delete"

    def execute(self, context: Any) -> set[str]:
        """Ask the backend."""
        ask("wardrobe", "DELETE", f"/wardrobe/{self.entry}", then=_note_deleted(self.entry))
        return {"FINISHED"}


class ALBUM2AVATAR_OT_restore_piece(Operator):
    """Bring this piece back into the wardrobe"""

    bl_idname = "album2avatar.restore_piece"
    bl_label = "Bring Back"

    entry: StringProperty(options={"SKIP_SAVE"})  # pyright: ignore[reportInvalidTypeForm]

    def execute(self, context: Any) -> set[str]:
        """Ask the backend."""
        ask("wardrobe", "POST", f"/wardrobe/{self.entry}/restore", then=_note_deleted(""))
        return {"FINISHED"}


class ALBUM2AVATAR_OT_export_piece(_PieceOperator, ExportHelper):
    """Write this piece as one file, for another computer or a colleague"""

    bl_idname = "album2avatar.export_piece"
    bl_label = "Export…"

    filename_ext = TOKEN_SUFFIX
    filter_glob: StringProperty(default=f"*{TOKEN_SUFFIX}", options={"HIDDEN"})  # pyright: ignore[reportInvalidTypeForm]

    def invoke(self, context: Any, event: Any) -> set[str]:
        """Let the artist choose a place; the piece's name is the file's."""
        item = _piece(self.entry)
        if item is not None:
            self.filepath = file_name(item.name)
        return super().invoke(context, event)

    def execute(self, context: Any) -> set[str]:
        """Ask the backend."""
        ask(
            "wardrobe",
            "POST",
            f"/wardrobe/{self.entry}/export",
            {"path": str(Path(bpy.path.abspath(self.filepath)))},
        )
        return {"FINISHED"}


class ALBUM2AVATAR_OT_import_pieces(Operator, ImportHelper):
    """Take pieces into the wardrobe that were exported from another one"""

    bl_idname = "album2avatar.import_pieces"
    bl_label = "Import Pieces"

    filename_ext = TOKEN_SUFFIX
    filter_glob: StringProperty(default=f"*{TOKEN_SUFFIX}", options={"HIDDEN"})  # pyright: ignore[reportInvalidTypeForm]
    directory: StringProperty(subtype="DIR_PATH", options={"SKIP_SAVE", "HIDDEN"})  # pyright: ignore[reportInvalidTypeForm]
    files: CollectionProperty(type=OperatorFileListElement, options={"SKIP_SAVE", "HIDDEN"})  # pyright: ignore[reportInvalidTypeForm]

    def invoke(self, context: Any, event: Any) -> set[str]:
        """Dropped files are taken at once; else the artist browses."""
        if self.directory and self.files:
            return self.execute(context)
        return super().invoke(context, event)

    def execute(self, context: Any) -> set[str]:
        """Ask the backend for each file."""
        paths = [Path(bpy.path.abspath(self.directory)) / found.name for found in self.files]
        if not self.directory:
            paths = [Path(bpy.path.abspath(self.filepath))]
        tokens = [path for path in paths if path.suffix == TOKEN_SUFFIX]
        if not tokens:
            self.report({"ERROR"}, f"Choose a file that ends with {TOKEN_SUFFIX}.")
            return {"CANCELLED"}
        for path in tokens:
            ask("wardrobe", "POST", "/wardrobe/import", {"path": str(path)})
        return {"FINISHED"}


class ALBUM2AVATAR_FH_pieces(FileHandler):
    """Exported pieces dropped into the 3D viewport"""

    bl_idname = "ALBUM2AVATAR_FH_pieces"
    bl_label = "album2avatar Wardrobe"
    bl_import_operator = ALBUM2AVATAR_OT_import_pieces.bl_idname
    bl_file_extensions = TOKEN_SUFFIX

    @classmethod
    def poll_drop(cls, context: Any) -> bool:
        """Only where avatars are."""
        return context.area is not None and context.area.type == "VIEW_3D"


class ALBUM2AVATAR_OT_turn_wardrobe_page(Operator):
    """Show other pieces"""

    bl_idname = "album2avatar.turn_wardrobe_page"
    bl_label = "Turn Page"

    page: IntProperty(min=0)  # pyright: ignore[reportInvalidTypeForm]

    def execute(self, context: Any) -> set[str]:
        """Turn the page."""
        state(context).wardrobe.page = self.page
        backend.redraw()
        return {"FINISHED"}


class ALBUM2AVATAR_MT_deleted_pieces(Menu):
    """Pieces that were deleted; a click brings one back"""

    bl_idname = "ALBUM2AVATAR_MT_deleted_pieces"
    bl_label = "Bring Back"

    def draw(self, context: Any) -> None:
        """Draw an entry for each piece."""
        for item in backend.connection().peek().wardrobe_deleted:
            entry = self.layout.operator("album2avatar.restore_piece", text=item.name)
            entry.entry = item.id


def file_name(piece: str) -> str:
    """A file's name for a piece of any name."""
    plain = bpy.path.clean_name(piece.strip()).strip("_")[:_LONGEST_FILE_NAME]
    return f"{plain or 'piece'}{TOKEN_SUFFIX}"


def _piece(entry: str) -> WardrobeItem | None:
    snapshot = backend.connection().peek()
    return next((item for item in snapshot.wardrobe if item.id == entry), None)


def _try_on(operator: Any, context: Any, garment: Garment) -> set[str]:
    try:
        try_on(context, garment)
    except AvatarError as error:
        operator.report({"ERROR"}, str(error))
        return {"CANCELLED"}
    return {"FINISHED"}


def _note_deleted(entry: str) -> Any:
    def then(answer: Any) -> None:
        state(bpy.context).wardrobe.deleted = entry
        backend.redraw()

    return then


CLASSES = (
    ALBUM2AVATAR_OT_try_on,
    ALBUM2AVATAR_OT_try_on_words,
    ALBUM2AVATAR_OT_piece_menu,
    ALBUM2AVATAR_OT_rename_piece,
    ALBUM2AVATAR_OT_delete_piece,
    ALBUM2AVATAR_OT_restore_piece,
    ALBUM2AVATAR_OT_export_piece,
    ALBUM2AVATAR_OT_import_pieces,
    ALBUM2AVATAR_FH_pieces,
    ALBUM2AVATAR_OT_turn_wardrobe_page,
    ALBUM2AVATAR_MT_deleted_pieces,
)
