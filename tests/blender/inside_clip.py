"""Import an animated GLB as any artist can, and say what it became."""

import json

import bpy
import numpy as np
from inside_scene import GLB, OUTPUT, armatures, start


def curves_of(action):
    if hasattr(action, "fcurves"):
        return list(action.fcurves)
    strips = [strip for layer in action.layers for strip in layer.strips]
    return [curve for strip in strips for bag in strip.channelbags for curve in bag.fcurves]


start()
bpy.context.scene.render.fps = 15
bpy.ops.import_scene.gltf(filepath=str(GLB), bone_heuristic="BLENDER")
(armature,) = armatures()
(action,) = [a for a in bpy.data.actions if any("pose.bones" in c.data_path for c in curves_of(a))]
curves = curves_of(action)
moments = sorted({point.co[0] for curve in curves for point in curve.keyframe_points})
mesh = next(found for found in bpy.data.objects if found.type == "MESH" and found.parent)
for index, moment in enumerate(moments):
    bpy.context.scene.frame_set(int(moment), subframe=moment % 1.0)
    posed = mesh.evaluated_get(bpy.context.evaluated_depsgraph_get())
    points = np.array([posed.matrix_world @ v.co for v in posed.data.vertices])
    np.save(OUTPUT / f"posed{index}.npy", points)
turned = [curve.data_path for curve in curves if curve.data_path.endswith("rotation_quaternion")]
found = {
    "name": action.name,
    "is_active": armature.animation_data.action == action,
    "moments": moments,
    "keys": sorted({len(curve.keyframe_points) for curve in curves}),
    "turned": sorted({path.split('"')[1] for path in turned}),
}
(OUTPUT / "found.json").write_text(json.dumps(found))
