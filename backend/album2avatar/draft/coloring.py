"""The draft's texture: what photos show, what the other side lends, and a guess for the rest."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from album2avatar.body.types import PhotoPoses
from album2avatar.draft.mirroring import mirror_colors
from album2avatar.mesh.normals import face_areas
from album2avatar.mesh.types import Mesh
from album2avatar.projection.fusion import TexturedSurface, fuse_unbent, lay_over
from album2avatar.projection.light import MEAN_BRIGHTNESS
from album2avatar.projection.observations import MaskedPhoto
from album2avatar.render.baking import TexelMap

GREY = 0.5
"""Of an asset that no photo shows."""
SEEN, MIRRORED, GUESSED = 1.0, 0.5, 0.0
"""Grey levels of the map that tells where a colour comes from."""


@dataclass(frozen=True)
class DraftColors:
    """A texture, and where it comes from. Row 0 at v = 0."""

    albedo: Tensor
    """(H, W, 3) sRGB 0..1."""
    origin: Tensor
    """(H, W) `SEEN`, `MIRRORED` or `GUESSED`."""
    seen_share: Tensor
    """() share of the surface that a photo shows."""
    mirrored_share: Tensor
    """() share of the surface that the other side lends."""


def color_surface(
    surface: TexturedSurface,
    vertices: Tensor,
    body_vertices: Tensor,
    poses: PhotoPoses,
    photos: Sequence[MaskedPhoto],
    size: int,
) -> DraftColors:
    """Give every texel a colour.

    Args:
        vertices: (V, 3) canonical.
        body_vertices: (V, 3) where they are on the body itself, which is symmetric.
        photos: in the order of the poses; at least one.
        size: texels of the texture's side.
    """
    fused = fuse_unbent(surface, vertices, poses, photos, (size, size))
    points = fused.texels.read(body_vertices, surface.faces)
    lent = mirror_colors(points, fused.assets, fused.color, fused.confidence)
    # Where the photos are half sure, the other side has the other half of the say.
    say = (1 - fused.confidence) * lent.confidence
    both = fused.confidence + say
    color = fused.confidence[:, None] * fused.color + say[:, None] * lent.color
    color = color / both.clamp(min=1e-9)[:, None]
    base = fused.texels.fill(_usual_colors(photos, surface.album_assets)[fused.assets])
    whole = lay_over(surface, replace(fused, color=color, confidence=both), base, fading=0.0)
    is_seen, is_lent = fused.shown, ~fused.shown & (lent.confidence > 0)
    area = _texel_areas(fused.texels, vertices, surface.faces)
    origin = GUESSED + (MIRRORED - GUESSED) * is_lent + (SEEN - GUESSED) * is_seen
    return DraftColors(
        albedo=fused.texels.fill(whole),
        origin=fused.texels.fill(origin[:, None])[..., 0],
        seen_share=(area * is_seen).sum(),
        mirrored_share=(area * is_lent).sum(),
    )


def _texel_areas(texels: TexelMap, vertices: Tensor, faces: Tensor) -> Tensor:
    """(N,) share of the surface that each texel covers; faces without texels are left out."""
    face = texels.rast[0, ..., 3][texels.covered].long() - 1
    counts = torch.bincount(face, minlength=len(faces)).clamp(min=1)
    area = (face_areas(Mesh(vertices, faces)) / counts)[face]
    return area / area.sum()


def _usual_colors(photos: Sequence[MaskedPhoto], asset_count: int) -> Tensor:
    """(K, 3) median sRGB albedo of each asset's pixels in all photos."""
    usual = torch.full((asset_count, 3), GREY)
    for asset in range(asset_count):
        shown = torch.cat([photo.image[photo.mask == asset + 1] for photo in photos])
        if len(shown):
            usual[asset] = (shown.median(0).values / MEAN_BRIGHTNESS).clamp(max=1.0)
    return usual
