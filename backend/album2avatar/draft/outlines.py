"""How far the surface's outline is from the mask's, photo by photo."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from album2avatar.mesh.normals import face_vectors
from album2avatar.mesh.topology import EdgeTable
from album2avatar.render.camera import Cameras
from album2avatar.render.images import to_image
from album2avatar.render.rasterize import rasterize
from album2avatar.render.screen import to_clip, to_screen
from album2avatar.render.visibility_warp import face_ids

OUTWARD_REACH = 0.12
"""Metres outside of the surface within which the mask's outline is looked for."""
INWARD_REACH = 0.04
"""Metres inside of it. The body is under the clothes; what is missing more is a pose's error."""
STEP = 0.0025
"""Metres between two looks on the way; about half a pixel."""
BESIDE = 2.0
"""Pixels outside of the outline at which the drawn surface must have ended."""
LEAST_SLOPE = 0.5
"""A direction that leads towards the camera rather than across the picture tells nothing."""
_EPSILON = 0.001


@dataclass(frozen=True)
class OutlineGaps:
    """Where one photo shows how far the surface's outline should move."""

    vertices: Tensor
    """(N,) int64."""
    gaps: Tensor
    """(N,) metres along the vertex's direction to the mask's outline, positive outwards."""
    slopes: Tensor
    """(N, 2) metres right and up in the camera's frame for a metre along the direction."""

    def select(self, rows: Tensor) -> "OutlineGaps":
        """Some of them, by (N,) bool."""
        return OutlineGaps(self.vertices[rows], self.gaps[rows], self.slopes[rows])


def measure_gaps(
    posed: Tensor,
    directions: Tensor,
    faces: Tensor,
    edges: EdgeTable,
    camera: Cameras,
    mask: Tensor,
) -> OutlineGaps:
    """Look from the surface's outline outwards and inwards for the outline of the mask.

    Args:
        posed: (V, 3) vertices as they stand in the photo.
        directions: (V, 3) unit, in which each of them may move.
        faces: (F, 3) counter-clockwise seen from outside.
        edges: of the faces.
        camera: of the photo; one.
        mask: (H, W) float 0..1, how much of each pixel the person covers, row 0 at the top.
    """
    size = (mask.shape[0], mask.shape[1])
    clip = camera.clip_from_world(size[1] / size[0])
    drawn = rasterize(to_clip(posed, clip), faces, size, face_ids)[0, ..., 3] > 0
    rim = _rim_vertices(posed, faces, edges, camera)
    place, along = _on_screen(posed[rim], directions[rim], clip, size)
    slopes = directions[rim] @ camera.world_to_view[0, :2, :3].T
    beside = place + BESIDE * F.normalize(along, dim=-1)
    is_outer = (_read(drawn.float(), beside, 1.0) < 0.5) & (slopes.norm(dim=-1) > LEAST_SLOPE)
    rim, place, along, slopes = rim[is_outer], place[is_outer], along[is_outer], slopes[is_outer]
    reach = torch.arange(-INWARD_REACH, OUTWARD_REACH, STEP)
    looks = place[:, None] + reach[:, None] * along[:, None]
    shown = _read(to_image(mask[None, ..., None])[0, ..., 0], looks, torch.nan)
    # Beyond the next limb the outline is that limb's.
    far = reach * along.norm(dim=-1, keepdim=True) > BESIDE
    others = (_read(drawn.float(), looks, 0.0) > 0.5) & far
    gaps = _crossings(torch.where(others.cumsum(1) > 0, torch.nan, shown), reach)
    found = gaps.isfinite()
    return OutlineGaps(rim[found], gaps[found], slopes[found])


def _rim_vertices(posed: Tensor, faces: Tensor, edges: EdgeTable, camera: Cameras) -> Tensor:
    """(N,) int64, vertices of edges at which the surface turns away from the camera."""
    eye = torch.linalg.inv(camera.world_to_view[0])[:3, 3]
    towards = ((eye - posed[faces[:, 0]]) * face_vectors(posed, faces)).sum(-1) > 0
    folds = (edges.faces[:, 1] >= 0) & (towards[edges.faces[:, 0]] != towards[edges.faces[:, 1]])
    return edges.vertices[folds].unique()


def _on_screen(
    points: Tensor, directions: Tensor, clip: Tensor, size: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """Pixels (N, 2), y upwards, and pixels per metre along the directions (N, 2)."""
    place = to_screen(to_clip(points, clip), size)[0, :, :2].nan_to_num(-9.0)
    moved = to_screen(to_clip(points + _EPSILON * directions, clip), size)[0, :, :2]
    return place, (moved.nan_to_num(-9.0) - place) / _EPSILON


def _read(rows: Tensor, places: Tensor, outside: float) -> Tensor:
    """Bilinear values (...) of a picture (H, W), row 0 at the bottom, at pixels (..., 2)."""
    height, width = rows.shape
    scale = torch.tensor([2.0 / width, 2.0 / height])
    grid = (places + 0.5) * scale - 1.0
    inside = (grid.abs() < 1).all(-1)
    flat = grid.reshape(1, 1, -1, 2)
    found = F.grid_sample(rows[None, None], flat, padding_mode="border", align_corners=False)
    return torch.where(inside, found.reshape(inside.shape), outside)


def _crossings(shown: Tensor, reach: Tensor) -> Tensor:
    """Where the mask ends on each line, (N,); NaN where that is beyond the picture or out of reach.

    Args:
        shown: (N, K) mask along the lines, NaN where nothing is known.
        reach: (K,) metres, ascending, 0 among them.
    """
    start = int(reach.abs().argmin())
    outward = _first_below(shown[:, start:], reach[start:])
    inward = _first_below(1 - shown[:, : start + 1].flip(1), reach[: start + 1].flip(0))
    return torch.where(shown[:, start] > 0.5, outward, inward)


def _first_below(values: Tensor, reach: Tensor) -> Tensor:
    """Where values (N, K) first fall below a half, (N,); NaN where an unknown comes before."""
    ends = (values < 0.5) | values.isnan()
    index = ends.float().argmax(1)
    found = ends.any(1) & (index > 0)
    index = index.clamp(min=1)
    here = values.gather(1, index[:, None])[:, 0]
    before = values.gather(1, index[:, None] - 1)[:, 0]
    share = ((before - 0.5) / (before - here)).clamp(0, 1)
    place = reach[index - 1] + share * (reach[index] - reach[index - 1])
    return torch.where(found & ~here.isnan() & ~before.isnan(), place, torch.nan)
