"""Uses the extension inside Blender and writes down what is there; the tests judge it.

Run by the Python of Blender's environment: inside_blender.py GLB OUTPUT_FOLDER
"""

import json
import math
import os
import sys

import bpy
import inside_editing
import inside_exports
import inside_knowledge
import inside_panels
import inside_wardrobe
from inside_scene import GLB, OUTPUT, armatures, start
from mathutils import Vector

import blender_addon
from blender_addon.avatar.character import find_character, meshes_of
from blender_addon.avatar.posing import BENT_JOINTS, bend_joints
from blender_addon.export.pictures import POSED, Quality, render_strip


def describe(armature, meshes):
    """Bones, weights, texture and size of an avatar at rest, in Blender's world."""
    world = armature.matrix_world
    bones = {
        bone.name: {
            "head": list(world @ bone.head_local),
            "tail": list(world @ bone.tail_local),
            "z_axis": list((world.to_3x3() @ bone.matrix_local.to_3x3()).col[2].normalized()),
            "parent": bone.parent.name if bone.parent else None,
            "is_connected": bone.use_connect,
        }
        for bone in armature.data.bones
    }
    vertices = [mesh.matrix_world @ v.co for mesh in meshes for v in mesh.data.vertices]
    weights = [
        [g.weight for g in v.groups if g.weight > 0] for m in meshes for v in m.data.vertices
    ]
    images = [
        node.image
        for mesh in meshes
        for slot in mesh.material_slots
        for node in slot.material.node_tree.nodes
        if node.type == "TEX_IMAGE"
    ]
    return {
        "bones": bones,
        "vertices": len(vertices),
        "lowest": min(v.z for v in vertices),
        "highest": max(v.z for v in vertices),
        "weight_sums": [min(map(sum, weights)), max(map(sum, weights))],
        "most_influences": max(map(len, weights)),
        "images": [{"size": list(i.size), "is_packed": i.packed_file is not None} for i in images],
        "uv_maps": [len(mesh.data.uv_layers) for mesh in meshes],
        "is_smooth": all(p.use_smooth for mesh in meshes for p in mesh.data.polygons),
        "has_stored_normals": any(mesh.data.has_custom_normals for mesh in meshes),
    }


def import_once():
    start()
    result = bpy.ops.album2avatar.import_avatar(filepath=str(GLB))
    armature = bpy.context.active_object
    character = find_character(armature)
    return {
        "result": list(result),
        "active": armature.name,
        "selected": sorted(found.name for found in bpy.context.selected_objects),
        "collections": [c.name for c in armature.users_collection],
        "properties": armature["album2avatar"].to_dict(),
        **describe(character.armature, character.meshes),
    }


def import_again():
    bpy.ops.album2avatar.import_avatar(filepath=str(GLB))
    owners = [{mesh.name for mesh in meshes_of(armature)} for armature in armatures()]
    return {
        "armatures": len(armatures()),
        "shared_meshes": len(owners[0] & owners[1]),
        "collections": len(bpy.data.collections),
    }


def undo_import():
    start()
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.album2avatar.import_avatar("EXEC_DEFAULT", True, filepath=str(GLB))
    imported = len(bpy.data.objects)
    bpy.ops.ed.undo()
    return {"imported": imported, "left": len(bpy.data.objects)}


def import_stranger():
    """A GLB that is no avatar: a cube from Blender itself."""
    start()
    bpy.ops.mesh.primitive_cube_add()
    path = OUTPUT / "cube.glb"
    bpy.ops.export_scene.gltf(filepath=str(path), export_format="GLB")
    before = sorted(found.name for found in bpy.data.objects)
    try:
        bpy.ops.album2avatar.import_avatar(filepath=str(path))
        message = ""
    except RuntimeError as error:
        message = str(error)
    return {"message": message, "kept": before == sorted(found.name for found in bpy.data.objects)}


def export_posed_and_edited():
    """Export while the artist is in the middle of something; nothing of it may change."""
    start()
    bpy.ops.album2avatar.import_avatar(filepath=str(GLB))
    armature = bpy.context.active_object
    character = find_character(armature)
    bend_joints(bpy.context, character, BENT_JOINTS)
    bpy.ops.mesh.primitive_cube_add()
    cube = bpy.context.active_object
    bpy.context.view_layer.objects.active = armature

    def live_state():
        return {
            "names": sorted(found.name for found in bpy.data.objects),
            "data": sorted([*bpy.data.meshes.keys(), *bpy.data.armatures.keys()]),
            "collections": sorted(bpy.data.collections.keys()),
            "pose": [[round(x, 6) for row in b.matrix for x in row] for b in armature.pose.bones],
            "selected": [found.name for found in bpy.context.selected_objects],
            "active": bpy.context.active_object.name,
        }

    before = live_state()
    bpy.ops.album2avatar.export_fbx(filepath=str(OUTPUT / "avatar.fbx"))
    bpy.ops.album2avatar.export_glb(filepath=str(OUTPUT / "again.glb"))
    return {"unchanged": before == live_state(), "cube": cube.name in before["selected"]}


def export_with_a_loose_vertex():
    mesh = meshes_of(armatures()[0])[0]
    for group in mesh.vertex_groups:
        group.remove([0])
    path = OUTPUT / "loose.fbx"
    try:
        bpy.ops.album2avatar.export_fbx(filepath=str(path))
        message = ""
    except RuntimeError as error:
        message = str(error)
    return {"message": message, "written": path.exists()}


def reimport_fbx():
    start()
    bpy.ops.import_scene.fbx(filepath=str(OUTPUT / "avatar.fbx"))
    return describe(armatures()[0], meshes_of(armatures()[0]))


def reimport_glb():
    start()
    bpy.ops.album2avatar.import_avatar(filepath=str(OUTPUT / "again.glb"))
    return describe(armatures()[0], meshes_of(armatures()[0]))


def pose():
    """Bend the joints, measure what they did, and take a small picture."""
    start()
    bpy.ops.album2avatar.import_avatar(filepath=str(GLB))
    character = find_character(bpy.context.active_object)
    landmarks = character.armature["album2avatar"].to_dict()["landmarks"]
    bones = [landmarks[bend.landmark] for bend in BENT_JOINTS]
    rest = {name: character.armature.data.bones[name].matrix_local.copy() for name in bones}
    lengths = edge_lengths(character)
    render_strip(bpy.context, character, POSED, Quality(160, 4), OUTPUT / "posed.png")
    stretch = sorted(b / a for a, b in zip(lengths, edge_lengths(character), strict=True))
    turns = {}
    for bend, name in zip(BENT_JOINTS, bones, strict=True):
        posed = character.armature.pose.bones[name]
        parent = posed.parent
        against_parent = parent.bone.matrix_local.inverted() @ rest[name]
        turned = parent.matrix.inverted() @ posed.matrix
        change = (turned @ against_parent.inverted()).to_quaternion()
        turns[bend.landmark] = math.degrees(2 * math.acos(min(1.0, abs(change.w))))
    knee = character.armature.pose.bones[landmarks["left_knee"]]
    foot = character.armature.pose.bones[landmarks["left_ankle"]].head
    return {
        "turns": turns,
        "foot_goes_back": (foot - knee.head).normalized().dot(Vector((0.0, 1.0, 0.0))),
        "median_stretch": stretch[len(stretch) // 2],
        "stretch_of_999_in_1000": stretch[int(len(stretch) * 0.999)],
    }


def edge_lengths(character):
    graph = bpy.context.evaluated_depsgraph_get()
    lengths = []
    for mesh in character.meshes:
        data = mesh.evaluated_get(graph).data
        points = [vertex.co.copy() for vertex in data.vertices]
        lengths += [max((points[a] - points[b]).length, 1e-9) for a, b in data.edge_keys]
    return lengths


CHECKS = (
    *inside_panels.CHECKS,
    import_once,
    import_again,
    undo_import,
    import_stranger,
    export_posed_and_edited,
    export_with_a_loose_vertex,
    reimport_fbx,
    reimport_glb,
    pose,
    *inside_editing.CHECKS,
    *inside_exports.CHECKS,
    *inside_wardrobe.CHECKS,
    *inside_knowledge.CHECKS,
)

if __name__ == "__main__":
    blender_addon.register()
    findings = {check.__name__: check() for check in CHECKS}
    blender_addon.unregister()
    (OUTPUT / "findings.json").write_text(json.dumps(findings))
    sys.stdout.flush()
    # Blender 4.2 as a Python module crashes while Python ends.
    os._exit(0)
