"""Import an avatar with quads, write it again as GLB and FBX, and say what each became."""

import json
import os
import sys

import bpy
from inside_scene import GLB, OUTPUT, start

from blender_addon.avatar.importer import import_avatar
from blender_addon.export.fbx import export_fbx
from blender_addon.export.glb import export_glb


def look_at(mesh):
    """Faces, rims, corners with their texture coordinates, labels and weights of a mesh."""
    import bmesh  # there once bpy is

    data = mesh.data
    edited = bmesh.new()
    edited.from_mesh(data)
    open_edges = sum(len(edge.link_faces) != 2 for edge in edited.edges)
    uv = edited.loops.layers.uv[0]
    corners = sorted(
        {
            tuple(round(value, 4) for value in (*loop.vert.co, *loop[uv].uv))
            for face in edited.faces
            for loop in face.loops
        }
    )
    edited.free()
    labels = data.attributes.get("asset")
    sizes = [len(polygon.vertices) for polygon in data.polygons]
    area = {}
    for polygon in data.polygons if labels is not None else ():
        label = str(labels.data[polygon.index].value)
        area[label] = area.get(label, 0.0) + polygon.area
    weights = sum(group.weight for vertex in data.vertices for group in vertex.groups)
    return {
        "quads": sizes.count(4),
        "triangles": sizes.count(3),
        "others": len([size for size in sizes if size not in (3, 4)]),
        "open_edges": open_edges,
        "corners": corners,
        "area": area,
        "weights": weights / len(data.vertices),
        "vertices": len(data.vertices),
    }


def main():
    found = {}
    start()
    avatar = import_avatar(bpy.context, GLB)
    found["imported"] = look_at(avatar.meshes[0])
    mesh = avatar.meshes[0]
    mesh.shape_key_add(name="Basis")
    key = mesh.shape_key_add(name="higher")
    for point in key.data:
        point.co.z += 0.1
    export_glb(bpy.context, avatar, OUTPUT / "again.glb")
    export_fbx(bpy.context, avatar, OUTPUT / "avatar.fbx")
    start()
    avatar = import_avatar(bpy.context, OUTPUT / "again.glb")
    mesh = avatar.meshes[0]
    found["again"] = look_at(mesh)
    basis, higher = (mesh.data.shape_keys.key_blocks[name].data for name in ("Basis", "higher"))
    found["lifted"] = sum(point.co.z for point in higher) / len(basis)
    found["lifted"] -= sum(point.co.z for point in basis) / len(basis)
    (OUTPUT / "found.json").write_text(json.dumps(found))


main()
sys.stdout.flush()
# After its glTF exporter has run, Blender 4.2 as a module crashes when Python unloads it.
os._exit(0)
