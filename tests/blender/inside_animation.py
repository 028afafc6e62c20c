"""An animation on an avatar in the scene, without a backend; writes down what becomes of it.

Run by the Python of Blender's environment: inside_animation.py FOLDER OUTPUT_FOLDER. The folder
holds avatar.glb, animated.glb and plate.png.
"""

import json
import os
import sys
from types import MappingProxyType

import bpy
import numpy as np
from inside_panels import Buttons, draw_all, draw_panel
from inside_scene import GLB, OUTPUT, armatures, start
from mathutils import Matrix
from records import JOB as RECORD
from records import READY, replace

import blender_addon
from blender_addon import backend
from blender_addon.avatar.character import meshes_of
from blender_addon.avatar.modes import object_mode
from blender_addon.avatar.origin import JOB, remember_job
from blender_addon.connection.types import Clip, Problem
from blender_addon.sidebar.state import state

AVATAR, ANIMATED, PLATE = (GLB / name for name in ("avatar.glb", "animated.glb", "plate.png"))
MIA = replace(RECORD, id="j1", title="Mia", goal="avatar", avatar="j1.avatar")
DANCE = replace(
    RECORD,
    id="j5",
    title="Mia, dance",
    goal="clip",
    base="j1",
    has_assets=False,
    clip=Clip("j5.animation", "j5.plate", str(OUTPUT)),
)
FPS = 30
"""Of the scene; the video has another rate."""


def an_animation_lands():
    """On an avatar with another place, pose, roll and action; in one step of undo."""
    _know_jobs()
    armature = _add_mia()
    armature.matrix_world = Matrix.Translation((2, 1, 0)) @ Matrix.Rotation(0.7, 4, "Z")
    bpy.ops.album2avatar.pose(pose="T_POSE")
    with object_mode(bpy.context, armature, "EDIT"):
        for bone in armature.data.edit_bones:
            bone.roll += 0.6
    armature.pose.bones[3].keyframe_insert("rotation_euler", frame=1)
    former = armature.animation_data.action.name
    files = [_exported("before")]
    bpy.context.view_layer.objects.active = meshes_of(armature)[0]
    before = _counts()
    bpy.ops.ed.undo_push(message="posed")
    bpy.ops.album2avatar.add_animation("EXEC_DEFAULT", True, job="j5")
    (armature,) = armatures()
    scene, action = bpy.context.scene, armature.animation_data.action
    found = {
        "armature": armature.name,
        "action": action.name,
        "range": list(action.frame_range),
        "frame_end": scene.frame_end,
        "fps": scene.render.fps,
        "added": _added(before),
        "former": [former in bpy.data.actions, bpy.data.actions[former].use_fake_user],
        "active": bpy.context.active_object.name == meshes_of(armature)[0].name,
        "camera": _describe_camera(armature),
    }
    np.save(OUTPUT / "landed.npy", _deformations(armature))
    files.append(_exported("after"))
    found["exports"] = [files[0][0] == files[1][0], _difference(files[0][1], files[1][1])]
    found["still_plays"] = armature.animation_data.action == action
    bpy.ops.ed.undo()
    (armature,) = armatures()
    found["undone"] = [armature.animation_data.action.name == former, _added(before)]
    return found


def an_avatar_comes_along():
    """Where the scene has none of the person: with the action, and known as its job's."""
    _know_jobs()
    bpy.ops.album2avatar.add_animation(job="j5", has_camera=False)
    (armature,) = armatures()
    np.save(OUTPUT / "alone.npy", _deformations(armature))
    return {
        "name": armature.name,
        "job": armature[JOB],
        "action": armature.animation_data.action.name,
        "extras": "clip" in armature["album2avatar"].to_dict(),
        "tracks": len(armature.animation_data.nla_tracks),
        "cameras": len(bpy.data.cameras),
    }


def what_hinders():
    """Each said in a sentence, and nothing changed."""
    _know_jobs()
    armature = _add_mia()
    armature.data.bones["upperarm01.L"].name = "arm"
    before = _counts()
    found = {"bones": _told(lambda: bpy.ops.album2avatar.add_animation(job="j5"))}
    found["left"] = [_added(before), armature.animation_data is None]
    backend.connection()._board.update(files=MappingProxyType({}))
    found["early"] = _told(lambda: bpy.ops.album2avatar.add_animation(job="j5"))
    backend.connection()._board.update(files=MappingProxyType({"j5.animation": AVATAR}))
    found["still"] = _told(lambda: bpy.ops.album2avatar.add_animation(job="j5"))
    found["left"].append(_added(before))
    return found


def what_is_asked_for():
    """A video becomes a request; what is no video, or no avatar of a job, becomes a sentence."""
    sent = _know_jobs()
    found = {"without": bpy.ops.album2avatar.animate.poll()}
    armature = _add_mia()
    found["letter"] = _told(lambda: bpy.ops.album2avatar.animate(filepath="/tmp/letter.txt"))
    found["times"] = _told(
        lambda: bpy.ops.album2avatar.animate(filepath="/tmp/a.mp4", start=2.0, end=1.0)
    )
    bpy.ops.album2avatar.animate(filepath="/tmp/dance.MOV")
    found["twice"] = _told(lambda: bpy.ops.album2avatar.animate(filepath="/tmp/a.mp4"))
    sent[-1]["then"]({"id": "j5"})
    found["chosen"] = state(bpy.context).jobs.chosen
    bpy.ops.album2avatar.animate(filepath="/tmp/a.mp4", start=0.5, end=2.0)
    sent[-1]["fail"](Problem("album", "There is no file."))
    found["problem"] = state(bpy.context).animation.problem
    remember_job(armature, "j9")
    found["stranger"] = _told(lambda: bpy.ops.album2avatar.animate(filepath="/tmp/a.mp4"))
    found["asked"] = [[each["method"], each["path"], each["body"]] for each in sent]
    return found


def panels_in_every_state():
    """Both panels draw, and offer the animation when it is there."""
    drawn = {}
    _know_jobs()
    _add_mia()
    state(bpy.context).jobs.chosen = "j5"
    for name, job in {
        "done": DANCE,
        "running": replace(DANCE, state="running", stage_index=2, progress=0.4, clip=None),
        "failed": replace(DANCE, state="failed", clip=None, error=Problem("album", "Too long.")),
        "cancelled": replace(DANCE, state="cancelled", clip=None),
    }.items():
        backend.connection()._board.update(jobs=(job, MIA))
        panels = draw_all(blender_addon)
        drawn[name] = {
            panel: "error" in found or "hidden" in found
            for panel, found in panels.items()
            if panel.endswith(("_jobs", "_avatar_animation"))
        } | {"offers": [_offers(panel) for panel in ("jobs", "avatar_animation")]}
    return drawn


def _offers(panel):
    found = {}
    draw_panel(getattr(bpy.types, f"ALBUM2AVATAR_PT_{panel}"), Buttons(found), bpy.context)
    return "album2avatar.add_animation" in found


def _know_jobs():
    start()
    bpy.context.scene.render.fps = FPS
    bpy.context.scene.frame_start, bpy.context.scene.frame_end = 5, 7
    connection = backend.connection()
    sent = []

    def request(method, path, body=None, *, then=None, fail=None):
        sent.append({"method": method, "path": path, "body": body, "then": then, "fail": fail})

    connection.request = request
    files = {"j1.avatar": AVATAR, "j5.animation": ANIMATED, "j5.plate": PLATE}
    connection._board.update(status=READY.status, jobs=(DANCE, MIA), files=MappingProxyType(files))
    return sent


def _add_mia():
    bpy.ops.album2avatar.add_to_scene(job="j1")
    return bpy.context.active_object


def _counts():
    names = ("objects", "meshes", "armatures", "materials", "images", "collections", "cameras")
    return {name: len(getattr(bpy.data, name)) for name in (*names, "actions")}


def _added(before):
    after = _counts()
    return {name: after[name] - count for name, count in before.items() if after[name] != count}


def _deformations(armature):
    """(T, J, 4, 4) what each bone does to what hangs on it, at each key; bones by name."""
    action = armature.animation_data.action
    first, last = action.frame_range
    found = []
    for step in range(4):
        frame = first + (last - first) * step / 3
        bpy.context.scene.frame_set(int(frame), subframe=frame % 1.0)
        found.append(
            [
                np.array(bone.matrix @ bone.bone.matrix_local.inverted())
                for bone in sorted(armature.pose.bones, key=lambda bone: bone.name)
            ]
        )
    bpy.context.scene.frame_set(bpy.context.scene.frame_start)
    return np.array(found)


def _describe_camera(armature):
    (camera,) = [found for found in bpy.data.objects if found.type == "CAMERA"]
    (behind,) = camera.data.background_images
    place = armature.matrix_world.inverted() @ camera.matrix_world
    return {
        "name": camera.name,
        "in_armature": [number for row in place for number in row],
        "vertical_fov": camera.data.angle_y,
        "plate": [list(behind.image.size), behind.image.packed_file is not None],
        "is_shown": [camera.data.show_background_images, behind.frame_method],
    }


def _exported(name):
    """The GLB's bytes, and the vertices of the FBX as Blender reads them."""
    glb, fbx = OUTPUT / f"{name}.glb", OUTPUT / f"{name}.fbx"
    bpy.ops.album2avatar.export_glb(filepath=str(glb))
    bpy.ops.album2avatar.export_fbx(filepath=str(fbx))
    known = set(bpy.data.objects)
    actions = set(bpy.data.actions)
    bpy.ops.import_scene.fbx(filepath=str(fbx))
    created = [found for found in bpy.data.objects if found not in known]
    bpy.context.view_layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    points = [
        list(found.matrix_world @ vertex.co)
        for found in created
        if found.type == "MESH"
        for vertex in found.evaluated_get(graph).data.vertices
    ]
    bpy.data.batch_remove([*created, *(each for each in bpy.data.actions if each not in actions)])
    return glb.read_bytes(), np.array(points)


def _difference(one, other):
    return float(np.abs(one - other).max()) if one.shape == other.shape else -1.0


def _told(operator):
    try:
        operator()
    except RuntimeError as error:
        return str(error)
    return ""


CHECKS = (
    an_animation_lands,
    an_avatar_comes_along,
    what_hinders,
    what_is_asked_for,
    panels_in_every_state,
)

if __name__ == "__main__":
    blender_addon.register()
    findings = {check.__name__: check() for check in CHECKS}
    (OUTPUT / "findings.json").write_text(json.dumps(findings))
    sys.stdout.flush()
    # Blender 4.2 as a Python module crashes while Python ends.
    os._exit(0)
