"""The colour field as a texture, and pictures on the way there."""

import math

import torch
from torch import Tensor

from album2avatar.assets import Framing
from album2avatar.body.types import CanonicalBody
from album2avatar.guidance.views import turntable_views
from album2avatar.mesh.types import UvMap
from album2avatar.paint.canvas import Canvas
from album2avatar.paint.scene import Albedo, Light, PaintedSurface, look, photograph
from album2avatar.pictures import tiled
from album2avatar.render.baking import map_texels
from album2avatar.render.seams import continue_across_seams

TEXELS_AT_ONCE = 65_536
"""Texels that the field colours in one go; bounds the memory."""
PREVIEW_SIZE = 256
_PREVIEW_ANGLES = (0.0, 0.5 * math.pi, math.pi, -0.5 * math.pi)


def bake_albedo(surface: PaintedSurface, uv: UvMap, albedo: Albedo, size: int) -> Tensor:
    """Colour every texel.

    Returns:
        (size, size, 3) sRGB in 0..1, row 0 at v = 0; texels beside the charts have the colour of
        what lies across the seam, others that of the nearest chart.
    """
    texels = map_texels(uv, (size, size))
    attributes = torch.cat([surface.mesh.vertices, surface.asset_shares], 1)
    rows = texels.read(attributes, surface.mesh.faces)
    with torch.no_grad():
        colors = [albedo(part[:, :3], part[:, 3:].argmax(1)) for part in rows.split(TEXELS_AT_ONCE)]
    return continue_across_seams(texels.fill(torch.cat(colors)), surface.mesh.faces, uv, texels)


def preview_strip(surface: PaintedSurface, body: CanonicalBody, canvas: Canvas) -> Tensor:
    """Four sides of the person, and of the head below, (H, W, 3) sRGB, row 0 at the top."""
    framings: tuple[Framing, ...] = ("full body", "head close-up")
    device = surface.mesh.vertices.device
    count = len(_PREVIEW_ANGLES)
    light = Light(
        torch.tensor([[0.0, 0.5, 0.8]], device=device).repeat(count, 1) / math.sqrt(0.89),
        torch.full((count,), 0.7, device=device),
    )
    background = torch.full((count, 3), 0.93, device=device)
    sides: list[Tensor] = []
    for framing in framings:
        views = turntable_views(body, framing, _PREVIEW_ANGLES, device)
        seen = look(surface, views.cameras, 2 * PREVIEW_SIZE)
        with torch.no_grad():
            colors = torch.sigmoid(canvas.logits(seen))
            sides.append(photograph(seen, colors, light, background, 2))
    return tiled(torch.cat(sides), count)
