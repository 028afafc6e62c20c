"""The charts of a UV map."""

from dataclasses import dataclass

from torch import Tensor

from album2avatar.mesh.borders import face_pieces
from album2avatar.mesh.types import UvMap


@dataclass(frozen=True)
class Chart:
    """One connected piece of a UV map."""

    corners: Tensor
    """(T,) int64, its rows in the coordinates."""
    faces: Tensor
    """(F, 3) int64 into `corners`."""


def find_charts(uv: UvMap) -> list[Chart]:
    """The connected pieces of a UV map, the largest first."""
    piece = face_pieces(uv.faces)
    charts: list[Chart] = []
    for number in piece.unique().tolist():
        corners, faces = uv.faces[piece == number].unique(return_inverse=True)
        charts.append(Chart(corners, faces))
    return sorted(charts, key=lambda chart: -_area(uv, chart))


def _area(uv: UvMap, chart: Chart) -> float:
    return float(flat_areas(UvMap(uv.coordinates[chart.corners], chart.faces)).sum())


def flat_areas(uv: UvMap) -> Tensor:
    """(F,) area of each face in the texture."""
    a, b, c = uv.coordinates[uv.faces].unbind(1)
    (x1, y1), (x2, y2) = (b - a).unbind(1), (c - a).unbind(1)
    return (x1 * y2 - x2 * y1).abs() / 2
