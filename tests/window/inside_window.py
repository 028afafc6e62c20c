"""Runs in Blender beside the artist's window and answers the test's questions about it.

A question is a piece of Python in `question.py` of the folder that WINDOW_QUESTIONS names; what
it leaves in `answer` comes back as `answer.json`. Blender runs it on its main thread between two
of the artist's actions.
"""

import json
import os
import traceback
import types
from pathlib import Path

import bpy

FOLDER = Path(os.environ["WINDOW_QUESTIONS"])
SECONDS_BETWEEN_LOOKS = 0.01


def place(area_type, region_type):
    """Window, area and region of the first such place in any window."""
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == area_type:
                regions = [found for found in area.regions if found.type == region_type]
                return window, area, regions[0]
    raise LookupError(f"no window shows {area_type}")


def view():
    """The 3D viewport."""
    return place("VIEW_3D", "WINDOW")[1]


def in_place(area_type, region_type):
    """Context of a part of a window, as if the mouse were over it."""
    window, area, region = place(area_type, region_type)
    return bpy.context.temp_override(window=window, area=area, region=region)


def box(area_type, region_type):
    """Left, bottom, width and height of a place on the screen, from the bottom left corner."""
    window, _, region = place(area_type, region_type)
    return [window.x + region.x, window.y + region.y, region.width, region.height]


def under_mouse(area_type, region_type):
    """What Blender says of the button below the mouse: its operator call or its property."""
    manager = bpy.context.window_manager
    with in_place(area_type, region_type):
        manager.clipboard = ""
        if bpy.ops.ui.copy_python_command_button.poll():
            bpy.ops.ui.copy_python_command_button()
        elif bpy.ops.ui.copy_data_path_button.poll():
            bpy.ops.ui.copy_data_path_button(full_path=True)
        return manager.clipboard


def sweep(area_type, region_type, name, xs, ys):
    """Move the mouse over a place, column by column, until a button with `name` is below it.

    A generator: between two steps Blender sees the mouse move. It returns the mouse's place on
    the screen from the bottom left corner, and what is there; None where it was not found.
    """
    window, _, region = place(area_type, region_type)
    for x in xs:
        for y in ys:
            window.cursor_warp(region.x + x, region.y + y)
            yield
            yield
            found = under_mouse(area_type, region_type)
            if name in found:
                return [window.x + region.x + x, window.y + region.y + y, found]
    return None


def look():
    """Answer the question that lies there, if one does; go on with a long answer."""
    global _long_answer
    question = FOLDER / "question.py"
    try:
        if _long_answer is not None:
            next(_long_answer)
        elif question.exists():
            text = question.read_text()
            question.unlink()
            names = {**globals(), "answer": None}
            exec(text, names)
            if isinstance(names["answer"], types.GeneratorType):
                _long_answer = names["answer"]
            else:
                tell({"answer": names["answer"]})
    except StopIteration as ended:
        _long_answer = None
        tell({"answer": ended.value})
    except Exception:
        _long_answer = None
        tell({"error": traceback.format_exc()})
    return SECONDS_BETWEEN_LOOKS


def tell(found):
    part = FOLDER / "answer.part"
    part.write_text(json.dumps(found))
    part.rename(FOLDER / "answer.json")


_long_answer = None
bpy.context.preferences.view.show_splash = False
bpy.app.timers.register(look, first_interval=SECONDS_BETWEEN_LOOKS, persistent=True)
