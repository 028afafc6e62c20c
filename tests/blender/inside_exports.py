"""Exports for each program, with shape keys and modifiers; checks and their fixes."""

import math

import bpy
from inside_editing import import_avatar
from inside_scene import OUTPUT, armatures, start
from mathutils import Vector

from blender_addon.avatar.character import meshes_of

SMILE = 0.03


def shape_keys_survive_glb():
    """Two keys, one of them set, go out as GLB and come back."""
    _, mesh = import_avatar()
    _add_keys(mesh)
    path = OUTPUT / "keys.glb"
    bpy.ops.album2avatar.export_glb(filepath=str(path))
    _, mesh = import_avatar(path)
    return _describe_keys(mesh)


def fbx_presets():
    """Each preset of an avatar with shape keys, quads and a scene that is full of other things."""
    found = {}
    for preset in ("GENERIC", "UNITY", "UNREAL"):
        armature, mesh = import_avatar()
        _add_keys(mesh)
        _make_quads(mesh)
        bpy.ops.mesh.primitive_cube_add()
        bpy.context.active_object.name = "Armature"
        armature.location = (2.0, 0.0, 0.0)
        bpy.context.view_layer.objects.active = armature
        before = _names(), [list(bone.head_local) for bone in armature.data.bones]
        path = OUTPUT / f"{preset}.fbx"
        bpy.ops.album2avatar.export_fbx(filepath=str(path), preset=preset)
        after = _names(), [list(bone.head_local) for bone in armature.data.bones]
        quads = sum(len(polygon.vertices) == 4 for polygon in mesh.data.polygons)
        unit = bpy.context.scene.unit_settings.scale_length
        found[preset] = {"is_kept": before == after, "quads": quads, "unit": unit}
        found[preset].update(_read_back(path))
    return found


def levels_of_detail():
    """Three levels of an avatar with shape keys; the scene stays as it was."""
    armature, mesh = import_avatar()
    _add_keys(mesh)
    bpy.context.view_layer.objects.active = armature
    before = _names()
    path = OUTPUT / "levels.fbx"
    bpy.ops.album2avatar.export_fbx(filepath=str(path), preset="UNITY", levels=3)
    is_kept = before == _names()
    start()
    bpy.ops.import_scene.fbx(filepath=str(path))
    (armature,) = armatures()
    return {"is_kept": is_kept} | {
        found.name: {
            "faces": len(found.data.polygons),
            "keys": len(found.data.shape_keys.key_blocks) if found.data.shape_keys else 0,
            "has_uv": bool(found.data.uv_layers),
            "materials": [material.name for material in found.data.materials],
            "skinned_error": _skinned_error(armature, found),
            "heights": [max((found.matrix_world @ v.co).z for v in found.data.vertices)],
            "most_bones": max(len(vertex.groups) for vertex in found.data.vertices),
        }
        for found in meshes_of(armature)
    }


def two_roots_become_one():
    armature, _ = import_avatar()
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    prop = armature.data.edit_bones.new("prop")
    prop.head, prop.tail = (1.0, 0.0, 0.0), (1.0, 0.0, 0.2)
    bpy.ops.object.mode_set(mode="OBJECT")
    path = OUTPUT / "two_roots.fbx"
    bpy.ops.album2avatar.export_fbx(filepath=str(path), preset="UNREAL")
    live = [bone.name for bone in armature.data.bones if bone.parent is None]
    start()
    bpy.ops.import_scene.fbx(filepath=str(path))
    back = [bone.name for bone in armatures()[0].data.bones if bone.parent is None]
    return {"live": live, "back": back}


def modifiers_keep_shape_keys():
    """A modifier that adds vertices becomes part of the mesh and of every key."""
    _, mesh = import_avatar()
    _add_keys(mesh)
    thin = len(mesh.data.vertices)
    mesh.modifiers.new("Thicker", "SOLIDIFY").thickness = 0.001
    found = {"live": thin}
    for suffix in ("fbx", "glb"):
        path = OUTPUT / f"thicker.{suffix}"
        getattr(bpy.ops.album2avatar, f"export_{suffix}")(filepath=str(path))
    found["is_live_kept"] = len(mesh.data.vertices) == thin and len(mesh.modifiers) == 2
    start()
    bpy.ops.import_scene.fbx(filepath=str(OUTPUT / "thicker.fbx"))
    found["fbx"] = _describe_keys(meshes_of(armatures()[0])[0])
    _, mesh = import_avatar(OUTPUT / "thicker.glb")
    found["glb"] = _describe_keys(mesh)
    return found


def modifiers_that_disagree():
    """A modifier that gives a shape key other vertices than the rest stops the export in words."""
    _, mesh = import_avatar()
    _add_keys(mesh)
    for point in mesh.data.shape_keys.key_blocks["smile"].data:
        point.co = Vector((0.0, 0.0, 0.0))
    weld = mesh.modifiers.new("Weld", "WELD")
    weld.merge_threshold = 1e-4
    path = OUTPUT / "disagree.fbx"
    names = _names()
    try:
        bpy.ops.album2avatar.export_fbx(filepath=str(path))
        message = ""
    except RuntimeError as error:
        message = str(error)
    return {"message": message, "written": path.exists(), "is_kept": names == _names()}


def unwritable():
    """Into a folder that is a file; the avatar is as it was."""
    import_avatar()
    names = _names()
    (OUTPUT / "file").touch()
    said = {}
    for suffix in ("fbx", "glb"):
        try:
            getattr(bpy.ops.album2avatar, f"export_{suffix}")(
                filepath=str(OUTPUT / "file" / f"avatar.{suffix}")
            )
        except RuntimeError as error:
            said[suffix] = str(error)
    return {"said": said, "is_kept": names == _names()}


def fixes():
    """Each thing that can be wrong, what is said of it, and what the button makes of it."""
    found = {}
    for name, spoil in (
        ("BIND_VERTICES", _loosen),
        ("LIMIT_WEIGHTS", _crowd),
        ("NORMALIZE_WEIGHTS", _weaken),
        ("REMOVE_GROUPS", _add_group),
        ("APPLY_TRANSFORMS", _turn_and_scale),
    ):
        armature, mesh = import_avatar()
        spoil(armature, mesh)
        shape = _world_shape(mesh)
        bpy.context.view_layer.objects.active = armature
        bpy.ops.ed.undo_push(message="spoilt")
        bpy.ops.album2avatar.check_export()
        before = _listed()
        bpy.ops.album2avatar.fix_export("EXEC_DEFAULT", True, fix=name, mesh=mesh.name)
        moved = max((a - b).length for a, b in zip(shape, _world_shape(mesh), strict=True))
        found[name] = {"before": before, "after": _listed(), "moved": moved}
    return found


def fix_of_a_vertex_takes_the_neighbours_bones():
    armature, mesh = import_avatar()
    vertices = mesh.data.vertices
    highest = max(vertices, key=lambda vertex: vertex.co.z).index
    expected = _bones_of(mesh, highest)
    for group in mesh.vertex_groups:
        group.remove([highest])
    bpy.context.view_layer.objects.active = armature
    bpy.ops.album2avatar.fix_export(fix="BIND_VERTICES", mesh=mesh.name)
    return {"expected": expected, "found": _bones_of(mesh, highest)}


def _bones_of(mesh, vertex):
    groups = mesh.data.vertices[vertex].groups
    return sorted(mesh.vertex_groups[entry.group].name for entry in groups if entry.weight > 0.05)


def _add_keys(mesh):
    """A key that lifts the head's front by 3 cm, and one that does nothing yet."""
    mesh.shape_key_add(name="Basis", from_mix=False)
    smile = mesh.shape_key_add(name="smile", from_mix=False)
    top = max(vertex.co.z for vertex in mesh.data.vertices)
    for point in smile.data:
        if point.co.z > 0.9 * top and point.co.y < 0:
            point.co.z += SMILE
    smile.value = 0.5
    mesh.shape_key_add(name="blink", from_mix=False)


def _describe_keys(mesh):
    keys = mesh.data.shape_keys.key_blocks if mesh.data.shape_keys else []
    moved = 0.0
    if "smile" in keys:
        scale = mesh.matrix_world.to_scale().x
        moved = scale * max(
            (a.co - b.co).length for a, b in zip(keys["smile"].data, keys[0].data, strict=True)
        )
    return {
        "names": [key.name for key in keys][1:],
        "vertices": len(mesh.data.vertices),
        "moved": moved,
    }


def _make_quads(mesh):
    bpy.context.view_layer.objects.active = mesh
    bpy.ops.object.mode_set(mode="EDIT")
    bpy.ops.mesh.select_all(action="SELECT")
    bpy.ops.mesh.tris_convert_to_quads()
    bpy.ops.object.mode_set(mode="OBJECT")


def _read_back(path):
    """What Blender itself finds in an FBX."""
    start()
    bpy.ops.import_scene.fbx(filepath=str(path))
    armature = armatures()[0]
    (mesh,) = meshes_of(armature)
    world = armature.matrix_world
    left, right = (world @ armature.data.bones[f"upperarm01.{side}"].head_local for side in "LR")
    elbows = [world @ armature.data.bones[f"lowerarm01.{side}"].head_local for side in "LR"]
    heights = [(mesh.matrix_world @ vertex.co).z for vertex in mesh.data.vertices]
    return {
        "armature": armature.name,
        "mesh": mesh.name,
        "keys": _describe_keys(mesh),
        "corners": max(len(polygon.vertices) for polygon in mesh.data.polygons),
        "roots": sum(bone.parent is None for bone in armature.data.bones),
        "bones": len(armature.data.bones),
        "arms_down": [
            math.degrees(math.asin((shoulder - elbow).normalized().z))
            for shoulder, elbow in zip((left, right), elbows, strict=True)
        ],
        "height": max(heights) - min(heights),
        "middle": sum((mesh.matrix_world @ v.co).x for v in mesh.data.vertices) / len(heights),
        "skinned_error": _skinned_error(armature, mesh),
    }


def _skinned_error(armature, mesh):
    """How far the rest mesh is from the mesh as its armature shows it, unposed: 0 where bound."""
    graph = bpy.context.evaluated_depsgraph_get()
    shown = mesh.evaluated_get(graph).data.vertices
    is_plain = mesh.data.shape_keys is None
    rest = mesh.data.vertices if is_plain else mesh.data.shape_keys.key_blocks[0].data
    if not is_plain:
        for key in mesh.data.shape_keys.key_blocks:
            key.value = 0.0
        graph.update()
        shown = mesh.evaluated_get(bpy.context.evaluated_depsgraph_get()).data.vertices
    scale = mesh.matrix_world.to_scale().x
    return scale * max((a.co - b.co).length for a, b in zip(shown, rest, strict=True))


def _names():
    return sorted([*bpy.data.objects.keys(), *bpy.data.meshes.keys(), *bpy.data.armatures.keys()])


def _listed():
    kept = bpy.context.window_manager.album2avatar.export
    return [[line.fix, line.is_error, line.message] for line in kept.findings]


def _world_shape(mesh):
    bpy.context.view_layer.update()
    graph = bpy.context.evaluated_depsgraph_get()
    shown = mesh.evaluated_get(graph)
    return [shown.matrix_world @ vertex.co for vertex in shown.data.vertices]


def _loosen(armature, mesh):
    for group in mesh.vertex_groups:
        group.remove([0, 1, 2])


def _crowd(armature, mesh):
    for name in ("head", "neck01", "spine01", "spine02", "spine03", "spine04"):
        mesh.vertex_groups[name].add([0], 0.02, "REPLACE")


def _weaken(armature, mesh):
    for entry in mesh.data.vertices[5].groups:
        entry.weight *= 0.5


def _add_group(armature, mesh):
    mesh.vertex_groups.new(name="pockets")


def _turn_and_scale(armature, mesh):
    armature.scale = (1.2, 1.2, 1.2)
    armature.rotation_euler = (0.0, 0.0, 0.7)
    armature.location = (1.0, 2.0, 0.0)


CHECKS = (
    shape_keys_survive_glb,
    fbx_presets,
    levels_of_detail,
    two_roots_become_one,
    modifiers_keep_shape_keys,
    modifiers_that_disagree,
    unwritable,
    fixes,
    fix_of_a_vertex_takes_the_neighbours_bones,
)
