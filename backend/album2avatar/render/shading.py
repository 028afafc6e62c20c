"""Pictures of meshes: normal maps, colours, masks, and simple light."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from album2avatar.mesh.normals import vertex_normals
from album2avatar.mesh.topology import EdgeTable, edge_table
from album2avatar.render import visibility_torch
from album2avatar.render.antialias import antialias
from album2avatar.render.camera import Cameras
from album2avatar.render.images import to_image
from album2avatar.render.interpolate import interpolate
from album2avatar.render.rasterize import Visibility, rasterize
from album2avatar.render.screen import Resolution, to_clip

NORMAL_BACKGROUND = 0.5
"""Grey level of a normal map where there is no surface."""


@dataclass(frozen=True)
class Drawing:
    """A mesh rasterized from a batch of cameras, ready to be shaded. Row 0 at the bottom."""

    pos: Tensor
    """(B, V, 4) clip space."""
    faces: Tensor
    """(F, 3) int64."""
    rast: Tensor
    """(B, H, W, 4)."""
    edges: EdgeTable

    @property
    def covered(self) -> Tensor:
        """(B, H, W, 1) float, 1 where the pixel centre sees the surface; no gradient."""
        return (self.rast[..., 3:] > 0).to(self.rast.dtype)

    def finish(self, rows: Tensor) -> Tensor:
        """Antialias shaded rows (B, H, W, C) and turn them into an image, row 0 at the top."""
        return to_image(antialias(rows, self.rast, self.pos, self.faces, self.edges))


def draw(
    vertices: Tensor,
    faces: Tensor,
    cameras: Cameras,
    resolution: Resolution,
    edges: EdgeTable | None = None,
    visibility: Visibility = visibility_torch.face_ids,
) -> Drawing:
    """Rasterize a mesh.

    Args:
        vertices: (V, 3) metres, shared by all cameras, or (B, V, 3), one pose for each.
        faces: (F, 3) int64.
        cameras: B cameras.
        resolution: (height, width).
        edges: of `faces`, for a mesh that is drawn often.
    """
    height, width = resolution
    pos = to_clip(vertices, cameras.clip_from_world(width / height))
    rast = rasterize(pos, faces, resolution, visibility)
    return Drawing(pos, faces, rast, edges if edges is not None else edge_table(faces))


def render_mask(
    vertices: Tensor,
    faces: Tensor,
    cameras: Cameras,
    resolution: Resolution,
    edges: EdgeTable | None = None,
    visibility: Visibility = visibility_torch.face_ids,
) -> Tensor:
    """Coverage of each pixel, (B, H, W, 1), row 0 at the top, differentiable in `vertices`.

    Arguments as in `draw`.
    """
    drawing = draw(vertices, faces, cameras, resolution, edges, visibility)
    return drawing.finish(drawing.covered)


def render_normals(
    vertices: Tensor,
    faces: Tensor,
    cameras: Cameras,
    resolution: Resolution,
    edges: EdgeTable | None = None,
    visibility: Visibility = visibility_torch.face_ids,
) -> tuple[Tensor, Tensor]:
    """Camera-space normal map and mask.

    Arguments as in `draw`.

    Returns:
        (B, H, W, 3) n / 2 + 1/2 with x right, y up, z towards the camera, grey where there
        is no surface; (B, H, W, 1) coverage. Row 0 at the top, differentiable in `vertices`.
    """
    drawing = draw(vertices, faces, cameras, resolution, edges, visibility)
    normals = interpolate_normals(drawing, vertices, cameras)
    colors = torch.where(drawing.covered > 0, 0.5 * normals + 0.5, NORMAL_BACKGROUND)
    image = drawing.finish(torch.cat([colors, drawing.covered], -1))
    return image[..., :3], image[..., 3:]


def render_colors(
    vertices: Tensor,
    faces: Tensor,
    vertex_colors: Tensor,
    cameras: Cameras,
    resolution: Resolution,
    background: Tensor,
    edges: EdgeTable | None = None,
    visibility: Visibility = visibility_torch.face_ids,
) -> tuple[Tensor, Tensor]:
    """Picture of a mesh with a colour at each vertex, without light.

    Args:
        vertex_colors: (V, C), or (B, V, C).
        background: broadcastable to (B, H, W, C), row 0 at the top.
        (others as in `draw`)

    Returns:
        (B, H, W, C) and coverage (B, H, W, 1), row 0 at the top.
    """
    drawing = draw(vertices, faces, cameras, resolution, edges, visibility)
    colors = interpolate(vertex_colors, drawing.rast, faces)
    behind = to_image(background.expand_as(colors))
    colors = torch.where(drawing.covered > 0, colors, behind)
    image = drawing.finish(torch.cat([colors, drawing.covered], -1))
    return image[..., :-1], image[..., -1:]


def interpolate_normals(drawing: Drawing, vertices: Tensor, cameras: Cameras) -> Tensor:
    """Camera-space unit normals at the pixels, (B, H, W, 3), row 0 at the bottom.

    Args:
        vertices: (V, 3) or (B, V, 3), as they were drawn.
    """
    rotation = cameras.world_to_view[:, :3, :3]
    if vertices.ndim == 2:
        normals = vertex_normals(vertices, drawing.faces)[None]
    else:
        normals = torch.stack([vertex_normals(pose, drawing.faces) for pose in vertices])
    in_view = (normals @ rotation.transpose(1, 2)).contiguous()
    return F.normalize(interpolate(in_view, drawing.rast, drawing.faces), dim=-1, eps=1e-12)


def lambert(normals: Tensor, light: Tensor, ambient: Tensor) -> Tensor:
    """Brightness under ambient light and one directional light.

    Args:
        normals: (B, H, W, 3) unit normals.
        light: (B, 3) unit vectors towards the light, in the normals' frame.
        ambient: (B,) brightness of what faces away from the light, in 0..1.

    Returns:
        (B, H, W, 1): `ambient` in the shade, 1 where the surface faces the light.
    """
    facing = torch.einsum("bhwc,bc->bhw", normals, light).clamp(min=0.0)[..., None]
    floor = ambient[:, None, None, None]
    return floor + (1.0 - floor) * facing
