"""The variant's mesh with texture coordinates and the colours that are known before painting."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy import ndimage
from scipy.spatial import KDTree
from torch import Tensor

from album2avatar.mesh.charts import flat_areas
from album2avatar.mesh.normals import face_areas
from album2avatar.mesh.storage import StoredMesh
from album2avatar.mesh.types import Mesh, UvMap
from album2avatar.render.baking import TexelMap, covered_texels, map_texels
from album2avatar.render.chart_packing import pack_charts
from album2avatar.render.clean_texels import asset_texels
from album2avatar.render.texture import texture

PADDING = 2
"""Empty texels between a new chart and its neighbours."""
BESIDE = 0.035
"""Metres from clean texels within which their colours are taken over; about as far as what stays is
made anew beside a garment."""
FEATHER = 0.03
"""Metres over which they pass into other colours beyond that."""


@dataclass(frozen=True)
class VariantTexture:
    """A texture of which a part is new."""

    uv: UvMap
    """Of the whole mesh; kept faces have the coordinates that they had."""
    texels: TexelMap
    """Of the new faces alone; face numbers are those of the whole mesh."""
    albedo: Tensor
    """(H, W, 3) sRGB 0..1, row 0 at v = 0."""
    beside_old: Tensor
    """(H, W) bool, texels of the kept faces with a margin; they never change."""

    def with_new(self, colors: Tensor) -> Tensor:
        """The albedo with colours (N, 3) at `texels`, and a margin around them."""
        return self.laid_over(self.albedo, colors)

    def laid_over(self, base: Tensor, values: Tensor) -> Tensor:
        """The same with values (N, C) for another of the base's textures (H, W, C)."""
        filled = self.texels.fill(values)
        changed = (self.texels.chart >= 0) & ~self.beside_old
        return torch.where((changed | self.texels.covered)[..., None], filled, base)


def extend_uv(
    mesh: Mesh, old_faces: Tensor, old_uv: UvMap, new_uv: UvMap, albedo: Tensor
) -> VariantTexture:
    """Lay the new faces' charts into the texels that the kept faces don't use.

    Args:
        mesh: kept faces first.
        old_faces: (K,) int64, the kept faces' numbers in the base.
        old_uv: of the base.
        new_uv: of the new faces, anywhere.
        albedo: (S, S, 3) of the base.
    """
    size = albedo.shape[0]
    kept = UvMap(old_uv.coordinates, old_uv.faces[old_faces])
    covered = covered_texels(kept, (size, size))
    # Filtering reads one texel beyond a chart's last one.
    beside = torch.from_numpy(ndimage.binary_dilation(covered.cpu().numpy(), iterations=1))
    density = _density(Mesh(mesh.vertices, mesh.faces[: len(old_faces)]), kept) * size
    scaled = _in_metres(mesh, len(old_faces), new_uv)
    packed, _ = pack_charts(scaled, beside.numpy(), density, PADDING)
    faces = torch.cat([kept.faces, packed.faces + len(kept.coordinates)])
    uv = UvMap(torch.cat([kept.coordinates, packed.coordinates]), faces)
    texels = map_texels(packed, (size, size))
    rast = texels.rast.clone()
    rast[..., 3] = torch.where(rast[..., 3] > 0, rast[..., 3] + len(old_faces), 0.0)
    return VariantTexture(uv, TexelMap(rast, texels.chart), albedo, beside)


@dataclass(frozen=True)
class CleanTexels:
    """Texels of the base that show the colours of one asset and nothing else."""

    points: Tensor
    """(K, 3) metres, on the base."""
    colors: Tensor
    """(K, 3) sRGB 0..1."""
    assets: Tensor
    """(K,) int64 of the table after the swap; -1 for what is taken off."""


def clean_texels(base: StoredMesh, albedo: Tensor, renumbered: Tensor) -> CleanTexels:
    """The base's texels but for those near a border of two assets, which may have mixed colours.

    Args:
        albedo: (S, S, 3) of the base.
        renumbered: (A,) int64, the base's assets in the table after the swap; -1 if taken off.
    """
    found = asset_texels(base, (albedo.shape[0], albedo.shape[1]))
    colors, assets = albedo[found.texels.covered], renumbered[found.assets]
    return CleanTexels(found.points[found.clean], colors[found.clean], assets[found.clean])


def feathered(colors: Tensor, points: Tensor, assets: Tensor, clean: CleanTexels) -> Tensor:
    """Colours (N, 3) with those of the nearest clean texels of the same asset where these are near.

    Args:
        points, assets: (N, 3) and (N,) of the new texels.
    """
    result = colors.clone()
    for asset in assets.unique().tolist():
        rows = (assets == asset).nonzero().squeeze(1)
        own = (clean.assets == asset).nonzero().squeeze(1)
        if len(own) == 0:
            continue
        tree = KDTree(clean.points[own].numpy())
        away, nearest = tree.query(points[rows].numpy(), k=min(4, len(own)))
        away = np.asarray(away).reshape(len(rows), -1)
        weights = torch.from_numpy(1 / (away + 1e-3)).float()
        around = clean.colors[own[torch.from_numpy(np.asarray(nearest).reshape(len(rows), -1))]]
        mean = (around * (weights / weights.sum(1, keepdim=True))[..., None]).sum(1)
        beyond = torch.from_numpy(away[:, :1]).float() - BESIDE
        result[rows] = torch.lerp(colors[rows], mean, (1 - beyond / FEATHER).clamp(0, 1))
    return result


def vertex_colors(mesh: Mesh, uv: UvMap, albedo: Tensor) -> Tensor:
    """(V, 3) the texture's colour at each vertex; on a seam, at one of its places."""
    colors = torch.full((len(mesh.vertices), 3), 0.5)
    colors[mesh.faces.flatten()] = texture(albedo, uv.coordinates[uv.faces.flatten()], "clamp")
    return colors


def new_parts(mesh: Mesh, face_assets: Tensor, kept_faces: int) -> Mesh:
    """The new faces with a gap between any two assets, so that no chart has two of them.

    A border is then as smooth as its edges are, however few texels there are.

    Args:
        face_assets: (F,) int64.
    """
    faces, assets = mesh.faces[kept_faces:], face_assets[kept_faces:]
    used, corners = faces.unique(return_inverse=True)
    count = int(assets.max()) + 1
    keys, parted = (corners * count + assets[:, None]).unique(return_inverse=True)
    vertices = mesh.vertices[used[keys // count]]
    apart = 1 + float(vertices[:, 0].amax() - vertices[:, 0].amin())
    aside = torch.tensor([apart, 0.0, 0.0]) * (keys % count)[:, None]
    return Mesh(vertices + aside, parted)


def _density(mesh: Mesh, uv: UvMap) -> float:
    """Length in the texture, in 0..1, of a metre on half of the surface; heads have longer ones."""
    area = face_areas(mesh)
    length, order = (flat_areas(uv) / area.clamp(min=1e-12)).sqrt().sort()
    below = area[order].double().cumsum(0)
    return float(length[torch.searchsorted(below, below[-1:] / 2).clamp(max=len(length) - 1)])


def _in_metres(mesh: Mesh, kept_faces: int, uv: UvMap) -> UvMap:
    """New charts scaled so that a unit is about a metre on the surface."""
    area = face_areas(Mesh(mesh.vertices, mesh.faces[kept_faces:]))
    scale = float((area.sum() / flat_areas(uv).sum().clamp(min=1e-12)).sqrt())
    return UvMap(uv.coordinates * scale, uv.faces)
