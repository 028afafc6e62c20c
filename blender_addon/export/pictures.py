"""Pictures of an avatar: several views side by side in one image.

Cycles on the CPU, since it is the only one of Blender's renderers that needs no display.
"""

# pyright: reportMissingImports=false

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy

from ..avatar.character import Character
from ..avatar.posing import BENT_JOINTS, Bend, bend_joints

_CELL_ASPECT = 2 / 3
_MARGIN = 1.08
"""Room around the avatar, as a factor of its size."""


@dataclass(frozen=True)
class Shots:
    """Views of the avatar in one pose."""

    azimuths: tuple[float, ...]
    """Degrees that the camera stands around the person; positive is towards their left."""
    bends: tuple[Bend, ...]


TURNTABLE = Shots((0.0, 45.0, 90.0, 180.0), ())
POSED = Shots((0.0, 45.0, 180.0), BENT_JOINTS)


@dataclass(frozen=True)
class Quality:
    """Size and cleanness of a picture."""

    height: int
    """Pixels."""
    samples: int
    """Light paths per pixel, before denoising."""


def render_strip(
    context: Any, character: Character, shots: Shots, quality: Quality, path: Path
) -> None:
    """Render all shots into one PNG, left to right. Changes the scene; for headless use."""
    bend_joints(context, character, shots.bends)
    radius, bottom, top = _extent(context, character)
    cell_height = (top - bottom) * _MARGIN
    cell_width = max(cell_height * _CELL_ASPECT, 2 * radius * _MARGIN)
    _place_copies(context, character, shots.azimuths, cell_width)
    width = cell_width * len(shots.azimuths)
    _add_camera(context, width, (top + bottom) / 2)
    _add_light(context)
    render = context.scene.render
    render.resolution_y = quality.height
    render.resolution_x = round(quality.height * width / cell_height)
    _choose_renderer(context.scene, quality)
    render.filepath = str(path)
    bpy.ops.render.render(write_still=True)


def _extent(context: Any, character: Character) -> tuple[float, float, float]:
    """Largest distance from the Z axis, lowest and highest Z of the posed avatar, metres."""
    graph = context.evaluated_depsgraph_get()
    points = [
        found.matrix_world @ vertex.co
        for found in (mesh.evaluated_get(graph) for mesh in character.meshes)
        for vertex in found.data.vertices
    ]
    heights = [point.z for point in points]
    return max(math.hypot(point.x, point.y) for point in points), min(heights), max(heights)


def _place_copies(
    context: Any, character: Character, azimuths: tuple[float, ...], cell_width: float
) -> None:
    """Instances of the avatar's collection in a row; the avatar itself is left out."""
    collection = character.armature.users_collection[0]
    context.view_layer.layer_collection.children[collection.name].exclude = True
    for place, azimuth in enumerate(azimuths):
        instance = bpy.data.objects.new(f"View {azimuth:.0f}", None)
        instance.instance_type = "COLLECTION"
        instance.instance_collection = collection
        instance.location.x = (place - (len(azimuths) - 1) / 2) * cell_width
        instance.rotation_euler.z = -math.radians(azimuth)
        context.scene.collection.objects.link(instance)


def _add_camera(context: Any, width: float, height: float) -> None:
    """An orthographic camera in front: the copies turn, the camera stays."""
    data = bpy.data.cameras.new("Camera")
    data.type = "ORTHO"
    data.sensor_fit = "HORIZONTAL"
    data.ortho_scale = width
    camera = bpy.data.objects.new("Camera", data)
    camera.location = (0.0, -10.0, height)
    camera.rotation_euler = (math.pi / 2, 0.0, 0.0)
    context.scene.collection.objects.link(camera)
    context.scene.camera = camera


def _add_light(context: Any) -> None:
    """A bright room and a soft sun over the camera's shoulder, so that form shows."""
    world = bpy.data.worlds.new("Room")
    world.use_nodes = True
    background = next(node for node in world.node_tree.nodes if node.type == "BACKGROUND")
    background.inputs["Color"].default_value = (1.0, 1.0, 1.0, 1.0)
    background.inputs["Strength"].default_value = 0.55
    context.scene.world = world
    data = bpy.data.lights.new("Sun", "SUN")
    data.energy = 1.8
    data.angle = math.radians(20)
    sun = bpy.data.objects.new("Sun", data)
    sun.rotation_euler = (math.radians(50), 0.0, math.radians(-35))
    context.scene.collection.objects.link(sun)


def _choose_renderer(scene: Any, quality: Quality) -> None:
    scene.render.engine = "CYCLES"
    scene.cycles.device = "CPU"
    scene.cycles.samples = quality.samples
    scene.cycles.use_denoising = True
    # Denoising the guides as well takes longer than rendering and shows no difference here.
    scene.cycles.denoising_prefilter = "NONE"
    scene.cycles.max_bounces = 2
    scene.render.resolution_percentage = 100
    scene.render.image_settings.file_format = "PNG"
    scene.render.image_settings.color_mode = "RGB"
    # The painted colours as they are, not as a film would see them.
    scene.view_settings.view_transform = "Standard"
