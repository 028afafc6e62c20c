"""Every panel drawn with Blender's real layout, and what the choices outlive."""

import json
import os
import sys
import time
import traceback
from dataclasses import replace
from pathlib import Path
from types import FunctionType, SimpleNamespace

import bpy
from inside_scene import GLB, start

import blender_addon
from blender_addon import backend
from blender_addon.album.properties import hero_of
from blender_addon.connection import messages
from blender_addon.sidebar.state import state

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "panels"))

from records import JOB, READY


def draw_all(package):
    """Draw every panel of the extension: what went wrong in each, and how long it took.

    Without a window Blender can lay a menu out but not show it; so a forked copy of this
    process draws into one, tells, and ends.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            _draw_in_menu(package, writer)
        finally:
            os._exit(1)
    os.close(writer)
    told = b""
    while chunk := os.read(reader, 65536):
        told += chunk
    os.close(reader)
    _, status = os.waitpid(child, 0)
    return json.loads(told) if status == 0 else {"crash": status}


def _draw_in_menu(package, writer):
    panels = [cls for cls in package._CLASSES if issubclass(cls, bpy.types.Panel)]

    def draw(menu, context):
        found = {cls.__name__: draw_panel(cls, menu.layout.column(), context) for cls in panels}
        os.write(writer, json.dumps(found).encode())
        os._exit(0)

    (window,) = bpy.context.window_manager.windows
    area = next(area for area in window.screen.areas if area.type == "VIEW_3D")
    region = next(region for region in area.regions if region.type == "UI")
    with bpy.context.temp_override(window=window, area=area, region=region):
        bpy.context.window_manager.popup_menu(draw)


def draw_panel(cls, layout, context):
    """Draw one panel into anything that has a layout: the seconds it took, or what went wrong."""
    if not getattr(cls, "poll", lambda context: True)(context):
        return {"hidden": True}
    # Blender makes panels itself; their methods work on anything that has a layout.
    methods = {
        name: value
        for base in reversed(cls.__mro__)
        for name, value in vars(base).items()
        if isinstance(value, FunctionType)
    }
    panel = type(cls.__name__, (), methods)()
    panel.layout = layout
    began = time.perf_counter()
    try:
        panel.draw(context)
    except Exception:
        return {"error": traceback.format_exc()}
    return {"seconds": time.perf_counter() - began}


def panels_without_backend():
    bpy.ops.wm.read_factory_settings(use_empty=False)
    return draw_all(blender_addon)


def panels_with_an_avatar():
    bpy.ops.wm.read_factory_settings(use_empty=False)
    bpy.ops.album2avatar.import_avatar(filepath=str(GLB))
    mesh = next(found for found in bpy.context.selected_objects if found.type == "MESH")
    mesh.shape_key_add(name="Basis")
    mesh.shape_key_add(name="smile")
    mesh.vertex_groups.new(name="pockets")
    bpy.ops.album2avatar.check_export()
    return draw_all(blender_addon)


def create_without_album():
    """What is hindered is said in words, by button and by panel."""
    return _told(bpy.ops.album2avatar.create)


class Buttons:
    """A layout that takes whatever is drawn and keeps the buttons."""

    def __init__(self, found):
        self.found, self.enabled = found, True

    def operator(self, name, **_):
        self.found[name] = self
        return SimpleNamespace()

    def __getattr__(self, name):
        return lambda *_, **__: Buttons(self.found)


def _can_press():
    """Whether Create and Find Assets can be pressed, as their panels draw them."""
    found = {}
    for name in ("ALBUM2AVATAR_PT_creation", "ALBUM2AVATAR_PT_assets"):
        draw_panel(getattr(bpy.types, name), Buttons(found), bpy.context)
    return [found[f"album2avatar.{name}"].enabled for name in ("create", "find_assets")]


def one_job_for_one_wish():
    """Buttons between the click and the backend's answer, with a file loaded meanwhile."""
    start()
    connection = backend.connection()
    sent = []
    connection.request = lambda method, path, body, then, fail: sent.append((path, then, fail))
    known = {name: getattr(READY, name) for name in ("status", "albums", "presets", "bodies")}
    connection._board.update(**known)
    state(bpy.context).album.chosen = "a1"
    found = {"before": _can_press()}
    bpy.ops.album2avatar.create()
    found["meanwhile"] = _can_press()
    found["told"] = [_told(bpy.ops.album2avatar.create), _told(bpy.ops.album2avatar.find_assets)]
    found["asked"] = len(sent)
    start()
    found["loaded"] = _can_press()
    sent[-1][2](messages.GONE)
    found["failed"] = [_can_press(), state(bpy.context).creation.problem]
    bpy.ops.album2avatar.find_assets()
    sent[-1][1]({"id": "j9"})
    found["answered"] = [_can_press(), state(bpy.context).jobs.chosen]
    bpy.ops.album2avatar.create()
    blender_addon.unregister()
    blender_addon.register()
    backend.connection()._board.update(**known)
    state(bpy.context).album.chosen = "a1"
    found["switched_on_again"] = _can_press()
    backend.connection()._board.update(status="off")
    return found


def hero_photo():
    """The star of an album is one, and what the job is asked for."""
    start()
    connection = backend.connection()
    done = replace(JOB, goal="avatar")
    connection._board.update(status="ready", albums=READY.albums, jobs=(done,))
    choices = state(bpy.context)
    choices.album.chosen, choices.jobs.chosen = "a1", "j1"
    sent = []
    connection.request = lambda method, path, body, then, fail: sent.append((path, body))
    found = {"without": _stars()}
    try:
        for photo in ("p1", "p2"):
            bpy.ops.album2avatar.toggle_hero(photo=photo)
        found["starred"] = [_stars(), hero_of(choices.album)]
        bpy.ops.album2avatar.update_hero()
        bpy.ops.album2avatar.toggle_hero(photo="p2")
        found["cleared"] = [_stars(), hero_of(choices.album)]
        found["told"] = _told(bpy.ops.album2avatar.update_hero)
    finally:
        del connection.request
        connection._board.update(status="off", albums=(), jobs=())
    found["sent"] = sent
    return found


def _stars():
    """How many stars the album panel draws, and whether it offers to update the avatar."""
    found = []

    class Counted(Buttons):
        def operator(self, name, **_):
            found.append(name)
            return SimpleNamespace()

        def __getattr__(self, name):
            return lambda *_, **__: Counted(self.found)

    drawn = draw_panel(bpy.types.ALBUM2AVATAR_PT_album, Counted({}), bpy.context)
    assert "error" not in drawn, drawn
    return [found.count("album2avatar.toggle_hero"), "album2avatar.update_hero" in found]


def update_after_the_backends_end():
    """What the installer is told to wait for."""
    current = backend.current()
    is_gone, told = object(), []
    current.connection.stop = lambda state: is_gone
    current.installer.update = lambda plan, is_free: told.append(is_free)
    try:
        bpy.ops.album2avatar.update_backend()
    finally:
        del current.connection.stop, current.installer.update
    return told == [is_gone]


def _told(operator):
    try:
        operator()
    except RuntimeError as error:
        return str(error)
    return ""


def choices_outlive_loading():
    start()
    choices = state(bpy.context)
    choices.creation.prompt_addition = "smiling"
    choices.album.chosen = "summer"
    left_out = choices.album.left_out.add()
    left_out.album, left_out.photo = "summer", "img_1"
    kept = choices.album.kept.add()
    kept.album, kept.photo = "summer", "img_3"
    hero = choices.album.heroes.add()
    hero.album, hero.photo = "summer", "img_2"
    begun = choices.creation.begun.add()
    begun.job, begun.photos = "job_1", "img_2 img_3"
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.mesh.primitive_cube_add()
    bpy.ops.ed.undo_push(message="cube")
    choices.creation.prompt_addition = "laughing"
    bpy.ops.ed.undo()
    after_undo = state(bpy.context).creation.prompt_addition
    path = Path(bpy.app.tempdir) / "scene.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    bpy.ops.wm.open_mainfile(filepath=str(path))
    choices = state(bpy.context)
    return {
        "after_undo": after_undo,
        "after_loading": [choices.creation.prompt_addition, choices.album.chosen],
        "left_out": [(found.album, found.photo) for found in choices.album.left_out],
        "kept": [(found.album, found.photo) for found in choices.album.kept],
        "heroes": [(found.album, found.photo) for found in choices.album.heroes],
        "begun": [(found.job, found.photos) for found in choices.creation.begun],
        "is_private": b"summer" not in path.read_bytes(),
    }


def out_of_view():
    """Asking which panels there are is not looking at the backend, nor does one start."""
    start()
    current = backend.current()
    asked = []
    read_choices, backend.read_choices = backend.read_choices, asked.append
    try:
        for cls in blender_addon._CLASSES:
            if issubclass(cls, bpy.types.Panel) and hasattr(cls, "poll"):
                cls.poll(bpy.context)
        is_watched = current.connection.is_watched()
        current.connection.snapshot()
        current.tick()
    finally:
        backend.read_choices = read_choices
    return {
        "is_watched": is_watched,
        "asked": len(asked),
        "set_up": current.installer.status().state,
    }


def off_and_on_again():
    """Twice, so that what the first left behind would be in the second's way."""
    for _ in range(2):
        blender_addon.unregister()
        blender_addon.register()
    is_there = hasattr(bpy.types.WindowManager, "album2avatar")
    return {"is_there": is_there, "handlers": len(bpy.app.handlers.load_post)}


CHECKS = (
    panels_without_backend,
    panels_with_an_avatar,
    create_without_album,
    choices_outlive_loading,
    out_of_view,
    one_job_for_one_wish,
    hero_photo,
    update_after_the_backends_end,
    off_and_on_again,
)
