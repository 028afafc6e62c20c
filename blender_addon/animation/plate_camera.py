"""The camera that filmed an avatar, with the empty background behind it."""

# pyright: reportMissingImports=false

from pathlib import Path
from typing import Any

import bpy
from mathutils import Matrix

from .clip_camera import ClipCamera


def add_plate_camera(armature: Any, camera: ClipCamera, plate: Path, name: str) -> Any:
    """Add a camera that sees an avatar before the plate as the video did, beside the avatar.

    It hangs on nothing, so it stays where the video's camera stood when the avatar is moved.

    Args:
        armature: the avatar's, in a collection.
        camera: in the armature's space.
        plate: picture; it is packed into the file.
        name: of camera and plate.
    """
    data = bpy.data.cameras.new(name)
    data.sensor_fit = "VERTICAL"
    data.angle_y = camera.vertical_fov
    found = bpy.data.objects.new(name, data)
    rows = [camera.to_avatar[row : row + 4] for row in range(0, 16, 4)]
    found.matrix_world = armature.matrix_world @ Matrix(rows)
    armature.users_collection[0].objects.link(found)
    image = bpy.data.images.load(str(plate))
    image.name = name
    image.pack()
    data.show_background_images = True
    behind = data.background_images.new()
    behind.image, behind.alpha = image, 1.0
    behind.frame_method, behind.display_depth = "FIT", "BACK"  # never stretched
    return found
