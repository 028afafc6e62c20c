"""Requests of the panels, whose failures appear in the panel that asked."""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false

from collections.abc import Callable, Mapping
from typing import Any

import bpy
from bpy.props import StringProperty
from bpy.types import Operator

from .. import backend
from ..connection.types import Problem
from .state import state
from .tab import draw_sentence


def ask(
    section: str,
    method: str,
    path: str,
    body: Mapping[str, Any] | None = None,
    then: Callable[[Any], None] | None = None,
    after: Callable[[], None] | None = None,
) -> None:
    """Send a request to the backend and return at once.

    Args:
        section: name of the choices whose panel asks; a failure is said there.
        then: called with the answer, in Blender's main thread.
        after: called when there is an answer or a failure, before anything else.
    """

    def take(answer: Any) -> None:
        if after is not None:
            after()
        if then is not None:
            then(answer)

    def show(problem: Problem) -> None:
        if after is not None:
            after()
        _section(section).problem = problem.message

    _section(section).problem = ""
    backend.connection().request(method, path, body, then=take, fail=show)


def draw_problem(layout: Any, context: Any, section: str) -> None:
    """Draw what a panel's last request ran into, with a button that takes it away."""
    message = getattr(state(context), section).problem
    if not message:
        return
    box = layout.box()
    row = box.row()
    draw_sentence(row, context, message, icon="ERROR")
    row.operator("album2avatar.dismiss", text="", icon="X", emboss=False).section = section


class ALBUM2AVATAR_OT_dismiss(Operator):
    """Take this message away"""

    bl_idname = "album2avatar.dismiss"
    bl_label = "Dismiss"

    section: StringProperty()  # pyright: ignore[reportInvalidTypeForm]

    def execute(self, context: Any) -> set[str]:
        """Forget the message."""
        getattr(state(context), self.section).problem = ""
        return {"FINISHED"}


def _section(name: str) -> Any:
    return getattr(state(bpy.context), name)


CLASSES = (ALBUM2AVATAR_OT_dismiss,)
