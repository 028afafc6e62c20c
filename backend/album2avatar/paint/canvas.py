"""What the painter changes: a colour field alone, or one over a texture."""

from typing import Protocol

import torch
from torch import Tensor

from album2avatar.paint.color_field import ColorField
from album2avatar.paint.scene import PaintedSurface, SeenSurface, usual_colors
from album2avatar.render.texture import texture
from album2avatar.seeding import torch_generator
from album2avatar.settings.paint import PaintSettings

DARKEST, LIGHTEST = 0.02, 0.98
"""Range of a texture's colours to which a field can add; beyond it a colour has no gradient."""


class Canvas(Protocol):
    """Colours that a painter can look at and change."""

    @property
    def field(self) -> ColorField:
        """What changes."""
        ...

    def logits(self, seen: SeenSurface) -> Tensor:
        """(N, 3) sRGB colours at what is seen, before the sigmoid; differentiable in the field."""
        ...


class FieldCanvas:
    """A colour field alone."""

    def __init__(self, field: ColorField) -> None:
        self.field = field

    def logits(self, seen: SeenSurface) -> Tensor:
        """The field's own."""
        return self.field.logits(seen.points, seen.assets)


class OverpaintCanvas:
    """A texture, to which a field adds on some faces; the other faces stay as they are."""

    def __init__(self, field: ColorField, albedo: Tensor, corner_uv: Tensor, free: Tensor) -> None:
        """
        Args:
            albedo: (H, W, 3) sRGB 0..1, row 0 at v = 0.
            corner_uv: (F, 3, 2) texture coordinates of the faces' corners.
            free: (F,) bool, faces whose colours may change.
        """
        self.field = field
        self._albedo = albedo
        self._corner_uv = corner_uv
        self._free = free

    def logits(self, seen: SeenSurface) -> Tensor:
        """The texture's, and where a face is free the field's added to it."""
        rast = seen.drawing.rast[seen.drawing.covered[..., 0] > 0]
        face = rast[:, 3].long() - 1
        weights = torch.stack([rast[:, 0], rast[:, 1], 1 - rast[:, 0] - rast[:, 1]], 1)
        uv = (self._corner_uv[face] * weights[..., None]).sum(1)
        below = color_logits(texture(self._albedo, uv, "clamp"))
        added = self.field.logits(seen.points, seen.assets)
        return below + self._free[face][:, None] * added


def color_logits(colors: Tensor) -> Tensor:
    """What a sigmoid turns into colours (..., 3); nearly black and full ones are drawn in a bit."""
    return torch.logit(colors.clamp(DARKEST, LIGHTEST))


def blank_field(surface: PaintedSurface, settings: PaintSettings, seed: int) -> ColorField:
    """An even field around a surface, on the surface's device."""
    vertices = surface.mesh.vertices
    return ColorField(
        (vertices.amax(0) + vertices.amin(0)).cpu() / 2,
        surface.asset_count,
        settings.frequencies,
        settings.hidden_width,
        torch_generator(seed, "paint", "field"),
    ).to(vertices.device)


def first_field(surface: PaintedSurface, settings: PaintSettings, seed: int) -> ColorField:
    """The field with which painting starts: the assets in the colours that the photos show."""
    field = blank_field(surface, settings, seed)
    if settings.photo_weight > 0:
        field.start_at(usual_colors(surface))
    return field
