"""The body's outer surface as one closed mesh."""

import torch
from torch import Tensor

from album2avatar.body.types import CanonicalBody
from album2avatar.mesh.borders import border_edges
from album2avatar.mesh.linked import linked_pieces
from album2avatar.mesh.types import Mesh


def outer_surface(body: CanonicalBody) -> Mesh:
    """The skin as one watertight mesh: eye sockets and mouth are closed at their rims.

    An opening is closed by a fan around a new vertex, which lies on the eyeball where there
    is one in it, so that the eyes keep their bulge.

    Returns:
        The mesh. Its first vertices are `body.vertices[body.parts["surface"]]` in order;
        the fans' centres follow.
    """
    surface = body.parts["surface"]
    faces = body.faces[surface[body.faces].all(-1)]
    renumber = surface.long().cumsum(0) - 1
    faces, vertices = renumber[faces], body.vertices[surface]
    rims = border_edges(faces)
    if len(rims) == 0:
        return Mesh(vertices, faces)
    opening = _openings(rims, len(vertices))
    eyes = [body.vertices[body.parts[name]] for name in ("eye.L", "eye.R")]
    centres = [
        _fan_centre(vertices[rims[opening == index].unique()], eyes)
        for index in range(int(opening.max()) + 1)
    ]
    apexes = (len(vertices) + opening)[:, None]
    fans = torch.cat([rims.flip(-1), apexes], -1)
    return Mesh(torch.cat([vertices, torch.stack(centres)]), torch.cat([faces, fans]))


def nearest_body_vertices(body: CanonicalBody, surface: Mesh) -> Tensor:
    """(V,) int64, the vertex of `body` that each of its `outer_surface` is, or is nearest to."""
    skin = body.parts["surface"].nonzero().squeeze(1)
    added = surface.vertices[len(skin) :]
    nearest = torch.cdist(added, body.vertices[skin]).argmin(dim=1)
    return torch.cat([skin, skin[nearest]])


def _openings(rims: Tensor, vertex_count: int) -> Tensor:
    """(E,) number of the opening that each rim edge belongs to."""
    pieces = torch.from_numpy(linked_pieces(rims.cpu().numpy(), vertex_count)).to(rims.device)
    labels = pieces[rims[:, 0]]
    return labels.unique(return_inverse=True)[1]


def _fan_centre(rim: Tensor, eyes: list[Tensor]) -> Tensor:
    """Middle of an opening, or the foremost point of the eyeball that fills it."""
    middle = rim.mean(0)
    radius = (rim - middle).norm(dim=-1).max()
    for eye in eyes:
        if len(eye) > 0 and (eye.mean(0) - middle).norm() < radius:
            return eye[eye[:, 1].argmin()]
    return middle
