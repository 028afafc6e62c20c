"""A GLB becomes an avatar that an artist can work on, or only the motion in it is taken.

Blender's own importer reads the file; what glTF can't hold comes from its extras.
"""

# pyright: reportMissingImports=false

from pathlib import Path
from typing import Any

import bpy
from mathutils import Vector

from ..errors import AvatarError, reason_of
from .asset_faces import label_faces
from .bone_collections import sort_bones
from .character import Character, meshes_of
from .glb_faces import kept_triangles
from .materials import tidy_materials
from .metadata import CLIP, KEY, AvatarMetadata, parse_metadata
from .modes import object_mode, selection_kept
from .motion import Motion, give_motion, motion_of
from .quad_faces import join_quads

_IMPORT_OPTIONS: dict[str, Any] = {
    # The file's bone axes are Blender's already.
    "bone_heuristic": "BLENDER",
    "disable_bone_shape": True,
    # Welds what was split at the texture's seams.
    "merge_vertices": True,
    # Shading follows the artist's edits; stored normals would not.
    "import_shading": "SMOOTH",
    # Older importers would make a second scene or collection of the file's only scene.
    "import_scene_as_collection": False,
}


def import_avatar(context: Any, path: Path, title: str = "") -> Character:
    """Add the avatar in a GLB to the current scene, in a collection of its own.

    The new armature is active and selected with its meshes. Where the file is animated, it plays
    that from the scene's first frame on.

    Args:
        title: name of armature and collection; empty takes the file's.

    Raises:
        AvatarError: the file can't be read or was not made by album2avatar; then the scene
            is as it was.
    """
    before = set(bpy.data.objects)
    _import_gltf(path)
    created = [found for found in bpy.data.objects if found not in before]
    try:
        armature = next((found for found in created if found.type == "ARMATURE"), None)
        if armature is None or KEY not in armature:
            raise AvatarError(
                f"{path.name} is no album2avatar avatar. Use File > Import > glTF 2.0 for "
                "other models."
            )
        metadata = parse_metadata(armature[KEY].to_dict())
        armature.name = title or armature.name
        motion = motion_of(armature)
        with object_mode(context, armature, "EDIT"):
            _restore_bones(armature.data, metadata)
    except AvatarError:
        bpy.data.batch_remove(created)
        raise
    character = Character(armature, meshes_of(armature))
    _finish(context, character, created)
    sort_bones(armature.data)
    if len(character.meshes) == 1:
        data, kept = character.meshes[0].data, kept_triangles(path)
        label_faces(data, metadata, kept)
        join_quads(data, metadata, kept)
    tidy_materials(character)
    if motion is not None:
        give_motion(context, armature, motion, context.scene.frame_start)
    return character


def read_motion(context: Any, path: Path) -> Motion:
    """Take the animation out of a GLB; of all else in the file nothing is left in Blender.

    Raises:
        AvatarError: the file can't be read, or has no animated avatar.
    """
    before = _known_data()
    with selection_kept(context):
        _import_gltf(path)
        created = [found for found in bpy.data.objects if found.as_pointer() not in before]
        armature = next((found for found in created if found.type == "ARMATURE"), None)
        motion = motion_of(armature) if armature is not None else None
        kept = motion.action.as_pointer() if motion is not None else 0
        bpy.data.batch_remove(
            [
                found
                for container in _containers()
                for found in container
                if found.as_pointer() not in before and found.as_pointer() != kept
            ]
        )
    if motion is None:
        raise AvatarError(f"{path.name} holds no animated avatar. Make the animation again.")
    return motion


def _containers() -> tuple[Any, ...]:
    """Everything that a glTF file may become."""
    data = bpy.data
    return (
        data.objects,
        data.meshes,
        data.armatures,
        data.materials,
        data.images,
        data.collections,
        data.cameras,
        data.lights,
        data.actions,
    )


def _known_data() -> frozenset[int]:
    return frozenset(found.as_pointer() for container in _containers() for found in container)


def _import_gltf(path: Path) -> None:
    known = bpy.ops.import_scene.gltf.get_rna_type().properties.keys()
    options = {name: value for name, value in _IMPORT_OPTIONS.items() if name in known}
    try:
        bpy.ops.import_scene.gltf(filepath=str(path), **options)
    except RuntimeError as error:
        raise AvatarError(
            f"{path.name} can't be read ({reason_of(error)}). Export it again."
        ) from error


def _restore_bones(armature: Any, metadata: AvatarMetadata) -> None:
    """Give the bones their tails and rolls; join those that meet. Needs edit mode.

    Where matrix and tail disagree (a root that points nowhere), the tail wins: it is what
    an artist sees and drags.
    """
    bones = armature.edit_bones
    missing = [rest.name for rest in metadata.bones if rest.name not in bones]
    if missing:
        raise AvatarError(
            f"The avatar's file is damaged (bone {missing[0]} is missing). Export it again."
        )
    for rest in metadata.bones:
        bone = bones[rest.name]
        bone.head, bone.tail = Vector(rest.head), Vector(rest.tail)
        bone.align_roll(Vector(rest.roll_axis))
    for bone in bones:
        parent = bone.parent
        # Blender moves a connected head onto its parent's tail: only where it is there already.
        bone.use_connect = parent is not None and (bone.head - parent.tail).length < 1e-5


def _finish(context: Any, character: Character, created: list[Any]) -> None:
    """Collection, names, and what the armature keeps as custom properties."""
    armature = character.armature
    collection = bpy.data.collections.new(armature.name)
    context.scene.collection.children.link(collection)
    for found in created:
        for previous in tuple(found.users_collection):
            previous.objects.unlink(found)
        collection.objects.link(found)

    armature.data.name = armature.name
    armature.data.display_type = "STICK"
    armature.show_in_front = True
    for bone in armature.pose.bones:
        bone.rotation_mode = "XYZ"
        bone.matrix_basis.identity()
    kept = armature[KEY].to_dict()
    # The armature holds them now, and an artist's edits would make the copy untrue.
    del kept["bones"]
    kept.pop(CLIP, None)
    armature[KEY] = kept

    for mesh in character.meshes:
        mesh.data.name = mesh.name
        if mesh.parent != armature:
            mesh.parent = armature

    for found in context.view_layer.objects:
        found.select_set(found in created)
    context.view_layer.objects.active = armature
