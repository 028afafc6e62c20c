"""Pictures that lead the prior: what stands where in a view, drawn from the body or the mesh."""

import torch
from torch import Tensor

from album2avatar.body.types import CanonicalBody
from album2avatar.mesh.types import Mesh
from album2avatar.render.camera import Cameras
from album2avatar.render.images import area_downsample, to_image
from album2avatar.render.interpolate import interpolate
from album2avatar.render.rasterize import Visibility
from album2avatar.render.shading import draw, render_normals
from album2avatar.render.visibility_warp import face_ids
from album2avatar.settings.guidance import LeadingPicture

SUPERSAMPLING = 3
"""Samples along each side of a pixel, as in what the demo conditioner was trained on."""
FARTHEST = 0.2
"""Grey level of the farthest surface in a depth picture; the background is black."""


@torch.no_grad()
def draw_leading(
    kind: LeadingPicture,
    body: CanonicalBody,
    mesh: Mesh,
    cameras: Cameras,
    size: int,
    visibility: Visibility = face_ids,
) -> Tensor:
    """What leads the prior in B views of a mesh that stands as the body does, (B, S, S, 3) in 0..1.

    Row 0 is at the top; no gradient.

    Args:
        body: the unclothed body in the rest pose, on any device.
        mesh: the surface as it is now.
        size: S, pixels.
        visibility: how the visible faces are found.
    """
    device = mesh.vertices.device
    if kind == "body normals":
        return draw_normals(
            body.vertices.to(device), body.faces.to(device), cameras, size, visibility
        )
    if kind == "normals":
        return draw_normals(mesh.vertices, mesh.faces, cameras, size, visibility)
    return draw_depth(mesh.vertices, mesh.faces, cameras, size, visibility)


def draw_normals(
    vertices: Tensor,
    faces: Tensor,
    cameras: Cameras,
    size: int,
    visibility: Visibility = face_ids,
) -> Tensor:
    """Camera-space normals as n/2 + 1/2 over grey, (B, size, size, 3), row 0 at the top."""
    fine = (size * SUPERSAMPLING, size * SUPERSAMPLING)
    normals, _ = render_normals(vertices, faces, cameras, fine, None, visibility)
    return area_downsample(normals, SUPERSAMPLING)


def draw_depth(
    vertices: Tensor,
    faces: Tensor,
    cameras: Cameras,
    size: int,
    visibility: Visibility = face_ids,
) -> Tensor:
    """Inverse depth, white where it is nearest, over black: (B, size, size, 3), row 0 at the top.

    Each picture has its own range, as depth networks that see one picture give it.
    """
    fine = (size * SUPERSAMPLING, size * SUPERSAMPLING)
    drawing = draw(vertices, faces, cameras, fine, None, visibility)
    # The fourth clip coordinate is the distance along the view axis.
    distance = interpolate(drawing.pos[..., 3:].contiguous(), drawing.rast, faces)
    covered = drawing.covered > 0
    inverse = 1 / distance.clamp(min=1e-6)
    near = torch.where(covered, inverse, 0.0).amax((1, 2, 3), keepdim=True)
    far = torch.where(covered, inverse, torch.inf).amin((1, 2, 3), keepdim=True)
    level = FARTHEST + (1 - FARTHEST) * (inverse - far) / (near - far).clamp(min=1e-6)
    picture = torch.where(covered, level, 0.0).expand(-1, -1, -1, 3)
    return area_downsample(to_image(picture), SUPERSAMPLING)
