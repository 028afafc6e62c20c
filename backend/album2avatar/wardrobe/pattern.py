"""A garment's shape and colours, apart from the person who wore it.

The garment is cut out of its avatar, closed with lids, and kept together with the body that it
was worn on. Both bodies have the same template, so that it can be carried to another one.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from scipy import ndimage
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import KDTree
from torch import Tensor

from album2avatar.asset_table import load_asset_table
from album2avatar.assets import AssetKind
from album2avatar.body.storage import load_body
from album2avatar.body.surface import outer_surface
from album2avatar.mesh.borders import (
    border_loops,
    capped,
    compacted,
    face_pieces,
    without_pinched_vertices,
    without_small_pieces,
)
from album2avatar.mesh.signed_distance import DistanceField, SignedClosestPoints
from album2avatar.mesh.storage import StoredMesh, load_mesh
from album2avatar.mesh.topology import edge_table
from album2avatar.mesh.types import Mesh
from album2avatar.pictures import load_texture
from album2avatar.render.clean_texels import asset_texels
from album2avatar.tensor_files import damaged, read_tensors, write_tensors
from album2avatar.wardrobe.layers import HIDDEN_UNDER, TUCKED_INTO
from album2avatar.workspace import Workspace

LID, HIDDEN, SEEN, PLAIN = 0, 1, 2, 3
"""Classes of a pattern's faces: not cloth, cloth that nothing showed, cloth with its colours, cloth
of which only words are known."""
CRUMB = 24
"""Faces below which a loose piece of an asset is noise of the labels."""
SPECK = 0.15
"""Share of its largest piece below which another piece of an asset is noise, too."""
THINNEST = 0.003
"""Metres between the skin and cloth that is hidden."""
STANDS_OFF = 1.2
"""How much farther off the skin than a garment another one is that it is tucked into. Measured on
avatars in skirts (1.6 and 4.9) and in trousers and shorts (0.6 to 0.95)."""
_FILE_KIND = "garment pattern"


@dataclass(frozen=True)
class Pattern:
    """One garment around the body that wore it, in the canonical pose."""

    body_kind: str
    body: Tensor
    """(V, 3) float32 metres, all vertices of that body's template."""
    solid: Mesh
    """Closed: the garment's outer surface with lids over its openings."""
    face_class: Tensor
    """(F,) uint8: `LID`, `HIDDEN`, `SEEN` or `PLAIN`."""
    corner_uv: Tensor
    """(F, 3, 2) float32 into `albedo`; 0 where a face is not seen."""
    albedo: Tensor
    """(H, W, 3) uint8 sRGB, row 0 at v = 0; nothing but the garment's colours."""


def extract_pattern(avatar: Workspace, kind: AssetKind) -> Pattern | None:
    """Cut a garment out of a finished avatar.

    Returns:
        None where the kind is not among those that can be swapped, or the avatar shows nothing of
        it.

    Raises:
        WorkspaceError: the avatar is not finished, or a file is damaged.
    """
    kinds: list[AssetKind] = [asset.kind for asset in load_asset_table(avatar).assets]
    if kind not in HIDDEN_UNDER or kind not in kinds:
        return None
    painted, body = load_mesh(avatar.painted), load_body(avatar.body)
    assets = painted.extras["face_asset"]
    seen = _large_pieces(painted.mesh, assets == kinds.index(kind))
    if not bool(seen.any()):
        return None
    closest = DistanceField(outer_surface(body)).closest_signed(painted.mesh.vertices)
    reaches = _reaches(HIDDEN_UNDER[kind], kinds)
    hidden = _hidden_faces(painted.mesh, seen, assets, reaches)
    for asset, reach in _reaches(TUCKED_INTO.get(kind, {}), kinds).items():
        hidden |= _tucked_faces(painted.mesh, seen, assets, asset, reach, closest.signed_distance)
    mesh = Mesh(_inset(painted.mesh, seen, hidden, closest), painted.mesh.faces)
    chosen = without_pinched_vertices(mesh.faces, seen | hidden)
    if not bool((chosen & seen).any()):
        return None
    piece = compacted(mesh, chosen)[0]
    closed = capped(piece, border_loops(piece.faces))
    classes = _classes(seen[chosen], closed.lid)
    albedo = _own_texels(painted, seen & chosen, kinds.index(kind), load_texture(avatar.albedo))
    return Pattern(
        body.kind,
        body.vertices,
        closed.mesh,
        classes,
        _corner_uv(painted, chosen, classes),
        (albedo * 255).round().to(torch.uint8),
    )


def save_pattern(path: Path, pattern: Pattern) -> None:
    """Write a pattern atomically; its texture is kept as PNG."""
    file = io.BytesIO()
    Image.fromarray(pattern.albedo.numpy()).save(file, "PNG")
    tensors = {
        "body": pattern.body.float(),
        "vertices": pattern.solid.vertices.float(),
        "faces": pattern.solid.faces.long(),
        "face_class": pattern.face_class,
        "corner_uv": pattern.corner_uv.float(),
        "albedo_png": torch.from_numpy(np.frombuffer(file.getvalue(), np.uint8).copy()),
    }
    write_tensors(path, _FILE_KIND, tensors, {"body_kind": pattern.body_kind})


def load_pattern(path: Path) -> Pattern:
    """Read what `save_pattern` wrote.

    Raises:
        WorkspaceError: the file is missing, damaged, or holds something else.
    """
    tensors, header = read_tensors(path, _FILE_KIND)
    try:
        encoded = io.BytesIO(tensors["albedo_png"].numpy().tobytes())
        with Image.open(encoded, formats=("PNG",)) as image:
            albedo = torch.from_numpy(np.array(image.convert("RGB")))
        return Pattern(
            str(header["body_kind"]),
            tensors["body"],
            Mesh(tensors["vertices"], tensors["faces"]),
            tensors["face_class"],
            tensors["corner_uv"],
            albedo,
        )
    except (KeyError, OSError, ValueError, SyntaxError) as error:
        raise damaged(path, error) from error


def _large_pieces(mesh: Mesh, faces: Tensor) -> Tensor:
    """Faces (F,) bool in pieces of a sensible size: shoes are two, specks are noise."""
    if not bool(faces.any()):
        return faces
    largest = int(torch.bincount(face_pieces(mesh.faces[faces])).max())
    return without_small_pieces(mesh.faces, faces, max(CRUMB, int(SPECK * largest)))


def _reaches(table: Mapping[AssetKind, float], kinds: list[AssetKind]) -> dict[int, float]:
    """Index of each asset that hides the garment to how far it goes on below it, metres."""
    return {kinds.index(kind): reach for kind, reach in table.items() if kind in kinds}


def _hidden_faces(mesh: Mesh, seen: Tensor, assets: Tensor, reaches: Mapping[int, float]) -> Tensor:
    """(F,) bool, faces of other assets below which the garment goes on."""
    hidden = torch.zeros_like(seen)
    for asset, reach in reaches.items():
        own = assets == asset
        away = _along(mesh, own, seen, reach)
        hidden |= own & away.isfinite()[mesh.faces].all(1)
    return hidden


def _along(mesh: Mesh, own: Tensor, start: Tensor, limit: float) -> Tensor:
    """(V,) metres along edges of own faces (F,) bool from start faces (F,); inf past the limit."""
    count = len(mesh.vertices)
    if not bool(own.any()) or not bool(start.any()):
        return torch.full((count,), torch.inf)
    edges = edge_table(mesh.faces[own]).vertices
    length = (mesh.vertices[edges[:, 0]] - mesh.vertices[edges[:, 1]]).norm(dim=1)
    graph = coo_matrix((length.numpy(), (edges[:, 0].numpy(), edges[:, 1].numpy())), (count,) * 2)
    indices = mesh.faces[start].unique().numpy()
    distance = dijkstra(graph, directed=False, indices=indices, limit=limit, min_only=True)
    return torch.from_numpy(np.asarray(distance))


def _tucked_faces(
    mesh: Mesh, seen: Tensor, assets: Tensor, other: int, reach: float, off_skin: Tensor
) -> Tensor:
    """(F,) bool, faces of another asset within `reach` metres, if that one stands off the body.

    They are divided among all that goes on below it: an open jacket stays open there.

    Args:
        off_skin: (V,) metres.
    """
    own = assets == other
    mine, theirs = (_along(mesh, own, faces, reach) for faces in (seen, ~(own | seen)))
    over = own & (mine.isfinite() & (mine <= theirs))[mesh.faces].all(1)
    beside = seen & _along(mesh, seen, own, reach).isfinite()[mesh.faces].all(1)
    if not bool(over.any()) or not bool(beside.any()):
        return torch.zeros_like(seen)
    usual = off_skin[mesh.faces[beside].unique()].median().clamp(min=THINNEST)
    stands_off = off_skin[mesh.faces[over].unique()].median() > STANDS_OFF * usual
    return over & stands_off


def _inset(mesh: Mesh, seen: Tensor, hidden: Tensor, closest: SignedClosestPoints) -> Tensor:
    """Vertices (V, 3) with hidden cloth laid as near to the skin as the seen cloth usually is."""
    if not bool(hidden.any()):
        return mesh.vertices
    away = closest.signed_distance
    usual = away[mesh.faces[seen].unique()].median().clamp(min=THINNEST)
    only_hidden = torch.zeros(len(mesh.vertices), dtype=torch.bool)
    only_hidden[mesh.faces[hidden].unique()] = True
    only_hidden[mesh.faces[seen].unique()] = False
    share = (torch.minimum(away, usual).clamp(min=THINNEST) / away.clamp(min=1e-6))[:, None]
    nearer = closest.points + share * (mesh.vertices - closest.points)
    return torch.where((only_hidden & (away > usual))[:, None], nearer, mesh.vertices)


def _classes(seen: Tensor, lid: Tensor) -> Tensor:
    classes = torch.full_like(lid, LID, dtype=torch.uint8)
    classes[: len(seen)] = torch.where(seen, SEEN, HIDDEN).to(torch.uint8)
    return classes


def _corner_uv(painted: StoredMesh, chosen: Tensor, face_class: Tensor) -> Tensor:
    """(F, 3, 2) of the solid: the avatar's own on seen faces, else 0."""
    assert painted.uv is not None  # the paint stage always writes one
    count = int(chosen.sum())
    corner_uv = torch.zeros(len(face_class), 3, 2)
    own = painted.uv.coordinates[painted.uv.faces[chosen]]
    corner_uv[:count] = torch.where((face_class[:count] == SEEN)[:, None, None], own, 0.0)
    return corner_uv


def _own_texels(painted: StoredMesh, chosen: Tensor, asset: int, texture: Tensor) -> Tensor:
    """The texture (H, W, 3) where it shows the asset; elsewhere the nearest of these colours.

    Near a border texels may have both assets' colours, and take the nearest clean ones on the
    surface. What the texture shows of other assets doesn't leave the avatar.
    """
    found = asset_texels(painted, (texture.shape[0], texture.shape[1]))
    covered, of_face = found.texels.covered, found.texels.rast[0, ..., 3].long() - 1
    own = _narrowed(chosen[of_face[covered]], found.assets == asset)
    clean = _narrowed(own, found.clean)
    nearest = KDTree(found.points[clean].numpy()).query(found.points[own].numpy())[1]
    colors = texture[covered]
    colors[own] = colors[clean][torch.as_tensor(nearest)]
    own_places = torch.zeros_like(covered)
    own_places[covered] = own
    result = texture.clone()
    result[covered] = colors
    place = ndimage.distance_transform_edt(
        ~own_places.numpy(), return_distances=False, return_indices=True
    )
    row, column = torch.as_tensor(place).long()
    return result[row, column]


def _narrowed(chosen: Tensor, wanted: Tensor) -> Tensor:
    """What is both (N,) bool, or what is chosen where nothing is both."""
    both = chosen & wanted
    return both if bool(both.any()) else chosen
