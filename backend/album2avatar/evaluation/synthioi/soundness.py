"""Whether a surface and its texture coordinates are what an artist can work with."""

import math

import torch
from torch import Tensor

from album2avatar.evaluation.metrics import color_difference
from album2avatar.mesh.borders import face_pieces
from album2avatar.mesh.normals import face_areas
from album2avatar.mesh.quality import radius_ratios, smallest_angles
from album2avatar.mesh.seam_edges import seam_edges
from album2avatar.mesh.self_intersections import is_crossing
from album2avatar.mesh.topology import edge_table
from album2avatar.mesh.types import Mesh, UvMap
from album2avatar.render.texture import texture

NEEDLE = math.radians(10.0)
"""A smallest angle below which a triangle shades and bends badly."""
_SEAM_SAMPLES = 4
_LEAST_AREA = 1e-14
"""Square metres, or shares of the texture, below which a triangle counts as nothing."""


def mesh_soundness(mesh: Mesh) -> dict[str, float]:
    """Shape of the triangles, and what would have to be mended by hand.

    Returns:
        `triangle_quality`, mean radius ratio, 1 is equilateral; `needles`, per cent of the faces;
        `crossings`, faces that pass through others; `holes`, edges that don't have two faces;
        `pieces`, connected ones beside the first.
    """
    return {
        "triangle_quality": float(radius_ratios(mesh).mean()),
        "needles": 100 * float((smallest_angles(mesh) < NEEDLE).float().mean()),
        "crossings": float(is_crossing(mesh).sum()),
        "holes": float((edge_table(mesh.faces).opposite < 0).sum()),
        "pieces": float(face_pieces(mesh.faces).max()),
    }


def uv_soundness(mesh: Mesh, uv: UvMap, texture_size: int) -> dict[str, float]:
    """How evenly the surface lies in its texture.

    Returns:
        `uv_stretch`, root of the mean squared stretch, 1 where nothing is stretched;
        `texels_per_mm`, the density that 95 % of the surface has at least.

    Source: Sander et al. 2001, "Texture mapping progressive meshes", section 3.
    """
    corners = mesh.vertices.double()[mesh.faces]
    flat = uv.coordinates.double()[uv.faces]
    area = face_areas(Mesh(mesh.vertices.double(), mesh.faces))
    level = torch.cat([uv.coordinates, torch.zeros_like(uv.coordinates[:, :1])], 1)
    flat_area = face_areas(Mesh(level.double(), uv.faces))
    is_sound = (area > _LEAST_AREA) & (flat_area > _LEAST_AREA)
    corners, flat, area, flat_area = (
        values[is_sound] for values in (corners, flat, area, flat_area)
    )
    # Half of the squared Frobenius norm of the map from texture to surface, per face.
    edges = torch.stack([corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]], 2)
    flat_edges = torch.stack([flat[:, 1] - flat[:, 0], flat[:, 2] - flat[:, 0]], 2)
    gradient = edges @ torch.linalg.inv(flat_edges)
    squared = gradient.square().sum((1, 2)) / 2
    stretch = (squared * area).sum() / area.sum() * flat_area.sum() / area.sum()
    density = (flat_area / area).sqrt() * texture_size / 1000
    return {
        "uv_stretch": math.sqrt(float(stretch)),
        "texels_per_mm": _weighted_quantile(density, area, 0.05),
    }


def seam_differences(mesh: Mesh, uv: UvMap, albedo: Tensor) -> dict[str, float]:
    """How much the colour jumps where the surface is cut for its texture.

    Args:
        albedo: (H, W, 3) sRGB 0..1, row 0 at v = 0.

    Returns:
        `seams`, ΔE*ab between both sides of the seams, below which 95 % of their length is. A
        difference of 2.3 is just noticeable.
    """
    seams = seam_edges(mesh.faces, uv)
    if len(seams.vertices) == 0:
        return {"seams": 0.0}
    along = torch.linspace(0, 1, _SEAM_SAMPLES + 2)[1:-1, None]
    lines = seams.sides[:, :, None]  # (S, 2 sides, 1, 2 ends, 2)
    places = (1 - along) * lines[..., 0, :] + along * lines[..., 1, :]
    colors = texture(albedo, places, "clamp").double().numpy()
    difference = torch.from_numpy(color_difference(colors[:, 0], colors[:, 1]))
    start, end = mesh.vertices[seams.vertices].unbind(1)
    lengths = (end - start).norm(dim=1)
    weights = lengths.double()[:, None].expand_as(difference)
    return {"seams": _weighted_quantile(difference.flatten(), weights.flatten(), 0.95)}


def _weighted_quantile(values: Tensor, weights: Tensor, share: float) -> float:
    ordered, order = values.sort()
    below = weights[order].cumsum(0) / weights.sum()
    return float(ordered[torch.searchsorted(below, share).clamp(max=len(values) - 1)])
