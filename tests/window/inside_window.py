"""Runs in Blender beside the artist's window and answers the test's questions about it.

A question is a piece of Python in `question.py` of the folder that WINDOW_QUESTIONS names; what
it leaves in `answer` comes back as `answer.json`. Blender runs it on its main thread between two
of the artist's actions.
"""

import json
import os
import traceback
from pathlib import Path

import bpy

FOLDER = Path(os.environ["WINDOW_QUESTIONS"])
SECONDS_BETWEEN_LOOKS = 0.02


def window():
    return bpy.context.window_manager.windows[0]


def view():
    """The area of the 3D viewport."""
    return next(area for area in window().screen.areas if area.type == "VIEW_3D")


def region(kind):
    return next(found for found in view().regions if found.type == kind)


def in_region(kind):
    """Context of a part of the viewport, as if the mouse were over it."""
    return bpy.context.temp_override(window=window(), area=view(), region=region(kind))


def under_mouse(kind="UI"):
    """What Blender says of the button below the mouse: its operator call or its property."""
    manager = bpy.context.window_manager
    with in_region(kind):
        manager.clipboard = ""
        if bpy.ops.ui.copy_python_command_button.poll():
            bpy.ops.ui.copy_python_command_button()
        elif bpy.ops.ui.copy_data_path_button.poll():
            bpy.ops.ui.copy_data_path_button(full_path=True)
        return manager.clipboard


def look():
    """Answer the question that lies there, if one does."""
    question = FOLDER / "question.py"
    if question.exists():
        text = question.read_text()
        question.unlink()
        names = {**globals(), "answer": None}
        try:
            exec(text, names)
            found = {"answer": names["answer"]}
        except Exception:
            found = {"error": traceback.format_exc()}
        part = FOLDER / "answer.part"
        part.write_text(json.dumps(found))
        part.rename(FOLDER / "answer.json")
    return SECONDS_BETWEEN_LOOKS


bpy.context.preferences.view.show_splash = False
bpy.app.timers.register(look, first_interval=SECONDS_BETWEEN_LOOKS, persistent=True)
