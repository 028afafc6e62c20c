"""Questions to the extension inside the window's Blender."""

from typing import Any

from blender_window import BlenderWindow

MODULE = "bl_ext.user_default.album2avatar"
_PRELUDE = f"""
from {MODULE} import backend
snapshot = backend.connection().peek()
choices = bpy.context.window_manager.album2avatar
job = snapshot.job(choices.jobs.chosen)
"""


def tell(blender: BlenderWindow, expression: str) -> Any:
    """The value of an expression about `backend`, `snapshot`, `choices` and the chosen `job`."""
    return blender.ask(f"{_PRELUDE}\nanswer = {expression}")


def do(blender: BlenderWindow, statement: str) -> None:
    """Run a statement about the same names, in the place of the sidebar."""
    blender.ask(f"{_PRELUDE}\nwith in_place('VIEW_3D', 'WINDOW'):\n    {statement}", seconds=120)
