"""Poses, faces, shape keys and the asset browser, as an artist uses them."""

import time

import bpy
from inside_scene import GLB, OUTPUT, armatures, start

from blender_addon.avatar.asset_faces import faces_of
from blender_addon.avatar.character import meshes_of


def bone_collections():
    armature, _ = import_avatar()
    return {
        collection.name: sorted(bone.name for bone in collection.bones)
        for collection in armature.data.collections
    }


def meshes_in_a_full_file():
    """What belongs to an avatar among many objects, and the seconds that this takes."""
    armature, mesh = import_avatar()
    data = bpy.data.meshes.new("stone")
    seconds = []
    for count in (200, 1800):
        for _ in range(count):
            bpy.context.collection.objects.link(bpy.data.objects.new("stone", data))
        seconds.append(min(_timed(lambda: meshes_of(armature)) for _ in range(5)))
    moved = [found.name for found in meshes_of(armature)]
    for collection in list(mesh.users_collection):
        collection.objects.unlink(mesh)
    return {
        "seconds": seconds,
        "is_found": moved == [mesh.name],
        "after_deleting": len(meshes_of(armature)),
    }


def _timed(work):
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def asset_faces():
    """Lowest and highest face of each asset, as shares of the body's height."""
    _, mesh = import_avatar()
    return _heights_of_assets(mesh)


def asset_faces_after_glb():
    """The same, after faces were put into another order, written, and read again."""
    _, mesh = import_avatar()
    mesh.data.polygons.foreach_set(
        "select", [index % 2 == 0 for index in range(len(mesh.data.polygons))]
    )
    bpy.context.view_layer.objects.active = mesh
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.sort_elements(type="RANDOMIZE", elements={"FACE"}, seed=3)
    bpy.ops.object.mode_set(mode="OBJECT")
    path = OUTPUT / "shuffled.glb"
    bpy.ops.album2avatar.export_glb(filepath=str(path))
    _, mesh = import_avatar(path)
    return _heights_of_assets(mesh)


def select_faces():
    _, mesh = import_avatar()
    bpy.ops.album2avatar.select_asset_faces(asset=1)
    one = mesh.data.total_face_sel
    bpy.ops.album2avatar.select_asset_faces(asset=0, extend=True)
    both = mesh.data.total_face_sel
    mode = bpy.context.mode
    bpy.ops.object.mode_set(mode="OBJECT")
    counts = [sum(faces_of(mesh.data, asset)) for asset in range(3)]
    return {"one": one, "both": both, "mode": mode, "counts": counts}


def asset_mark():
    """What the asset browser shows; its picture is kept to be looked at."""
    start()
    bpy.ops.album2avatar.import_avatar(filepath=str(GLB), title="Anna")
    armature = bpy.context.active_object
    collection = armature.users_collection[0]
    width, height = collection.preview.image_size
    image = bpy.data.images.new("portrait", width, height, alpha=True)
    image.pixels.foreach_set(list(collection.preview.image_pixels_float))
    image.filepath_raw = str(OUTPUT / "portrait.png")
    image.file_format = "PNG"
    image.save()
    return {
        "name": armature.name,
        "collection": collection.name,
        "description": collection.asset_data.description,
        "tags": [tag.name for tag in collection.asset_data.tags],
    }


def poses():
    """Direction of upper arm, forearm and hand on both sides, in each pose."""
    armature, _ = import_avatar()
    landmarks = armature["album2avatar"].to_dict()["landmarks"]
    found = {}
    for pose in ("T_POSE", "A_POSE"):
        bpy.ops.album2avatar.pose(pose=pose)
        found[pose] = {
            f"{side}_{start_}": _direction(
                armature, landmarks[f"{side}_{start_}"], landmarks[f"{side}_{end}"]
            )
            for side in ("left", "right")
            for start_, end in (("shoulder", "elbow"), ("elbow", "wrist"), ("wrist", "hand"))
        }
    bpy.ops.album2avatar.reset_pose()
    found["is_reset"] = all(
        (bone.matrix - bone.bone.matrix_local).to_3x3().median_scale < 1e-5
        and (bone.head - bone.bone.head_local).length < 1e-5
        for bone in armature.pose.bones
    )
    return found


def redo_import():
    start()
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.album2avatar.import_avatar("EXEC_DEFAULT", True, filepath=str(GLB))
    before = len(bpy.data.objects)
    bpy.ops.ed.undo()
    between = len(bpy.data.objects)
    bpy.ops.ed.redo()
    armature = armatures()[0]
    return {
        "objects": [before, between, len(bpy.data.objects)],
        "collections": len(armature.data.collections),
        "is_bound": meshes_of(armature)[0].modifiers[0].object == armature,
    }


def tidy_material():
    _, mesh = import_avatar()
    material = mesh.material_slots[0].material
    nodes = material.node_tree.nodes
    return {
        "image": [node.image.name for node in nodes if node.type == "TEX_IMAGE"],
        "columns": {node.type: node.location.x for node in nodes},
        "culls": material.use_backface_culling,
    }


def import_avatar(path=GLB):
    start()
    bpy.ops.album2avatar.import_avatar(filepath=str(path))
    armature = bpy.context.active_object
    return armature, meshes_of(armature)[0]


def _heights_of_assets(mesh):
    top = max(vertex.co.z for vertex in mesh.data.vertices)
    heights = [polygon.center.z / top for polygon in mesh.data.polygons]
    found = []
    for asset in range(3):
        of_asset = [
            height
            for height, is_in in zip(heights, faces_of(mesh.data, asset), strict=True)
            if is_in
        ]
        found.append([len(of_asset), min(of_asset), max(of_asset)])
    return found


def _direction(armature, start_bone, end_bone):
    bones = armature.pose.bones
    return list((bones[end_bone].head - bones[start_bone].head).normalized())


CHECKS = (
    bone_collections,
    meshes_in_a_full_file,
    asset_faces,
    asset_faces_after_glb,
    select_faces,
    asset_mark,
    poses,
    redo_import,
    tidy_material,
)
