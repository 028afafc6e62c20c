"""The sidebar's panel of the wardrobe."""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false

from typing import Any

from bpy.types import Panel

from .. import backend
from ..avatar.character import avatar_of
from ..avatar.origin import job_of
from ..connection.types import Job, Snapshot, WardrobeItem
from ..jobs.panel import draw_offer
from ..jobs.wording import stage_line
from ..sidebar.asking import draw_problem
from ..sidebar.handing_in import is_handing_in
from ..sidebar.pictures import pictures
from ..sidebar.state import state
from ..sidebar.tab import SidebarPanel, draw_sentence
from .kinds import WORN_KINDS
from .refresh import last_page, shown_pieces
from .trying_on import obstacles_now, wearer_now
from .variants import is_shown, variants_of

_ICON_SCALE = 4.0
_PREVIEW_SCALE = 8.0


class ALBUM2AVATAR_PT_wardrobe(SidebarPanel, Panel):
    """Pieces of all avatars, to try on"""

    bl_idname = "ALBUM2AVATAR_PT_wardrobe"
    bl_label = "Wardrobe"
    bl_options = {"DEFAULT_CLOSED"}
    bl_order = 6

    def draw(self, context: Any) -> None:
        """Draw who is dressed, the variants so far, the pieces, and the field for words."""
        layout = self.layout
        snapshot = backend.connection().snapshot()
        hindered = obstacles_now(context, snapshot)
        wearer = wearer_now(context, snapshot)
        if wearer is not None and not hindered:
            layout.label(text=f"For {wearer.title}:", icon="USER")
        for sentence in hindered:
            draw_sentence(layout, context, sentence, icon="INFO")
        draw_problem(layout, context, "wardrobe")
        self._draw_job(context, snapshot)
        self._draw_variants(context)
        self._draw_header(context, snapshot)
        may_try = not hindered and not is_handing_in()
        self._draw_pieces(context, snapshot, may_try)
        self._draw_words(context, may_try)

    def _draw_job(self, context: Any, snapshot: Snapshot) -> None:
        """The chosen job, where something is tried on in it."""
        job = snapshot.job(state(context).jobs.chosen)
        if job is None or job.goal != "swap":
            return
        if job.is_active:
            _draw_active(self.layout, job)
        elif job.has_made_avatar and not _is_put_on(context, job):
            draw_offer(self.layout, snapshot, job)
        elif job.state == "failed" and job.error is not None:
            draw_sentence(self.layout.box(), context, job.error.message, icon="ERROR")

    def _draw_variants(self, context: Any) -> None:
        armature = avatar_of(context.active_object)
        variants = variants_of(armature) if armature is not None else ()
        if len(variants) < 2:
            return
        box = self.layout.box()
        box.operator("album2avatar.next_variant", icon="ARROW_LEFTRIGHT")
        column = box.column(align=True)
        for variant in variants:
            icon = "HIDE_OFF" if is_shown(variant) else "HIDE_ON"
            column.operator(
                "album2avatar.show_variant",
                text=variant.name,
                icon=icon,
                depress=is_shown(variant),
            ).variant = variant.name

    def _draw_header(self, context: Any, snapshot: Snapshot) -> None:
        choices = state(context).wardrobe
        row = self.layout.row(align=True)
        row.prop(choices, "kind", text="")
        row.operator("album2avatar.import_pieces", text="", icon="IMPORT")
        bringing_back = row.row(align=True)
        bringing_back.enabled = bool(snapshot.wardrobe_deleted)
        bringing_back.menu("ALBUM2AVATAR_MT_deleted_pieces", text="", icon="LOOP_BACK")
        for item in snapshot.wardrobe_deleted:
            if item.id == choices.deleted:
                text = f"Bring Back {item.name}"
                self.layout.operator(
                    "album2avatar.restore_piece", text=text, icon="LOOP_BACK"
                ).entry = item.id

    def _draw_pieces(self, context: Any, snapshot: Snapshot, may_try: bool) -> None:
        layout = self.layout
        choices = state(context).wardrobe
        pieces = shown_pieces(choices, snapshot)
        if not pieces:
            text = "Nothing of this kind is here."
            if not snapshot.wardrobe:
                text = "Every finished avatar puts its pieces here."
            draw_sentence(layout, context, text)
            return
        grid = layout.grid_flow(
            row_major=True, columns=0, even_columns=True, even_rows=True, align=True
        )
        for item in pieces:
            _draw_piece(grid.column(align=True), item, may_try)
        last = last_page(choices, snapshot)
        if last:
            row = layout.row(align=True)
            turn = "album2avatar.turn_wardrobe_page"
            row.operator(turn, text="", icon="TRIA_LEFT").page = max(0, choices.page - 1)
            row.label(text=f"Page {choices.page + 1} of {last + 1}")
            row.operator(turn, text="", icon="TRIA_RIGHT").page = min(last, choices.page + 1)

    def _draw_words(self, context: Any, may_try: bool) -> None:
        choices = state(context).wardrobe
        column = self.layout.column(align=True)
        column.label(text="Or in words:")
        column.prop(choices, "words", text="", placeholder="blue denim jacket")
        row = column.row(align=True)
        row.prop(choices, "words_kind", text="")
        button = row.row(align=True)
        button.enabled = may_try and bool(choices.words.strip())
        button.operator("album2avatar.try_on_words", icon="MOD_CLOTH")


def _is_put_on(context: Any, job: Job) -> bool:
    """Whether the active avatar has a job's variant beside it already."""
    armature = avatar_of(context.active_object)
    return armature is not None and job.id in map(job_of, variants_of(armature))


def _draw_active(layout: Any, job: Job) -> None:
    row = layout.row(align=True)
    row.progress(factor=job.progress, text=stage_line(job))
    if job.state != "cancelling":
        row.operator("album2avatar.cancel_job", text="", icon="X").job = job.id
    if pictures().holds(job.preview):
        layout.template_icon(pictures().icon(job.preview), scale=_PREVIEW_SCALE)


def _draw_piece(cell: Any, item: WardrobeItem, may_try: bool) -> None:
    cell.template_icon(pictures().icon(item.icon), scale=_ICON_SCALE)
    row = cell.row(align=True)
    button = row.row(align=True)
    button.enabled = may_try and item.kind in WORN_KINDS
    button.operator("album2avatar.try_on", text=item.name).entry = item.id
    row.operator("album2avatar.piece_menu", text="", icon="DOWNARROW_HLT").entry = item.id


CLASSES = (ALBUM2AVATAR_PT_wardrobe,)
