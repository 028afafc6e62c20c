"""The usual antialiasing rule, written from its paper, as a peer to compare with.

Laine et al. 2020, "Modular primitives for high-performance differentiable rendering",
section 3.6: each pair of neighbouring pixels with different faces looks at the nearer of
the two faces; if one of that face's own edges is on the silhouette and passes between the
two pixel centres, the pair is blended by where it passes.
"""

import torch
from torch import Tensor

from album2avatar.mesh.topology import EdgeTable
from album2avatar.render.antialias import fold_edges
from album2avatar.render.screen import to_screen


def antialias_visible_triangles(
    color: Tensor, rast: Tensor, pos: Tensor, tri: Tensor, edges: EdgeTable
) -> Tensor:
    """Arguments and result as in `render.antialias.antialias`."""
    batch, height, width, channels = color.shape
    screen = to_screen(pos, (height, width))
    on_silhouette, _ = fold_edges(screen.detach(), edges)
    edge_of_face = _edges_of_faces(edges, tri)
    flat, seen = color.reshape(-1, channels), rast.detach()[..., 2:].reshape(-1, 2)
    index = torch.arange(batch * height * width).view(batch, height, width)
    result = flat
    for along, step in ((0, 1), (1, width)):
        first = index[:, :, :-1].reshape(-1) if along == 0 else index[:, :-1].reshape(-1)
        first = first[seen[first, 1] != seen[first + step, 1]]
        second = first + step
        one, two = seen[first], seen[second]
        first_is_near = (one[:, 1] > 0) & ((two[:, 1] == 0) | (one[:, 0] < two[:, 0]))
        near = torch.where(first_is_near, first, second)
        picture = near // (height * width)
        pixel = near % (height * width)
        center = torch.stack([pixel % width, pixel // width], -1)
        found = torch.zeros_like(first_is_near)
        for slot in range(3):
            edge = edge_of_face[seen[near, 1].long() - 1, slot]
            ends = screen[picture[:, None], edges.vertices[edge], :2] - center[:, None]
            across, q = ends[..., 1 - along], ends[..., along]
            rise = across[:, 1] - across[:, 0]
            crossing = q[:, 0] - across[:, 0] * (q[:, 1] - q[:, 0]) / torch.where(
                rise == 0, 1e-6, rise
            )
            coverage = torch.where(first_is_near, crossing, -crossing)
            between = (across[:, 0] * across[:, 1] <= 0) & (coverage >= 0) & (coverage <= 1)
            steep = rise.abs() >= (q[:, 1] - q[:, 0]).abs()
            rows = (on_silhouette[picture, edge] & between & steep & ~found).nonzero().squeeze(1)
            found[rows] = True
            inner = near[rows]
            outer = torch.where(first_is_near, second, first)[rows]
            share = coverage[rows]
            blended = torch.where(share.detach() > 0.5, outer, inner)
            contrast = flat[inner] - flat[outer]
            result = result.index_add(0, blended, (share - 0.5)[:, None] * contrast)
    return result.view_as(color)


def _edges_of_faces(edges: EdgeTable, faces: Tensor) -> Tensor:
    """(F, 3) index of each face's edges."""
    stride = int(faces.max()) + 1
    keys = edges.vertices[:, 0] * stride + edges.vertices[:, 1]
    ends = torch.stack([faces[:, [1, 2]], faces[:, [2, 0]], faces[:, [0, 1]]], 1)
    return torch.searchsorted(keys, ends.amin(2) * stride + ends.amax(2))
