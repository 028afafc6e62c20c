"""The picture of what photos know, shown on an avatar and taken off again."""

from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import bpy
from inside_scene import GLB, OUTPUT, start
from inside_wardrobe import MIA

from blender_addon import backend
from blender_addon.avatar.character import find_character
from blender_addon.avatar.materials import base_color_node
from blender_addon.sidebar.state import state

KNOWN = OUTPUT / "seen.png"


def _save_picture():
    image = bpy.data.images.new("seen", 8, 8)
    image.generated_color = (0.0, 0.0, 1.0, 1.0)
    image.filepath_raw, image.file_format = str(KNOWN), "PNG"
    image.save()
    bpy.data.images.remove(image)


def _node():
    character = find_character(bpy.context.active_object)
    nodes = [
        base_color_node(slot.material) for mesh in character.meshes for slot in mesh.material_slots
    ]
    return next(node for node in nodes if node is not None)


def _color(image=None):
    """Middle of what the avatar shows, 0..255."""
    image = image or _node().image
    width, height = image.size
    at = 4 * (height // 2 * width + width // 2)
    return [round(255 * value) for value in image.pixels[at : at + 3]]


def knowledge():
    start()
    _save_picture()
    job = replace(MIA, seen="j1.seen", draft="j1.draft", draft_seen="j1.draft_seen")
    files = {"j1.avatar": GLB, "j1.seen": KNOWN, "j1.draft": GLB, "j1.draft_seen": KNOWN}
    backend.connection()._board.update(jobs=(job,), files=MappingProxyType(files))
    state(bpy.context).jobs.chosen = "j1"
    found = {}
    bpy.ops.album2avatar.add_draft(job="j1")
    bpy.ops.album2avatar.toggle_knowledge()
    found["draft"] = _color()
    start()
    bpy.ops.album2avatar.add_to_scene(job="j1")
    name = bpy.context.active_object.name
    KNOWN.unlink()
    found["before"] = _color()
    bpy.ops.ed.undo_push(message="added")
    bpy.ops.album2avatar.toggle_knowledge("EXEC_DEFAULT", True)
    found["shown"] = _color()
    bpy.ops.ed.undo()
    bpy.context.view_layer.objects.active = bpy.data.objects[name]
    found["undone"] = _color()
    bpy.ops.ed.redo()
    bpy.context.view_layer.objects.active = bpy.data.objects[name]
    found["redone"] = _color()
    for kind in ("glb", "fbx"):
        path = OUTPUT / f"known.{kind}"
        getattr(bpy.ops.album2avatar, f"export_{kind}")(filepath=str(path))
    found["after_export"] = _color()
    path = Path(bpy.app.tempdir) / "known.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    bpy.ops.wm.open_mainfile(filepath=str(path))
    bpy.context.view_layer.objects.active = bpy.data.objects[name]
    found["loaded"] = _color()
    bpy.ops.album2avatar.toggle_knowledge()
    found["off"] = _color()
    start()
    bpy.ops.album2avatar.import_avatar(filepath=str(OUTPUT / "known.glb"))
    found["glb"] = [
        _color(),
        len(bpy.data.images),
        "album2avatar_known" in bpy.context.active_object,
    ]
    try:
        bpy.ops.album2avatar.toggle_knowledge()
    except RuntimeError as error:
        found["without"] = str(error)
    start()
    bpy.ops.import_scene.fbx(filepath=str(OUTPUT / "known.fbx"))
    found["fbx"] = [_color(image) for image in bpy.data.images if image.size[0]]
    backend.connection()._board.update(jobs=(), files=MappingProxyType({}))
    return found


CHECKS = (knowledge,)
