"""The variant's mesh with texture coordinates and the colours that are known before painting."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy import ndimage
from scipy.spatial import KDTree
from torch import Tensor

from album2avatar.mesh.borders import compacted
from album2avatar.mesh.chart_packing import pack_charts
from album2avatar.mesh.normals import face_vectors
from album2avatar.mesh.types import Mesh, UvMap
from album2avatar.render.baking import TexelMap, map_texels
from album2avatar.render.texture import texture

PADDING = 2
"""Empty texels between a new chart and its neighbours."""
FEATHER = 0.03
"""Metres over which new skin passes into the skin that stays."""


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
        """The texture with colours (N, 3) at `texels`, and a margin around them."""
        own = self.texels.covered
        filled = self.texels.fill(colors)
        near = ndimage.binary_dilation(own.cpu().numpy(), iterations=PADDING)
        changed = torch.from_numpy(near).to(own.device) & ~self.beside_old
        return torch.where((changed | own)[..., None], filled, self.albedo)


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
    covered = map_texels(kept, (size, size)).covered
    # Filtering reads one texel beyond a chart's last one.
    beside = torch.from_numpy(ndimage.binary_dilation(covered.cpu().numpy(), iterations=1))
    density = _density(Mesh(mesh.vertices, mesh.faces[: len(old_faces)]), kept) * size
    scaled = _in_metres(mesh, len(old_faces), new_uv)
    packed, _ = pack_charts(scaled, beside.numpy(), density, PADDING)
    faces = torch.cat([kept.faces, packed.faces + len(kept.coordinates)])
    uv = UvMap(torch.cat([kept.coordinates, packed.coordinates]), faces)
    rast = map_texels(packed, (size, size)).rast.clone()
    rast[..., 3] = torch.where(rast[..., 3] > 0, rast[..., 3] + len(old_faces), 0.0)
    return VariantTexture(uv, TexelMap(rast), albedo, beside)


def feathered(
    colors: Tensor,
    points: Tensor,
    assets: Tensor,
    kept: Tensor,
    kept_colors: Tensor,
    kept_assets: Tensor,
) -> Tensor:
    """Let colours (N, 3) pass into those of the nearest kept point of the same asset.

    Args:
        points, assets: (N, 3) and (N,) of the new texels.
        kept, kept_colors, kept_assets: (K, 3), (K, 3) and (K,) of the surface that stays.
    """  # fmt: skip
    result = colors.clone()
    for asset in assets.unique().tolist():
        rows = (assets == asset).nonzero().squeeze(1)
        own = (kept_assets == asset).nonzero().squeeze(1)
        if len(own) == 0:
            continue
        away, nearest = KDTree(kept[own].numpy()).query(points[rows].numpy(), k=min(4, len(own)))
        away = np.asarray(away).reshape(len(rows), -1)
        weights = torch.from_numpy(1 / (away + 1e-3)).float()
        around = kept_colors[own[torch.from_numpy(np.asarray(nearest).reshape(len(rows), -1))]]
        mean = (around * (weights / weights.sum(1, keepdim=True))[..., None]).sum(1)
        share = (1 - torch.from_numpy(away[:, :1]).float() / FEATHER).clamp(0, 1)
        result[rows] = torch.lerp(colors[rows], mean, share)
    return result


def vertex_colors(mesh: Mesh, uv: UvMap, albedo: Tensor) -> Tensor:
    """(V, 3) the texture's colour at each vertex; on a seam, at one of its places."""
    colors = torch.full((len(mesh.vertices), 3), 0.5)
    colors[mesh.faces.flatten()] = texture(albedo, uv.coordinates[uv.faces.flatten()], "clamp")
    return colors


def new_part(mesh: Mesh, kept_faces: int) -> Mesh:
    """The new faces as a mesh of their own."""
    chosen = torch.arange(len(mesh.faces)) >= kept_faces
    return compacted(mesh, chosen)[0]


def _density(mesh: Mesh, uv: UvMap) -> float:
    """Median length in the texture, in 0..1, of a metre on the surface."""
    area = face_vectors(mesh.vertices, mesh.faces).norm(dim=1)
    flat = _flat_areas(uv)
    return float((flat / area.clamp(min=1e-12)).sqrt().median())


def _in_metres(mesh: Mesh, kept_faces: int, uv: UvMap) -> UvMap:
    """New charts scaled so that a unit is about a metre on the surface."""
    area = face_vectors(mesh.vertices, mesh.faces[kept_faces:]).norm(dim=1)
    scale = float((area.sum() / _flat_areas(uv).sum().clamp(min=1e-12)).sqrt())
    return UvMap(uv.coordinates * scale, uv.faces)


def _flat_areas(uv: UvMap) -> Tensor:
    """(F,) twice the area of each face in the texture."""
    a, b, c = uv.coordinates[uv.faces].unbind(1)
    (x1, y1), (x2, y2) = (b - a).unbind(1), (c - a).unbind(1)
    return (x1 * y2 - x2 * y1).abs()
