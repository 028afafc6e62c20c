"""What is painted: the locked mesh with its assets, and pictures of it."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from album2avatar.mesh.topology import EdgeTable
from album2avatar.mesh.types import Mesh
from album2avatar.render.camera import Cameras
from album2avatar.render.images import area_downsample, to_image
from album2avatar.render.interpolate import interpolate
from album2avatar.render.rasterize import Visibility
from album2avatar.render.shading import Drawing, draw, interpolate_normals, lambert
from album2avatar.render.visibility_warp import face_ids

Albedo = Callable[[Tensor, Tensor], Tensor]
"""(points (N, 3), assets (N,)) -> colours (N, 3)."""

PLAIN_BACKGROUNDS: dict[str, float] = {"white": 0.93, "grey": 0.5, "black": 0.11}
"""Words and levels of plain backgrounds. Neutral ones, so that they lend no hue to the person."""
MEAN_BRIGHTNESS = 0.9
"""What a surface seen face-on keeps of its albedo, in the mean over the lights of
`sample_light`; the photos were taken under lights that nobody knows."""


@dataclass(frozen=True)
class PaintedSurface:
    """The mesh and the assets of its vertices."""

    mesh: Mesh
    edges: EdgeTable
    asset_shares: Tensor
    """(V, K), rows sum to 1; a place is of the asset with the largest interpolated share."""
    photo_colors: Tensor
    """(V, 3) sRGB, what the photos show."""
    photo_known: Tensor
    """(V,) 1.0, or 0.0 where they don't show it."""

    def on(self, device: torch.device) -> "PaintedSurface":
        """The same surface on a device."""
        edges = EdgeTable(**{name: value.to(device) for name, value in vars(self.edges).items()})
        return PaintedSurface(
            self.mesh.to(device),
            edges,
            self.asset_shares.to(device),
            self.photo_colors.to(device),
            self.photo_known.to(device),
        )

    @property
    def assets(self) -> Tensor:
        """(V,) int64, the asset that each vertex mostly is."""
        return self.asset_shares.argmax(1)

    @property
    def asset_count(self) -> int:
        """K."""
        return self.asset_shares.shape[1]


@dataclass(frozen=True)
class Light:
    """Light of a batch of views, in each camera's frame."""

    direction: Tensor
    """(B, 3) unit vectors towards the lamp."""
    ambient: Tensor
    """(B,) share of light from everywhere."""


@dataclass(frozen=True)
class SeenSurface:
    """What each pixel of a batch of views sees; only pixels on the surface are kept."""

    drawing: Drawing
    points: Tensor
    """(N, 3) canonical positions."""
    assets: Tensor
    """(N,) int64."""
    photo_colors: Tensor
    """(N, 3) sRGB, what the album's photos show there."""
    photo_known: Tensor
    """(N,) 0..1, how far they show it."""
    normals: Tensor
    """(B, H, W, 3) in the camera's frame, row 0 at the bottom."""

    def visible_assets(self, picture: int, least_share: float) -> list[int]:
        """Assets that cover at least a share of one picture."""
        per_picture = self.drawing.covered[..., 0] > 0
        counts = per_picture.sum((1, 2)).cumsum(0).tolist()
        first = counts[picture - 1] if picture > 0 else 0
        seen = torch.bincount(self.assets[first : counts[picture]])
        least = least_share * per_picture[picture].numel()
        return (seen >= max(least, 1)).nonzero().squeeze(1).tolist()


def look(
    surface: PaintedSurface, cameras: Cameras, size: int, visibility: Visibility = face_ids
) -> SeenSurface:
    """Find what square pictures of `size` pixels see."""
    vertices, faces = surface.mesh.vertices, surface.mesh.faces
    with torch.no_grad():
        drawing = draw(vertices, faces, cameras, (size, size), surface.edges, visibility)
        known = surface.photo_known[:, None]
        attributes = torch.cat([vertices, surface.photo_colors, known, surface.asset_shares], 1)
        rows = interpolate(attributes, drawing.rast, faces)[drawing.covered[..., 0] > 0]
        normals = interpolate_normals(drawing, vertices, cameras)
    assets = rows[:, 7:].argmax(1)
    return SeenSurface(drawing, rows[:, :3], assets, rows[:, 3:6], rows[:, 6], normals)


def photograph(
    seen: SeenSurface, colors: Tensor, light: Light, background: Tensor, supersampling: int
) -> Tensor:
    """Pictures of the surface under a light.

    Args:
        colors: (N, 3) sRGB albedo at `seen.points`.
        background: (B, 3) sRGB.
        supersampling: pixels of `seen` along each side of a pixel of the result.

    Returns:
        (B, S, S, 3) sRGB, row 0 at the top, differentiable in `colors`.
    """
    covered = seen.drawing.covered[..., 0] > 0
    brightness = lambert(seen.normals, light.direction, light.ambient)[covered]
    lit = colors * brightness
    batch, height, width = covered.shape
    pixel = covered.view(-1).nonzero().squeeze(1)
    behind = background[:, None, None].expand(batch, height, width, 3).reshape(-1, 3)
    rows = behind.index_copy(0, pixel, lit).view(batch, height, width, 3)
    return area_downsample(to_image(rows), supersampling)


def sample_light(count: int, generator: np.random.Generator) -> Light:
    """Draw lamps in front of the person, from side to side and from level to above.

    The light varies so that shading averages out of the colours: what is left is albedo.
    """
    direction = np.stack(
        [
            generator.uniform(-0.8, 0.8, count),
            generator.uniform(0.0, 1.0, count),
            generator.uniform(0.5, 1.0, count),
        ],
        1,
    )
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    ambient = generator.uniform(0.5, 0.8, count)
    return Light(torch.from_numpy(direction).float(), torch.from_numpy(ambient).float())


def sample_backgrounds(count: int, generator: np.random.Generator) -> tuple[list[str], Tensor]:
    """Draw plain backgrounds: their words and colours (count, 3)."""
    words = [str(word) for word in generator.choice(list(PLAIN_BACKGROUNDS), size=count)]
    levels = torch.tensor([PLAIN_BACKGROUNDS[word] for word in words])
    return words, levels[:, None].expand(-1, 3).contiguous()


def photo_loss(colors: Tensor, seen: SeenSurface) -> Tensor:
    """Mean squared difference between colours and what the photos show, ().

    Args:
        colors: (N, 3) sRGB albedo at `seen.points`.
    """
    difference = MEAN_BRIGHTNESS * colors - seen.photo_colors
    return (seen.photo_known[:, None] * difference.square()).mean()


def usual_colors(surface: PaintedSurface) -> Tensor:
    """Mean albedo of each asset as the photos show it, (K, 3); grey where they don't."""
    kinds = torch.nn.functional.one_hot(surface.assets, surface.asset_count)
    weights = kinds * surface.photo_known[:, None]
    total = weights.sum(0)[:, None]
    mean = (weights.T @ surface.photo_colors) / total.clamp(min=1.0) / MEAN_BRIGHTNESS
    return torch.where(total > 0, mean, 0.5)
