"""Picture of the draft: the person from all sides, and below where the colours come from."""

import math

import torch
from torch import Tensor

from album2avatar.draft.coloring import DraftColors
from album2avatar.mesh.types import Mesh, UvMap
from album2avatar.pictures import tiled
from album2avatar.render.camera import Cameras, orbit
from album2avatar.render.images import area_downsample, to_image
from album2avatar.render.interpolate import interpolate
from album2avatar.render.shading import draw, interpolate_normals, lambert
from album2avatar.render.texture import texture
from album2avatar.render.visibility_warp import face_ids

SIDE = 256
"""Pixels of one picture's side."""
_ANGLES = (0.0, 0.25 * math.pi, 0.5 * math.pi, math.pi, -0.5 * math.pi)
_PAPER = 0.93
_LIGHT = torch.tensor([[0.25, 0.4, 0.88]])
_AMBIENT = torch.tensor([0.6])
_FIELD_OF_VIEW = 0.4


@torch.no_grad()
def draft_strip(mesh: Mesh, uv: UvMap, colors: DraftColors) -> Tensor:
    """Colours from five sides above, their origin below: (2 * SIDE, 5 * SIDE, 3) sRGB."""
    low, high = mesh.vertices.amin(0), mesh.vertices.amax(0)
    count = len(_ANGLES)
    cameras = orbit(
        torch.tensor(_ANGLES),
        torch.zeros(count),
        ((low + high) / 2).expand(count, 3),
        (1.08 * (high[2] - low[2])).expand(count),
        _FIELD_OF_VIEW,
    )
    origin = colors.origin[..., None].expand(-1, -1, 3).contiguous()
    pictures = [_lit(mesh, uv, albedo, cameras) for albedo in (colors.albedo, origin)]
    return tiled(torch.cat(pictures), count)


def _lit(mesh: Mesh, uv: UvMap, albedo: Tensor, cameras: Cameras) -> Tensor:
    """(B, SIDE, SIDE, 3) the textured mesh under one lamp."""
    size = (2 * SIDE, 2 * SIDE)
    drawing = draw(mesh.vertices, mesh.faces, cameras, size, visibility=face_ids)
    covered = drawing.covered[..., 0] > 0
    places = interpolate(uv.coordinates, drawing.rast, uv.faces)[covered]
    normals = interpolate_normals(drawing, mesh.vertices, cameras)
    count = len(cameras)
    light = lambert(normals, _LIGHT.expand(count, 3), _AMBIENT.expand(count))[covered]
    rows = torch.full((count, *size, 3), _PAPER)
    rows[covered] = texture(albedo, places, "clamp") * light
    return area_downsample(to_image(rows), 2)
