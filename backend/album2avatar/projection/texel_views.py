"""What one photo shows of each texel of a surface."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.ndimage import distance_transform_edt, gaussian_filter
from torch import Tensor
from torch.nn import functional as F

from album2avatar.mesh.normals import vertex_normals
from album2avatar.projection.observations import MaskedPhoto
from album2avatar.render.baking import TexelMap
from album2avatar.render.camera import Cameras
from album2avatar.render.images import to_image
from album2avatar.render.interpolate import interpolate
from album2avatar.render.rasterize import rasterize
from album2avatar.render.screen import to_clip, to_screen
from album2avatar.render.visibility_warp import face_ids

GRAZING = 0.15
"""Cosine between surface and line of sight below which a photo shows nothing of a texel."""
DEPTH_SLACK = 0.004
"""Metres that a texel may lie behind what its pixel shows and still be seen."""
STEP = 0.03
"""Metres between neighbouring pixels beyond which one of them belongs to something in front."""
FEATHER = 6.0
"""Pixels beside an outline over which a photo's say grows to its whole weight."""

NEIGHBOURHOOD = 0.03
"""Metres around a texel in which surface and mask are compared."""
MOST_DIFFERENT = 0.25
"""Share of pixels there with another asset at which a photo loses most of its say."""


@dataclass(frozen=True)
class TexelView:
    """One photo at each of N texels."""

    color: Tensor
    """(N, 3) sRGB 0..1 of the photo; meaningless where `asset` is -1."""
    asset: Tensor
    """(N,) int64, what the mask says the photo shows there; -1 where something is in front, the
    surface is grazed, or the mask says background."""
    normal: Tensor
    """(N, 3) unit, in the camera's frame."""
    weight: Tensor
    """(N,) how much the photo is to be believed; 0 where `asset` is -1. Squared pixels per metre
    of surface: a photo that is closer, or looks at the texel face-on, says more."""
    place: Tensor
    """(N, 2) pixels (right, up) where the photo has the texel, row 0 at the bottom."""
    metre: Tensor
    """(N,) metres that a pixel is wide there."""


def view_texels(
    texels: TexelMap,
    faces: Tensor,
    labels: Tensor,
    posed: Tensor,
    camera: Cameras,
    photo: MaskedPhoto,
) -> TexelView:
    """Look every texel up in a photo.

    Args:
        texels: of the surface's UV map; N of them are covered.
        faces: (F, 3) of the surface.
        labels: (V,) int64, what the mask should say of each vertex; -1 where it may say anything.
        posed: (V, 3) its vertices as they stand in the photo.
        camera: of the photo; one.
    """
    height, width = photo.mask.shape
    normals = vertex_normals(posed, faces)
    rows = texels.read(torch.cat([posed, normals], 1), faces)
    points, world_normals = rows[:, :3], F.normalize(rows[:, 3:], dim=-1)
    eye = torch.linalg.inv(camera.world_to_view[0])[:3, 3]
    facing = (world_normals * F.normalize(eye - points, dim=-1)).sum(-1)

    clip = camera.clip_from_world(width / height)
    drawn = _draw(posed, faces, labels, clip, (height, width))
    depth = drawn.depth
    pos = to_clip(points, clip)
    screen = to_screen(pos, (height, width))[0, :, :2].nan_to_num(-9.0)
    column, row = screen.round().long().unbind(1)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    column, row = column.clamp(0, width - 1), row.clamp(0, height - 1)
    metre = 2 * pos[0, :, 3] * torch.tan(camera.vertical_fov[0] / 2) / height
    steep = (1 - facing.square()).clamp(min=0).sqrt() / facing.clamp(min=GRAZING)
    in_front = pos[0, :, 3] < depth[row, column] + DEPTH_SLACK + metre * steep

    line = height - 1 - row
    label = photo.mask[line, column]
    seen = inside & (facing > GRAZING) & in_front & (label > 0)
    trust = _trust(photo.mask, to_image(depth[None, ..., None])[0, ..., 0])
    usual = float(metre[seen].median()) if bool(seen.any()) else 1.0
    fits = _fits(photo.mask, to_image(drawn.labels[None, ..., None])[0, ..., 0], usual)
    trust = (trust * fits)[line, column]
    weight = facing.square() * trust / metre.clamp(min=1e-4).square()
    rotation = camera.world_to_view[0, :3, :3]
    return TexelView(
        color=sample_image(photo.image, screen),
        asset=torch.where(seen, label - 1, -1),
        normal=world_normals @ rotation.T,
        weight=torch.where(seen, weight, 0.0),
        place=screen,
        metre=metre,
    )


def vote_assets(
    views: Sequence[TexelView], shares: Tensor, possible: Tensor, prior: float
) -> Tensor:
    """The asset of each texel as the photos vote, (N,) int64.

    Args:
        views: at the same N texels.
        shares: (N, K) what the surface is taken for without the photos; rows sum to 1.
        possible: (N, K) bool, what it may be; votes for anything else don't count.
        prior: how much `shares` counts against the photo that shows a texel best.
    """
    best = torch.stack([view.weight for view in views]).amax(0).clamp(min=1e-12)
    votes = prior * shares
    for view in views:
        say = (view.weight / best)[:, None]
        votes = votes.scatter_add(1, view.asset.clamp(min=0)[:, None], say)
    return torch.where(possible, votes, -1.0).argmax(1)


def showing(view: TexelView, assets: Tensor) -> TexelView:
    """The same view where it shows the texels' assets (N,), and nothing elsewhere."""
    agrees = view.asset == assets
    return replace(
        view,
        asset=torch.where(agrees, view.asset, -1),
        weight=torch.where(agrees, view.weight, 0.0),
    )


@dataclass(frozen=True)
class _Drawn:
    """The surface as a photo would show it; row 0 at the bottom."""

    depth: Tensor
    """(H, W) metres along the line of sight, inf beside the surface."""
    labels: Tensor
    """(H, W) int64 as in a mask."""


def _draw(
    posed: Tensor, faces: Tensor, labels: Tensor, clip: Tensor, size: tuple[int, int]
) -> _Drawn:
    pos = to_clip(posed, clip)
    rast = rasterize(pos, faces, size, face_ids)
    depth = interpolate(pos[..., 3:].contiguous(), rast, faces)[0, ..., 0]
    ids = rast[0, ..., 3].long()
    shown = labels[faces].mode(1).values[(ids - 1).clamp(min=0)]
    return _Drawn(torch.where(ids > 0, depth, torch.inf), torch.where(ids > 0, shown, 0))


def _fits(mask: Tensor, drawn: Tensor, metre: float) -> Tensor:
    """(H, W) 0..1, row 0 at the top: less where surface and mask differ all around.

    A limb that is elsewhere than the pose has it shows what is behind it.
    """
    either, differs = (mask > 0) | (drawn > 0), (mask != drawn) & (drawn >= 0)
    layers = torch.stack([either, differs], -1).float().cpu().numpy()
    spread = NEIGHBOURHOOD / max(metre, 1e-5)
    around = torch.from_numpy(gaussian_filter(layers, (spread, spread, 0), truncate=2.5))
    share = around[..., 1] / around[..., 0].clamp(min=1e-3)
    return torch.exp(-(share / MOST_DIFFERENT).square()).to(mask.device)


def sample_image(image: Tensor, screen: Tensor) -> Tensor:
    """Bilinear colours (N, 3) of an image (H, W, 3), row 0 at the top, at screen places (N, 2)."""
    height, width = image.shape[:2]
    scale = torch.tensor([2.0 / width, -2.0 / height], dtype=screen.dtype, device=screen.device)
    shift = torch.tensor([1.0 / width - 1, 1 - 1.0 / height], dtype=screen.dtype)
    grid = screen * scale + shift.to(screen.device)
    planes = image.permute(2, 0, 1)[None]
    found = F.grid_sample(planes, grid[None, None], padding_mode="border", align_corners=False)
    return found[0, :, 0].T.contiguous()


def _trust(mask: Tensor, depth: Tensor) -> Tensor:
    """(H, W) 0..1, row 0 at the top: less beside the outlines of assets and of what is in front."""
    edge = torch.zeros_like(mask, dtype=torch.bool)
    for along in (0, 1):
        length = mask.shape[along] - 1
        first, second = mask.narrow(along, 0, length), mask.narrow(along, 1, length)
        near, far = depth.narrow(along, 0, length), depth.narrow(along, 1, length)
        # Where neither shows the surface the difference is no number, and no step.
        differs = (first != second) | ((near - far).abs() > STEP)
        edge.narrow(along, 0, length).logical_or_(differs)
        edge.narrow(along, 1, length).logical_or_(differs)
    if not bool(edge.any()):
        return torch.ones_like(depth)
    away = np.asarray(distance_transform_edt(~edge.cpu().numpy()), np.float32)
    return (torch.from_numpy(away).to(depth.device) / FEATHER).clamp(max=1.0)
