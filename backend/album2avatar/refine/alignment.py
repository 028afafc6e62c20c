"""Shape and poses at which the avatar, seen from each photo's camera, looks like the photo."""

from dataclasses import dataclass

import torch
from torch import Tensor

from album2avatar.body.skinning import skin_points
from album2avatar.mesh.laplacian import uniform_laplacian
from album2avatar.projection.drawing import draw_textured
from album2avatar.projection.fusion import TexturedSurface
from album2avatar.projection.light import brightness, even_light
from album2avatar.refine.photo_pictures import PhotoPicture
from album2avatar.render.camera import Cameras
from album2avatar.render.images import to_image
from album2avatar.render.interpolate import interpolate

COLOR_SCALE = 0.1
"""Difference in sRGB beyond which colours count as simply different: a logo that is elsewhere
must not pull harder the more its colour stands out."""
LEAST_KNOWN = 0.5
"""Share of a texture's four nearest texels that must be known."""


@dataclass(frozen=True)
class Look:
    """How the surface looks for now."""

    textures: Tensor
    """(P, H, W, 4) as the other photos show it, see `projection.fusion.textures_of_others`."""
    lights: Tensor
    """(P, 9, 3)."""


@dataclass(frozen=True)
class PhotoDifference:
    """How far one photo and the avatar differ; both are means over the person's pixels."""

    color: Tensor
    """() 0..1, how many pixels have another colour."""
    shares: Tensor
    """() 0..2, how much of them is another asset's, or the background's."""


def compare(
    surface: TexturedSurface,
    vertices: Tensor,
    transforms: Tensor,
    camera: Cameras,
    albedo: Tensor,
    light: Tensor,
    picture: PhotoPicture,
) -> PhotoDifference:
    """Draw the avatar as it stands in a photo and compare; differentiable in shape and pose.

    Args:
        vertices: (V, 3) canonical.
        transforms: (1, J, 4, 4) of the photo.
        albedo: (H, W, 4) sRGB and 1.0 where it is known, row 0 at v = 0.
        light: (9, 3) of the photo.
    """
    posed = skin_points(vertices, surface.weights, transforms)
    seen = draw_textured(surface, posed, camera, picture.size, albedo)
    # Where a texel beside is unknown the mean of both is too dark, but for this division.
    known = seen.texels[:, 3:].detach()
    colors = seen.texels[:, :3] / known.clamp(min=LEAST_KNOWN)
    lit = torch.cat([colors * brightness(seen.normals.detach(), light), known], 1)
    pixel = seen.covered.view(-1).nonzero().squeeze(1)
    rows = lit.new_zeros(seen.covered.numel(), 4).index_copy(0, pixel, lit)
    drawing = seen.drawing
    shares = interpolate(surface.shares, drawing.rast, surface.faces)
    layers = drawing.finish(torch.cat([1 - drawing.covered, shares], -1))[0]

    # What words describe hides what the photo shows: nothing can be compared there.
    compared = 1 - layers[..., 1 + surface.album_assets :].sum(-1).detach().clamp(0, 1)
    person = (compared * picture.shares[..., 1:].sum(-1)).sum().clamp(min=1.0)
    drawn = to_image(rows.view(1, *picture.size, 4))[0]
    inner = compared * picture.inner * (drawn[..., 3] > LEAST_KNOWN)
    away = (drawn[..., :3] - picture.color).square().sum(-1)
    other = (layers[..., : 1 + surface.album_assets] - picture.shares).abs().sum(-1)
    return PhotoDifference(
        color=(inner * away / (away + COLOR_SCALE**2)).sum() / person,
        shares=(compared * other).sum() / person,
    )


@torch.no_grad()
def outline_difference(
    surface: TexturedSurface,
    vertices: Tensor,
    transforms: Tensor,
    camera: Cameras,
    picture: PhotoPicture,
) -> float:
    """The `shares` of `compare` alone."""
    unknown = vertices.new_zeros(2, 2, 4)
    light = even_light(vertices)
    return float(compare(surface, vertices, transforms, camera, unknown, light, picture).shares)


def bending(surface: TexturedSurface, vertices: Tensor, before: Tensor) -> Tensor:
    """How much the surface is bent away from what it was, () in square centimetres."""
    bent = uniform_laplacian(vertices - before, surface.edges)
    return 1e4 * bent.square().sum(-1).mean()
