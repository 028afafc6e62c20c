"""Textures whose charts go on beyond their borders as the surface does."""

import torch
from scipy.spatial import KDTree
from torch import Tensor

from album2avatar.mesh.borders import face_pieces
from album2avatar.mesh.seam_edges import SeamEdges, evenly_along, seam_edges
from album2avatar.mesh.types import UvMap
from album2avatar.render.baking import TexelMap
from album2avatar.render.texture import texture

ROUNDS = 2
"""What lies across a seam is itself filtered with texels beyond its chart."""
_SPACING = 0.5
"""Texels between the places at which seams are looked up."""


def continue_across_seams(colors: Tensor, faces: Tensor, uv: UvMap, texels: TexelMap) -> Tensor:
    """Give the texels just outside of each chart the colours that lie across its seam.

    With the chart's own colours there, a filter reads one place of the surface differently from
    its two sides, and every seam shows. Where the way across doesn't lead onto the neighbouring
    chart, as at a chart that is narrower than the margin, they stay.

    Args:
        colors: (H, W, C), row 0 at v = 0, whole inside of the charts.
        faces: (F, 3) int64 of the mesh.
        texels: of `uv`, of the same size.

    Returns:
        (H, W, C), unchanged inside of the charts and where no seam is near.
    """
    height, width = texels.covered.shape
    size = torch.tensor([width, height], dtype=uv.coordinates.dtype, device=colors.device)
    seams = seam_edges(faces, uv)
    own, other = _both_ways(seams, size)
    if len(own) == 0:
        return colors
    row, column = (~texels.covered & (texels.chart >= 0)).nonzero().unbind(1)
    places = torch.stack([column, row], 1) + 0.5
    edge = _nearest_edge(own, places)
    across = _across(places, own[edge], other[edge])
    charts = face_pieces(uv.faces)[torch.cat([seams.faces, seams.faces.flip(1)])][edge]
    sound = (texels.chart[row, column] == charts[:, 0]) & _on_chart(texels, across, charts[:, 1])
    row, column, across = row[sound], column[sound], across[sound] / size
    result = colors.clone()
    for _ in range(ROUNDS):
        result[row, column] = texture(result, across, "clamp")
    return result


def _on_chart(texels: TexelMap, places: Tensor, chart: Tensor) -> Tensor:
    """Which places (N, 2) in texels are read from texels of their chart (N,) alone, at least one of
    which lies on it, (N,) bool."""
    height, width = texels.covered.shape

    def at(column: Tensor, row: Tensor) -> Tensor:
        return row.clamp(0, height - 1) * width + column.clamp(0, width - 1)

    left, bottom = (places - 0.5).floor().long().unbind(1)
    read = torch.stack([at(left + right, bottom + up) for right in (0, 1) for up in (0, 1)])
    is_own = texels.chart.view(-1)[read] == chart
    return is_own.all(0) & texels.covered.view(-1)[read].any(0)


def _both_ways(seams: SeamEdges, size: Tensor) -> tuple[Tensor, Tensor]:
    """Each seam edge's own side and the other one, (2 S, 2 ends, 2) texels, once from either.

    The ends of both are in the same order; each chart lies to the left of its own side, as
    counter-clockwise faces lie to the left of an edge that they run along.
    """
    first, second = (seams.sides * size).unbind(1)
    runs = seams.runs_along[:, None, None]
    forth = [torch.where(runs, side, side.flip(1)) for side in (first, second)]
    back = [torch.where(runs, side.flip(1), side) for side in (second, first)]
    return torch.cat([forth[0], back[0]]), torch.cat([forth[1], back[1]])


def _nearest_edge(edges: Tensor, places: Tensor) -> Tensor:
    """(N,) int64, the edge (S, 2, 2) that each place (N, 2) is nearest to."""
    lengths = (edges[:, 1] - edges[:, 0]).norm(dim=1)
    owner, share = evenly_along(lengths, _SPACING, 1)
    samples = torch.lerp(edges[owner, 0], edges[owner, 1], share[:, None])
    nearest = KDTree(samples.cpu().numpy()).query(places.cpu().numpy())[1]
    return owner[torch.from_numpy(nearest).to(owner.device)]


def _across(places: Tensor, own: Tensor, other: Tensor) -> Tensor:
    """Where places (N, 2) beside edges (N, 2, 2) lie beside the edges' other sides, (N, 2).

    What is outside of the one chart is as far inside of the other, in proportion to the sides'
    lengths.
    """
    along, there = own[:, 1] - own[:, 0], other[:, 1] - other[:, 0]
    squared = along.square().sum(1, keepdim=True).clamp(min=1e-12)
    offset = places - own[:, 0]
    share = (offset * along).sum(1, keepdim=True) / squared
    aside = (along[:, :1] * offset[:, 1:] - along[:, 1:] * offset[:, :1]) / squared
    left = torch.stack([-there[:, 1], there[:, 0]], 1)
    return other[:, 0] + share * there + aside * left
