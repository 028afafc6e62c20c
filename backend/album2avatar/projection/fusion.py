"""All photos as one texture: whose colours, under which lights, and how sure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from album2avatar.body.skinning import skin_points
from album2avatar.body.types import PhotoPoses
from album2avatar.mesh.laplacian import uniform_laplacian
from album2avatar.mesh.topology import EdgeTable
from album2avatar.mesh.types import UvMap
from album2avatar.projection.blending import blend_views, others_colors, unlit_views
from album2avatar.projection.finding_lights import ShownPlaces, estimate_lights
from album2avatar.projection.levelling import LevelledSurface, level_photos
from album2avatar.projection.observations import MaskedPhoto
from album2avatar.projection.retinex import without_shading
from album2avatar.projection.spreading import spread_values
from album2avatar.projection.texel_corners import TexelCorners
from album2avatar.projection.texel_views import TexelView, showing, view_texels, vote_assets
from album2avatar.projection.warping import find_warps, look_again
from album2avatar.render.baking import TexelMap, map_texels
from album2avatar.render.camera import Cameras
from album2avatar.render.screen import Resolution

SURFACE_SAY = 1.0
"""What the surface's own asset counts against the photo that shows a texel best."""
BORDER_ROUNDS = 4
"""Edges that the photos may move an asset's border; farther in, a photo that shows another asset
is one in which an arm is elsewhere than it seems."""
LEAST_SHARE = 0.01
"""Share of an asset among the neighbours within that reach for it to be possible."""
LIGHT_TEXELS = 20_000
"""Texels from which the lights are estimated; thirty unknowns a photo need no more."""


@dataclass(frozen=True)
class TexturedSurface:
    """A surface whose texels are looked up in photos."""

    faces: Tensor
    """(F, 3) int64."""
    edges: EdgeTable
    uv: UvMap
    weights: Tensor
    """(V, J) skinning weights."""
    shares: Tensor
    """(V, K) share of each asset, rows sum to 1; those of the album first, then those that words
    describe, which no photo shows."""
    album_assets: int
    """How many of them the masks of the photos count."""


@dataclass(frozen=True)
class FusedTexels:
    """The photos' say on the N covered texels of a texture."""

    texels: TexelMap
    assets: Tensor
    """(N,) int64, as photos and surface vote."""
    color: Tensor
    """(N, 3) sRGB albedo 0..1; 0 where no photo looks."""
    confidence: Tensor
    """(N,) 0..1, how far the photos decide."""
    shown: Tensor
    """(N,) bool, a photo shows the texel as its asset, if only beside an outline."""
    lights: Tensor
    """(P, 9, 3), see `light`."""


def fuse_photos(
    surface: TexturedSurface,
    vertices: Tensor,
    poses: PhotoPoses,
    photos: Sequence[MaskedPhoto],
    resolution: Resolution,
) -> FusedTexels:
    """Look every texel up in every photo.

    Args:
        vertices: (V, 3) of the surface, canonical.
        photos: in the order of the poses; at least one.
        resolution: (height, width) of the texture.
    """
    return _fused(surface, _bent(_look_up(surface, vertices, poses, photos, resolution), photos))


def fuse_unbent(
    surface: TexturedSurface,
    vertices: Tensor,
    poses: PhotoPoses,
    photos: Sequence[MaskedPhoto],
    resolution: Resolution,
) -> FusedTexels:
    """`fuse_photos` with photos as they are: half the time, less sharp where poses are wrong."""
    return _fused(surface, _look_up(surface, vertices, poses, photos, resolution))


def _fused(surface: TexturedSurface, seen: "_SeenTexels") -> FusedTexels:
    within = LevelledSurface(surface.faces, surface.edges, surface.shares.argmax(1))
    corners = TexelCorners.of(seen.texels, surface.faces, within.vertex_assets, seen.assets)
    unlit = unlit_views(seen.views, seen.lights)
    believed = unlit.weights * unlit.agreement
    levelled = level_photos(seen.texels, corners, within, unlit.colors, believed)
    blended = blend_views(replace(unlit, colors=levelled))
    color = without_shading(seen.texels, corners, within, blended.color, blended.confidence)
    shown = torch.stack([view.asset >= 0 for view in seen.views]).any(0)
    return FusedTexels(seen.texels, seen.assets, color, blended.confidence, shown, seen.lights)


def textures_of_others(
    surface: TexturedSurface,
    vertices: Tensor,
    poses: PhotoPoses,
    photos: Sequence[MaskedPhoto],
    resolution: Resolution,
) -> tuple[Tensor, Tensor]:
    """For each photo the texture that all others give; arguments as `fuse_photos`.

    Returns:
        (P, H, W, 4): sRGB albedo, and 1.0 where another photo shows the texel, row 0 at v = 0; the
        photos' lights (P, 9, 3).
    """
    seen = _look_up(surface, vertices, poses, photos, resolution)
    colors, known = others_colors(unlit_views(seen.views, seen.lights))
    height, width = resolution
    textures = colors.new_zeros(len(photos), height, width, 4)
    textures[:, seen.texels.covered] = torch.cat([colors, known[..., None]], -1)
    return textures, seen.lights


@dataclass(frozen=True)
class _SeenTexels:
    texels: TexelMap
    assets: Tensor
    views: list[TexelView]
    lights: Tensor


def _look_up(
    surface: TexturedSurface,
    vertices: Tensor,
    poses: PhotoPoses,
    photos: Sequence[MaskedPhoto],
    resolution: Resolution,
) -> _SeenTexels:
    texels = map_texels(surface.uv, resolution)
    shares = texels.read(surface.shares, surface.faces)
    described = shares.argmax(1) >= surface.album_assets
    assets = surface.shares.argmax(1)
    labels = torch.where(assets < surface.album_assets, assets + 1, -1)
    views = [
        _without(view_texels(texels, surface.faces, labels, posed, camera, photo), described)
        for posed, camera, photo in _posed(surface, vertices, poses, photos)
    ]
    possible = texels.read(_around(surface), surface.faces) > LEAST_SHARE
    assets = vote_assets(views, shares, possible, SURFACE_SAY)
    views = [showing(view, assets) for view in views]
    return _SeenTexels(texels, assets, views, _estimate(views, assets))


def _bent(seen: _SeenTexels, photos: Sequence[MaskedPhoto]) -> _SeenTexels:
    """The same texels where photos that are bent to agree show them."""
    warps = find_warps(seen.views, photos, seen.lights)
    views = [
        showing(look_again(view, photo, warp), seen.assets)
        for view, photo, warp in zip(seen.views, photos, warps, strict=True)
    ]
    return _SeenTexels(seen.texels, seen.assets, views, _estimate(views, seen.assets))


def lay_over(surface: TexturedSurface, fused: FusedTexels, base: Tensor, fading: float) -> Tensor:
    """Colours (N, 3) of all texels: the photos' where they look, the base's elsewhere.

    Beside what the photos show the base is shifted by its difference to them, so that there is no
    border.

    Args:
        base: (H, W, 3) sRGB texture that the surface has so far, row 0 at v = 0.
        fading: how soon the difference is forgotten, see `spreading.spread_values`.
    """
    below = base[fused.texels.covered]
    trust = fused.confidence[:, None]
    carried = _carry(surface, fused, fused.color - below, fading)
    return (trust * fused.color + (1 - trust) * (below + carried)).clamp(0, 1)


def _around(surface: TexturedSurface) -> Tensor:
    """(V, K) share of each asset within a few edges of each vertex."""
    shares = surface.shares
    for _ in range(BORDER_ROUNDS):
        shares = shares + uniform_laplacian(shares, surface.edges)
    return shares


def _posed(
    surface: TexturedSurface, vertices: Tensor, poses: PhotoPoses, photos: Sequence[MaskedPhoto]
) -> list[tuple[Tensor, Cameras, MaskedPhoto]]:
    found: list[tuple[Tensor, Cameras, MaskedPhoto]] = []
    for index, photo in enumerate(photos):
        one = slice(index, index + 1)
        posed = skin_points(vertices, surface.weights, poses.bone_transforms[one])[0]
        camera = poses.cameras.at(index)
        found.append((posed, camera, photo))
    return found


def _without(view: TexelView, described: Tensor) -> TexelView:
    """A view that shows nothing of the texels that words describe."""
    return showing(view, torch.where(described, -1, view.asset))


def _estimate(views: Sequence[TexelView], assets: Tensor) -> Tensor:
    # Evenly strewn over the texture, and the same ones at every run.
    picked = torch.arange(0, len(assets), max(1, len(assets) // LIGHT_TEXELS))
    return estimate_lights(
        ShownPlaces(
            [view.color[picked] for view in views],
            [view.normal[picked] for view in views],
            [view.weight[picked] for view in views],
            assets[picked],
        )
    )


def _carry(surface: TexturedSurface, fused: FusedTexels, values: Tensor, fading: float) -> Tensor:
    """Carry values (N, C) of the trusted texels on over the others of the same asset."""
    vertex_asset = surface.shares.argmax(1)
    corners = TexelCorners.of(fused.texels, surface.faces, vertex_asset, fused.assets)
    heard = fused.confidence[:, None]
    gathered = corners.gather(torch.cat([heard * values, heard], 1))
    summed, weight = gathered[:, :-1], gathered[:, -1]
    known = weight > 0
    if not bool(known.any()):
        return torch.zeros_like(values)
    mean = summed / weight.clamp(min=1e-9)[:, None]
    pull = (weight / weight[known].median()).clamp(max=1.0)
    spread = spread_values(surface.edges, vertex_asset, mean, pull, fading)
    return fused.texels.read(spread, surface.faces)
