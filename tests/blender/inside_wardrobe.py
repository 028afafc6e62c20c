"""Trying on without a backend: what is asked for, and variants in the scene."""

import sys
import time
from pathlib import Path
from types import MappingProxyType

import bpy
from inside_panels import Buttons, draw_all, draw_panel
from inside_scene import GLB, OUTPUT, armatures, start
from mathutils import Matrix

import blender_addon
from blender_addon import backend
from blender_addon.avatar.character import meshes_of
from blender_addon.avatar.origin import JOB, MARKS, VARIANTS
from blender_addon.connection.types import WardrobeItem
from blender_addon.sidebar.state import state
from blender_addon.wardrobe.operators import file_name
from blender_addon.wardrobe.refresh import refresh_wardrobe, shown_pieces

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "panels"))

from records import JOB as RECORD
from records import READY, replace

MIA = replace(RECORD, id="j1", title="Mia", goal="avatar", avatar="j1.avatar")
JACKET = replace(MIA, id="j3", title="Mia with jacket", goal="swap", base="j1", avatar="j3.avatar")
SKIRT = replace(JACKET, id="j4", title="Mia with jacket, skirt", base="j3", avatar="j4.avatar")
KINDS = ("top", "shoes", "face")
PIECES = tuple(
    WardrobeItem(f"w{place}", KINDS[place % 3], f"piece {place}", "<asset0>", "Leo", True, None)
    for place in range(40)
)


def pieces_on_pages():
    """What is shown of 40 pieces, and the milliseconds that a look at 2000 takes."""
    _know_jobs()
    choices = state(bpy.context).wardrobe
    snapshot = backend.connection().peek()
    found = {"first": len(shown_pieces(choices, snapshot))}
    bpy.ops.album2avatar.turn_wardrobe_page(page=3)
    found["last"] = len(shown_pieces(choices, snapshot))
    choices.kind = "shoes"
    found["filtered"] = [choices.page, {item.kind for item in shown_pieces(choices, snapshot)}]
    found["filtered"][1] = sorted(found["filtered"][1])
    choices.kind, choices.page = "all", 9
    refresh_wardrobe(choices, snapshot)
    found["page_that_is_gone"] = choices.page
    many = replace(snapshot, wardrobe=PIECES * 50)
    began = time.perf_counter()
    for _ in range(20):
        refresh_wardrobe(choices, many)
    found["milliseconds"] = (time.perf_counter() - began) / 20 * 1000
    choices.page = 0
    _forget()
    return found


def panel_in_every_state():
    """Drawn with an avatar and its variant, and with jobs in every state."""
    _know_jobs()
    _add("j1")
    _add("j3")
    drawn = {}
    for name, job in {
        "done": JACKET,
        "running": replace(JACKET, state="running", stage_index=2, progress=0.4),
        "failed": replace(JACKET, state="failed"),
    }.items():
        backend.connection()._board.update(jobs=(job, MIA), wardrobe_deleted=PIECES[:1])
        state(bpy.context).wardrobe.deleted = PIECES[0].id
        state(bpy.context).jobs.chosen = job.id
        drawn[name] = draw_all(blender_addon)["ALBUM2AVATAR_PT_wardrobe"]
    state(bpy.context).wardrobe.deleted = ""
    _forget()
    return drawn


def put_on_once():
    """Whether the panel offers a variant before it is in the scene, and afterwards."""
    _know_jobs()
    _add("j1")
    state(bpy.context).jobs.chosen = "j3"
    found = [_is_offered()]
    _add("j3")
    found.append(_is_offered())
    _forget()
    return found


def _is_offered():
    found = {}
    draw_panel(bpy.types.ALBUM2AVATAR_PT_wardrobe, Buttons(found), bpy.context)
    return "album2avatar.add_to_scene" in found


def what_is_asked_for():
    """One click is one request; another avatar is another job."""
    sent = _know_jobs()
    choices = state(bpy.context).wardrobe
    found = {"without": _told(lambda: bpy.ops.album2avatar.try_on(entry="w1"))}
    _add("j1")
    bpy.ops.album2avatar.try_on(entry="w1")
    found["twice"] = _told(lambda: bpy.ops.album2avatar.try_on(entry="w1"))
    sent[-1]["then"]({"id": "j3"})
    found["chosen"] = state(bpy.context).jobs.chosen
    found["no_words"] = _told(bpy.ops.album2avatar.try_on_words)
    choices.words, choices.words_kind = "blue denim jacket", "outerwear"
    bpy.ops.album2avatar.try_on_words()
    sent[-1]["then"]({"id": "j3"})
    bpy.ops.album2avatar.rename_piece(entry="w1", name=" cardigan ")
    bpy.ops.album2avatar.delete_piece(entry="w1")
    sent[-1]["then"](None)
    found["deleted"] = choices.deleted
    bpy.ops.album2avatar.restore_piece(entry="w1")
    sent[-1]["then"]({})
    found["restored"] = choices.deleted
    bpy.ops.album2avatar.export_piece(entry="w1", filepath="/tmp/piece.a2atoken")
    bpy.ops.album2avatar.import_pieces(
        directory="/tmp", files=[{"name": "a.a2atoken"}, {"name": "b.a2atoken"}, {"name": "c.txt"}]
    )
    bpy.ops.album2avatar.import_pieces(filepath="/tmp/a.a2atoken")
    found["no_token"] = _told(lambda: bpy.ops.album2avatar.import_pieces(filepath="/tmp/a.png"))
    bpy.context.active_object[JOB] = "j9"
    found["unknown"] = _told(lambda: bpy.ops.album2avatar.try_on(entry="w1"))
    found["asked"] = [[each["method"], each["path"], each["body"]] for each in sent]
    found["names"] = [file_name(name) for name in ("blue denim/jacket", "…", "x" * 200)]
    _forget()
    return found


def a_variant_beside():
    """It comes where the avatar stands, posed as it is, in one step of undo."""
    _know_jobs()
    armature = _add("j1")
    _place_and_pose(armature)
    name = armature.name
    bpy.ops.ed.undo_push(message="posed")
    bpy.ops.album2avatar.add_to_scene("EXEC_DEFAULT", True, job="j3")
    former, new = bpy.data.objects[name], bpy.context.active_object
    found = {
        "name": new.name,
        "marks": [new[JOB], new[VARIANTS] == former[VARIANTS]],
        "moved": _distance(former.matrix_world, new.matrix_world),
        "parent": new.parent.name,
        "posed": _pose_difference(former, new),
        "is_animated": new.animation_data.action == former.animation_data.action,
        "seen": _seen(),
    }
    bpy.context.scene.frame_set(10)
    found["played"] = new.pose.bones[3].rotation_euler.x
    bpy.context.scene.frame_set(1)
    bpy.ops.ed.undo()
    found["undone"] = [_seen(), VARIANTS in bpy.data.objects[name]]
    bpy.ops.ed.redo()
    found["redone"] = _seen()
    _forget()
    return found


def variants_take_turns():
    """A/B among two and three, by name, and back by undo."""
    _know_jobs()
    _add("j1")
    _add("j3")
    found = {"two": [_shown()]}
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.album2avatar.next_variant("EXEC_DEFAULT", True)
    found["two"].append(_shown())
    found["active"] = bpy.context.active_object.name
    found["selected"] = [each.name for each in bpy.context.selected_objects]
    bpy.ops.ed.undo()
    found["undone"] = _shown()
    bpy.ops.ed.redo()
    _add("j4")
    found["three"] = [_shown()]
    for _ in range(3):
        bpy.ops.album2avatar.next_variant()
        found["three"].append(_shown())
    bpy.ops.album2avatar.show_variant(variant="Mia with jacket")
    found["by_name"] = _shown()
    found["stranger"] = _told(lambda: bpy.ops.album2avatar.show_variant(variant="Camera"))
    bpy.data.objects.remove(bpy.data.objects["Mia"])
    bpy.ops.album2avatar.next_variant()
    found["one_deleted"] = _shown()
    _forget()
    return found


def a_variant_without_its_avatar():
    """Where the avatar is not in the scene, the variant comes as any avatar does."""
    _know_jobs()
    armature = _add("j3")
    found = {"marks": [armature[JOB], VARIANTS in armature], "seen": _seen()}
    found["can_turn"] = bpy.ops.album2avatar.next_variant.poll()
    _forget()
    return found


def toggle_in_edit_mode():
    """As Blender's own operators do, the mode is left first."""
    _know_jobs()
    _add("j1")
    new = _add("j3")
    bpy.context.view_layer.objects.active = meshes_of(new)[0]
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.album2avatar.next_variant()
    found = {"mode": bpy.context.mode, "shown": _shown()}
    _forget()
    return found


def marks_stay_home():
    """A file for others doesn't hold what means something in this scene only."""
    _know_jobs()
    _add("j1")
    _add("j3")
    path = OUTPUT / "variant.glb"
    bpy.ops.album2avatar.export_glb(filepath=str(path))
    content = path.read_bytes()
    _forget()
    return [mark.encode() in content for mark in MARKS] + [b'"assets"' in content]


def _know_jobs():
    """A new scene and a backend that knows three jobs; the list of what is asked of it."""
    start()
    connection = backend.connection()
    sent = []

    def request(method, path, body=None, *, then=None, fail=None):
        sent.append({"method": method, "path": path, "body": body, "then": then, "fail": fail})

    connection.request = request
    files = MappingProxyType({job.avatar: GLB for job in (MIA, JACKET, SKIRT)})
    connection._board.update(
        status=READY.status, jobs=(SKIRT, JACKET, MIA), files=files, wardrobe=PIECES
    )
    return sent


def _forget():
    connection = backend.connection()
    del connection.request
    connection._board.update(
        status="off",
        jobs=(),
        files=MappingProxyType({}),
        wardrobe=(),
        wardrobe_deleted=(),
        followed=None,
    )
    state(bpy.context).jobs.chosen = ""


def _add(job):
    bpy.ops.album2avatar.add_to_scene(job=job)
    return bpy.context.active_object


def _place_and_pose(armature):
    bpy.ops.object.empty_add(location=(0, 0, 1))
    stand = bpy.context.active_object
    stand.name = "stand"
    armature.parent = stand
    armature.rotation_mode = "QUATERNION"
    armature.matrix_world = Matrix.Translation((2, 1, 0)) @ Matrix.Rotation(0.7, 4, "Z")
    bpy.context.view_layer.objects.active = armature
    bpy.ops.album2avatar.pose(pose="T_POSE")
    bone = armature.pose.bones[3]
    for frame, angle in ((1, 0.0), (10, 0.9)):
        bone.rotation_euler.x = angle
        bone.keyframe_insert("rotation_euler", frame=frame)
    bpy.context.scene.frame_set(1)


def _pose_difference(one, other):
    bpy.context.view_layer.update()
    return max(
        _distance(bone.matrix, other.pose.bones[bone.name].matrix) for bone in one.pose.bones
    )


def _distance(one, other):
    return max(
        abs(one[row][column] - other[row][column]) for row in range(4) for column in range(4)
    )


def _seen():
    """Each avatar: whether armature and meshes are in view, and whether they are rendered."""
    return {
        armature.name: sorted(
            {
                (not found.hide_viewport, not found.hide_render)
                for found in (armature, *meshes_of(armature))
            }
        )
        for armature in armatures()
    }


def _shown():
    return [name for name, seen in _seen().items() if seen == [(True, True)]]


def _told(operator):
    try:
        operator()
    except RuntimeError as error:
        return str(error)
    return ""


def a_draft_and_its_avatar():
    """The draft is offered while nothing better is there, and stays when the avatar comes."""
    _know_jobs()
    making = replace(MIA, state="running", avatar=None, draft="j1.draft")
    backend.connection()._board.update(
        status="ready", jobs=(making,), files=MappingProxyType({"j1.draft": GLB})
    )
    state(bpy.context).jobs.chosen = "j1"
    found = {"running": _offers(), "drawn": "error" not in _drawn_jobs()}
    bpy.ops.ed.undo_push(message="empty")
    bpy.ops.album2avatar.add_draft("EXEC_DEFAULT", True, job="j1")
    draft = bpy.context.active_object
    found["draft"] = [draft.name, JOB in draft, draft.users_collection[0].asset_data is not None]
    bpy.ops.ed.undo()
    found["undone"] = [armature.name for armature in armatures()]
    bpy.ops.ed.redo()
    backend.connection()._board.update(files=MappingProxyType({}))
    found["early"] = _told(lambda: bpy.ops.album2avatar.add_draft(job="j1"))
    backend.connection()._board.update(
        jobs=(replace(MIA, draft="j1.draft"),), files=MappingProxyType({"j1.avatar": GLB})
    )
    found["done"] = _offers()
    _add("j1")
    found["both"] = sorted(armature.name for armature in armatures())
    found["seen"] = [seen == [(True, True)] for seen in _seen().values()]
    _forget()
    return found


def _offers():
    found = {}
    draw_panel(bpy.types.ALBUM2AVATAR_PT_jobs, Buttons(found), bpy.context)
    return sorted(name for name in found if name.endswith(("add_draft", "add_to_scene")))


def _drawn_jobs():
    return draw_all(blender_addon)["ALBUM2AVATAR_PT_jobs"]


CHECKS = (
    a_draft_and_its_avatar,
    pieces_on_pages,
    panel_in_every_state,
    put_on_once,
    what_is_asked_for,
    a_variant_beside,
    variants_take_turns,
    a_variant_without_its_avatar,
    toggle_in_edit_mode,
    marks_stay_home,
)
