"""Antialiasing that starts from the silhouette edges of the mesh.

The usual way looks at the face that a pixel shows and asks whether one of its own edges is
on the silhouette. On dense meshes the last face before the silhouette is often too narrow to
cover a pixel centre; its edge is then never found, and most of the silhouette's gradient is
lost. Here every silhouette edge is walked and finds the pixels itself.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from album2avatar.mesh.gather import gather_rows
from album2avatar.mesh.topology import EdgeTable, edge_table
from album2avatar.render.screen import Resolution, to_screen


def antialias(
    color: Tensor, rast: Tensor, pos: Tensor, tri: Tensor, topology: EdgeTable | None = None
) -> Tensor:
    """Blend pixel pairs across the silhouette by how much of them the surface covers.

    Args:
        color: (B, H, W, C) as shaded from `rast`, background included.
        rast: (B, H, W, 4) from `rasterize`.
        pos: (B, V, 4) clip space.
        tri: (F, 3) int.
        topology: edges of `tri`, to be computed once for a mesh that is drawn often.

    Returns:
        (B, H, W, C), differentiable in `color` and, through the coverage, in `pos`.
    """
    edges = topology if topology is not None else edge_table(tri)
    batch, height, width, channels = color.shape
    with torch.no_grad():
        screen = to_screen(pos, (height, width))
        silhouette = _find_silhouette(screen, edges)
        pairs = _concatenate(
            [
                _outermost(_cross_pairs(screen, silhouette, rast, along), batch * height * width)
                for along in (0, 1)
            ]
        )
    coverage = _coverage(pos, silhouette, pairs, (height, width))
    flat = color.reshape(-1, channels)
    contrast = gather_rows(flat, pairs.inner) - gather_rows(flat, pairs.outer)
    blended = torch.where(coverage.detach() > 0.5, pairs.outer, pairs.inner)
    return flat.index_add(0, blended, (coverage - 0.5)[:, None] * contrast).view_as(color)


def fold_edges(screen: Tensor, edges: EdgeTable) -> tuple[Tensor, Tensor]:
    """Mark the edges at which the projected surface folds over, or ends.

    Args:
        screen: (B, V, 2 or 3) screen positions; NaN behind the camera.
        edges: of the mesh.

    Returns:
        (B, E) bool, on the silhouette; (B, E) bool, the surface is on the left of the edge
        as it goes from its first to its second vertex.

    Source: Sander et al. 2000, "Silhouette clipping", section 3.
    """
    points = screen[..., :2].contiguous()
    start = points.index_select(1, edges.vertices[:, 0])
    direction = points.index_select(1, edges.vertices[:, 1]) - start
    first = _cross(direction, points.index_select(1, edges.opposite[:, 0]) - start)
    opposite = edges.opposite[:, 1].clamp(min=0)
    second = _cross(direction, points.index_select(1, opposite) - start)
    is_border = edges.opposite[:, 1] < 0
    is_fold = ((first >= 0) == (second >= 0)) & torch.isfinite(second)
    return (is_fold | is_border) & torch.isfinite(first), first >= 0


@dataclass(frozen=True)
class _Silhouette:
    """The silhouette edges of all pictures, one row each."""

    picture: Tensor
    start: Tensor
    end: Tensor
    """Vertices of the edge."""
    surface_is_left: Tensor


@dataclass(frozen=True)
class _Pairs:
    """Where silhouette edges pass between the centres of two neighbouring pixels."""

    edge: Tensor
    """Row of the silhouette."""
    inner: Tensor
    outer: Tensor
    """Flat pixel index of the pixel on the surface's side, and beyond the edge."""
    inner_is_first: Tensor
    """The inner pixel is the left or lower one."""
    along_y: Tensor
    """The two pixels stand above each other."""
    coverage: Tensor
    """Where the edge passes: 0 at the inner pixel's centre, 1 at the outer one's."""
    is_direct: Tensor
    """The edge crosses this pair's direction at more than 45°."""

    def select(self, rows: Tensor) -> "_Pairs":
        """The pairs at `rows`."""
        return _Pairs(**{name: value[rows] for name, value in vars(self).items()})


def _find_silhouette(screen: Tensor, edges: EdgeTable) -> _Silhouette:
    on_silhouette, is_left = fold_edges(screen, edges)
    picture, edge = on_silhouette.nonzero(as_tuple=True)
    ends = edges.vertices[edge]
    return _Silhouette(picture, ends[:, 0], ends[:, 1], is_left[picture, edge])


def _cross_pairs(screen: Tensor, silhouette: _Silhouette, rast: Tensor, along: int) -> _Pairs:
    """Walk the edges and collect the pixel pairs in which a visible one passes.

    Args:
        along: 0 for pairs of horizontal neighbours (edges are walked row by row), 1 for
            vertical neighbours (column by column).
    """
    _, height, width, _ = rast.shape
    lines, line_length = (height, width) if along == 0 else (width, height)
    start = screen[silhouette.picture, silhouette.start]
    end = screen[silhouette.picture, silhouette.end]
    across = 1 - along

    low = torch.minimum(start[:, across], end[:, across])
    high = torch.maximum(start[:, across], end[:, across])
    first = low.ceil().clamp(0, lines).long()
    count = (high.ceil().clamp(0, lines).long() - first).clamp(min=0)
    edge = torch.repeat_interleave(count)
    line = first[edge] + torch.arange(edge.numel(), device=edge.device)
    line = line - (count.cumsum(0) - count)[edge]

    rise, run = (end - start)[:, across], (end - start)[:, along]
    fraction = (line.to(rise.dtype) - start[edge, across]) / rise[edge]
    place = start[edge, along] + fraction * run[edge]
    depth = start[edge, 2] + fraction * (end - start)[edge, 2]

    before = place.floor()
    is_inside = (before >= 0) & (before < line_length - 1)
    edge, line, place, depth = edge[is_inside], line[is_inside], place[is_inside], depth[is_inside]
    before = before[is_inside].long()

    # Left of an edge that goes up is the smaller x; left of one that goes right, the larger y.
    left_is_first = (rise > 0) == (along == 0)
    inner_is_first = (silhouette.surface_is_left == left_is_first)[edge]
    row, column = (line, before) if along == 0 else (before, line)
    lower = (silhouette.picture[edge] * height + row) * width + column
    upper = lower + (1 if along == 0 else width)
    offset = place - before
    pairs = _Pairs(
        edge=edge,
        inner=torch.where(inner_is_first, lower, upper),
        outer=torch.where(inner_is_first, upper, lower),
        inner_is_first=inner_is_first,
        along_y=torch.full_like(inner_is_first, along == 1),
        coverage=torch.where(inner_is_first, offset, 1.0 - offset),
        is_direct=(rise.abs() >= run.abs())[edge],
    )
    return pairs.select(_is_visible(pairs, depth, rast))


def _is_visible(pairs: _Pairs, depth: Tensor, rast: Tensor) -> Tensor:
    """The inner pixel shows a surface, the outer one nothing or something behind the edge."""
    seen = rast.detach()[..., 2:].reshape(-1, 2)
    inner, outer = seen[pairs.inner], seen[pairs.outer]
    is_in_front = (inner[:, 1] != outer[:, 1]) & (depth < outer[:, 0])
    return (inner[:, 1] > 0) & ((outer[:, 1] == 0) | is_in_front)


def _outermost(pairs: _Pairs, pixel_count: int) -> _Pairs:
    """Keep one edge for each pixel pair: the one that the surface reaches farthest out with.

    A pair whose outermost edge runs along the pair is left to the pairs of the other
    direction.
    """
    pair = torch.minimum(pairs.inner, pairs.outer)
    farthest = torch.full((pixel_count,), -1.0, dtype=pairs.coverage.dtype, device=pair.device)
    farthest.scatter_reduce_(0, pair, pairs.coverage, "amax")
    is_farthest = pairs.coverage >= farthest[pair]
    order = torch.arange(pair.numel(), device=pair.device)
    first = torch.full((pixel_count,), pair.numel(), dtype=torch.int64, device=pair.device)
    first.scatter_reduce_(0, pair[is_farthest], order[is_farthest], "amin")
    return pairs.select((first[pair] == order) & pairs.is_direct)


def _concatenate(parts: list[_Pairs]) -> _Pairs:
    return _Pairs(
        **{name: torch.cat([vars(part)[name] for part in parts]) for name in vars(parts[0])}
    )


def _coverage(
    pos: Tensor, silhouette: _Silhouette, pairs: _Pairs, resolution: Resolution
) -> Tensor:
    """Where the edge passes between the two pixel centres, (P,), differentiable in `pos`."""
    height, width = resolution
    pixel = pairs.inner % (height * width)
    center = torch.stack([pixel % width, pixel // width], -1).to(pos.dtype)
    half = torch.tensor([0.5 * width, 0.5 * height], dtype=pos.dtype, device=pos.device)
    flat = pos.reshape(-1, 4)
    first_vertex = silhouette.picture[pairs.edge] * pos.shape[1]

    def place(vertex: Tensor) -> Tensor:
        """(P, 2) from the inner pixel's centre: along the pair, and across it."""
        corner = gather_rows(flat, first_vertex + vertex[pairs.edge])
        point = corner[:, :2] / corner[:, 3:] * half + (half - 0.5) - center
        return torch.where(pairs.along_y[:, None], point.flip(1), point)

    start, end = place(silhouette.start), place(silhouette.end)
    rise = end[:, 1] - start[:, 1]
    rise = rise + torch.where(rise < 0, -1e-4, 1e-4)  # rows are met by edges of any length
    crossing = start[:, 0] - start[:, 1] * (end[:, 0] - start[:, 0]) / rise
    return torch.where(pairs.inner_is_first, crossing, -crossing).clamp(0.0, 1.0)


def _cross(a: Tensor, b: Tensor) -> Tensor:
    return a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0]
