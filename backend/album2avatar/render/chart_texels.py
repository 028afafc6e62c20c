"""Which chart of a UV map a texel belongs to, so that none is read as another's."""

import numpy as np
import torch
from scipy.spatial import KDTree
from torch import Tensor

from album2avatar.mesh.borders import border_edges
from album2avatar.mesh.types import UvMap

REACH = 2.5
"""Texels from a chart's border within which a texel is the chart's: bilinear filtering reads 1.5,
and what lies across a seam is wanted a little farther."""
_SPACING = 0.25
"""Texels between the places at which borders are looked up."""


def with_lost_charts(rast: Tensor, uv: UvMap, piece: Tensor) -> Tensor:
    """Give each chart that covers no texel's centre the nearest free texel, as (1, H, W, 4).

    Args:
        rast: (1, H, W, 4) of `rasterize` for the map.
        piece: (F,) int64, the chart of each face, as `face_pieces` numbers them.
    """
    shown = torch.zeros(int(piece.max()) + 1, dtype=torch.bool, device=rast.device)
    shown[piece[rast[0, ..., 3][rast[0, ..., 3] > 0].long() - 1]] = True
    lost = (~shown).nonzero().squeeze(1)
    result = rast.clone()
    height, width = rast.shape[1:3]
    corners = (uv.coordinates * uv.coordinates.new_tensor([width, height]))[uv.faces].double()
    for number in lost.tolist():
        faces = (piece == number).nonzero().squeeze(1)
        if len(faces) == 0:
            continue
        row, column = _nearest_free(result[0, ..., 3] > 0, corners[faces].mean((0, 1)))
        centre = corners.new_tensor([column + 0.5, row + 0.5])
        weights = _clamped_weights(corners[faces], centre)
        places = (weights[:, :, None] * corners[faces]).sum(1)
        best = int((places - centre).norm(dim=1).argmin())
        value = [*weights[best, :2].tolist(), 0.0, float(faces[best]) + 1.0]
        result[0, row, column] = result.new_tensor(value)
    return result


def chart_texels(rast: Tensor, uv: UvMap, piece: Tensor) -> Tensor:
    """(H, W) int64, the chart that each texel is on or beside, -1 elsewhere.

    Args:
        rast: (1, H, W, 4) of `with_lost_charts`.
        piece: (F,) int64, the chart of each face.
    """
    face = rast[0, ..., 3].long() - 1
    covered = face >= 0
    chart = torch.where(covered, piece[face.clamp(min=0)], -1)
    height, width = chart.shape
    places, charts = _border_places(uv, piece, width, height)
    steps = torch.arange(-3, 4, device=chart.device)
    offsets = torch.stack(torch.meshgrid(steps, steps, indexing="ij"), -1).view(-1, 2)
    near = torch.zeros_like(covered)
    for offset in offsets:
        column, row = (places.floor().long() + offset).unbind(1)
        near[row.clamp(0, height - 1), column.clamp(0, width - 1)] = True
    row, column = (near & ~covered).nonzero().unbind(1)
    if len(row):
        centres = torch.stack([column, row], 1).double() + 0.5
        distance, nearest = KDTree(places.cpu().numpy()).query(centres.cpu().numpy())
        own = charts[torch.from_numpy(np.asarray(nearest)).to(charts.device)]
        within = torch.from_numpy(np.asarray(distance) < REACH).to(own.device)
        chart[row, column] = torch.where(within, own, -1)
    return chart


def nearest_of_chart(covered: Tensor, chart: Tensor) -> tuple[Tensor, Tensor]:
    """The uncovered texels beside charts, (N,) int64 flat, and their charts' nearest covered ones.

    Args:
        covered: (H, W) bool.
        chart: (H, W) of `chart_texels`.
    """
    width = covered.shape[1]
    on, owner = covered.flatten(), chart.flatten()
    shown = torch.zeros(int(owner.max()) + 2, dtype=torch.bool, device=owner.device)
    shown[owner[on]] = True  # the last one, of texels that are no chart's, stays
    beside = (~on & shown[owner]).nonzero().squeeze(1)
    inside = on.nonzero().squeeze(1)
    if len(beside) == 0:
        return beside, beside
    # Charts lie in storeys so far apart that the nearest texel is one of the same chart.
    storey = float(sum(covered.shape))

    def places(texels: Tensor) -> Tensor:
        row, column = texels // width, texels % width
        return torch.stack([column.double(), row.double(), storey * owner[texels]], 1).cpu()

    nearest = KDTree(places(inside).numpy()).query(places(beside).numpy())[1]
    return beside, inside[torch.from_numpy(np.asarray(nearest)).to(inside.device)]


def _border_places(uv: UvMap, piece: Tensor, width: int, height: int) -> tuple[Tensor, Tensor]:
    """Places (P, 2) in texels along all charts' borders, and the chart of each (P,)."""
    edges = border_edges(uv.faces)
    of_corner = torch.zeros(len(uv.coordinates), dtype=torch.int64, device=piece.device)
    of_corner[uv.faces.flatten()] = piece.repeat_interleave(3)
    scaled = uv.coordinates.double() * uv.coordinates.new_tensor([width, height]).double()
    start, end = scaled[edges[:, 0]], scaled[edges[:, 1]]
    counts = ((end - start).norm(dim=1) / _SPACING).ceil().long() + 1
    owner = torch.repeat_interleave(torch.arange(len(edges), device=edges.device), counts)
    first = torch.repeat_interleave(counts.cumsum(0) - counts, counts)
    share = (torch.arange(len(owner), device=edges.device) - first) / (counts[owner] - 1).clamp(1)
    return torch.lerp(start[owner], end[owner], share[:, None].double()), of_corner[edges[owner, 0]]


def _nearest_free(taken: Tensor, place: Tensor) -> tuple[int, int]:
    """Row and column of the free texel (H, W) nearest to a place (2,) in texels; if there is none,
    of the one at the place."""
    height, width = taken.shape
    column, row = (int(value) for value in place.floor())
    for reach in (3, 12, max(height, width)):
        top, left = max(0, row - reach), max(0, column - reach)
        free = ~taken[top : row + reach + 1, left : column + reach + 1]
        rows, columns = free.nonzero().unbind(1)
        if len(rows):
            away = (rows + top + 0.5 - place[1]).square() + (
                columns + left + 0.5 - place[0]
            ).square()
            best = int(away.argmin())
            return int(rows[best]) + top, int(columns[best]) + left
    return min(max(row, 0), height - 1), min(max(column, 0), width - 1)


def _clamped_weights(corners: Tensor, place: Tensor) -> Tensor:
    """Weights (F, 3) of faces' corners (F, 3, 2) at a place (2,), brought into each face."""
    offset = corners - place

    def cross(a: Tensor, b: Tensor) -> Tensor:
        return a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]

    parts = torch.stack(
        [
            cross(offset[:, 1], offset[:, 2]),
            cross(offset[:, 2], offset[:, 0]),
            cross(offset[:, 0], offset[:, 1]),
        ],
        1,
    )
    doubled = parts.sum(1, keepdim=True)
    is_flat = doubled.abs() < 1e-12
    weights = (parts / torch.where(is_flat, 1.0, doubled)).clamp(0, 1)
    weights = torch.where(is_flat, 1.0 / 3.0, weights)
    return weights / weights.sum(1, keepdim=True)
