"""The finished surface's UV map, cut along the parts of the body."""

from collections.abc import Callable

from torch import Tensor

from album2avatar.body.chart_regions import chart_regions
from album2avatar.body.types import CanonicalBody
from album2avatar.mesh.atlas import lay_flat
from album2avatar.mesh.chart_labels import chart_labels
from album2avatar.mesh.storage import check_mesh
from album2avatar.mesh.types import Mesh, UvMap
from album2avatar.render.square_packing import pack_into_square

LEAST_ISLAND = 0.004
"""Square metres below which a piece of a region goes to the one around it; a sole has five times
as much."""
PADDING = 3
"""Empty texels between two charts, so that filtering doesn't bleed between them."""


def unwrap_body(
    mesh: Mesh, mate: Tensor, body: CanonicalBody, texture_size: int, poll: Callable[[], None]
) -> UvMap:
    """Cut a surface around a body as an artist would, and pack it into the unit square.

    Args:
        mesh: closed, in the body's rest pose.
        mate: (F,) int64, triangles that are quads together; see `mesh.quads`.
        texture_size: texels of the texture's side.
        poll: called often; raises to stop.

    Raises:
        MeshError: the mesh breaks a rule, or the texture is too small for its charts.
    """
    check_mesh(mesh, "the UV unwrapping")
    here = mesh.vertices.device
    mesh, mate = mesh.to("cpu"), mate.cpu()
    regions = chart_regions(mesh, body)
    labels = chart_labels(mesh, mate, regions.scores, regions.shows, LEAST_ISLAND, poll)
    charts = lay_flat(mesh, mate, labels, regions.shows, poll)
    uv = pack_into_square(charts.scaled(regions.density), texture_size, PADDING, poll)
    return UvMap(uv.coordinates.to(here), uv.faces.to(here))
