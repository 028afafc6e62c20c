"""A textured surface as a camera sees it, pixel by pixel."""

from dataclasses import dataclass

import torch
from torch import Tensor

from album2avatar.body.skinning import skin_points
from album2avatar.body.types import PhotoPoses
from album2avatar.projection.fusion import TexturedSurface
from album2avatar.render.camera import Cameras
from album2avatar.render.images import to_image
from album2avatar.render.interpolate import interpolate
from album2avatar.render.screen import Resolution
from album2avatar.render.shading import Drawing, draw, interpolate_normals
from album2avatar.render.texture import texture
from album2avatar.render.visibility_warp import face_ids


@dataclass(frozen=True)
class DrawnTexture:
    """The N pixels that show the surface. Row 0 at the bottom."""

    drawing: Drawing
    covered: Tensor
    """(H, W) bool, which pixels they are."""
    texels: Tensor
    """(N, C) of the texture, differentiable in the vertices."""
    normals: Tensor
    """(N, 3) unit, in the camera's frame."""


def draw_textured(
    surface: TexturedSurface, posed: Tensor, camera: Cameras, size: Resolution, picture: Tensor
) -> DrawnTexture:
    """Look a texture up in every pixel that shows the surface.

    Args:
        posed: (1, V, 3) where the surface's vertices are in the world.
        camera: one.
        size: (height, width).
        picture: (H, W, C) texture, row 0 at v = 0.
    """
    drawing = draw(posed, surface.faces, camera, size, surface.edges, face_ids)
    covered = drawing.covered[0, ..., 0] > 0
    uv = interpolate(surface.uv.coordinates, drawing.rast, surface.uv.faces)[0][covered]
    normals = interpolate_normals(drawing, posed, camera)[0][covered]
    return DrawnTexture(drawing, covered, texture(picture, uv, "clamp"), normals)


@torch.no_grad()
def covered_pixels(
    surface: TexturedSurface, vertices: Tensor, poses: PhotoPoses, index: int
) -> Tensor:
    """(H, W) bool, which pixels of a photo the surface covers; row 0 at the top.

    Args:
        vertices: (V, 3) canonical.
        index: of the photo among the poses.
    """
    height, width = poses.image_sizes[index].tolist()
    posed = skin_points(vertices, surface.weights, poses.bone_transforms[index : index + 1])
    camera = poses.cameras.at(index)
    drawing = draw(posed, surface.faces, camera, (height, width), surface.edges, face_ids)
    return to_image(drawing.covered)[0, ..., 0] > 0
