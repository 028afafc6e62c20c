"""How far the sheets of an attire reach off the body."""

import torch
from torch import Tensor

from album2avatar.attire.patterns import Attire
from album2avatar.body.surface import outer_surface
from album2avatar.body.types import CanonicalBody
from album2avatar.mesh.borders import border_edges
from album2avatar.mesh.normals import vertex_normals
from album2avatar.mesh.signed_distance import DistanceField
from album2avatar.mesh.types import Mesh

FACING = 0.5
"""Least cosine between a sheet's normal and the way from the body for the space below to be
filled: the space below a sleeve is, the space below a brim isn't."""

ON_RIM = 0.999
"""A closest point with more of a sheet's edge than this lies on it."""


class ClothField:
    """Signed distance to described cloth with what it covers.

    A sheet counts as solid down to the body where it follows it, else as thick as asked for; so it
    does at its hem, below which nothing is filled.
    """

    def __init__(self, attire: Attire, body: CanonicalBody) -> None:
        """
        Args:
            attire: on the CPU, as `body` is.
        """
        self._sheets = _compact(attire.cloth)
        self._normals = vertex_normals(self._sheets.vertices, self._sheets.faces)
        if self.is_empty:
            return
        below = DistanceField(outer_surface(body)).closest_signed(self._sheets.vertices)
        outward = torch.nn.functional.normalize(self._sheets.vertices - below.points, dim=1)
        follows = (self._normals * outward).sum(1) > FACING
        self._depth = torch.where(follows, below.signed_distance.clamp(min=0), 0.0)
        self._is_rim = torch.zeros_like(self._depth)
        self._is_rim[border_edges(self._sheets.faces)] = 1.0
        self._field = DistanceField(self._sheets)

    @property
    def is_empty(self) -> bool:
        """Whether words describe no cloth."""
        return len(self._sheets.faces) == 0

    def distance(self, points: Tensor, half: Tensor) -> Tensor:
        """Signed distance (N,), metres; infinite without cloth.

        Args:
            points: (N, 3) canonical, on any device.
            half: (N,) metres, half of what a sheet is thick at least.
        """
        if self.is_empty:
            return torch.full_like(half, torch.inf)
        places = points.cpu()
        closest = self._field.closest(places)
        is_behind = ((places - closest.points) * closest.interpolate(self._normals)).sum(1) < 0
        depth, rim = closest.interpolate(torch.stack([self._depth, self._is_rim], 1)).unbind(1)
        filled = torch.where(is_behind & (rim < ON_RIM), depth, 0.0).to(half.device)
        return closest.distance.to(half.device) - torch.maximum(filled, half)


def _compact(mesh: Mesh) -> Mesh:
    """The mesh without vertices that no face uses."""
    used, faces = mesh.faces.unique(return_inverse=True)
    return Mesh(mesh.vertices[used], faces)
