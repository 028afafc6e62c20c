"""What the album's photos show of the sculpted surface."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from scipy.spatial import KDTree
from torch import Tensor
from torch.nn import functional as F

from album2avatar.attire.patterns import Attire
from album2avatar.body.skinning import skin_points
from album2avatar.body.types import CanonicalBody, PhotoPoses
from album2avatar.errors import AlbumError
from album2avatar.mesh.normals import vertex_normals
from album2avatar.mesh.signed_distance import DistanceField
from album2avatar.mesh.types import Mesh
from album2avatar.render.camera import Cameras
from album2avatar.render.interpolate import interpolate
from album2avatar.render.rasterize import rasterize
from album2avatar.render.screen import to_clip, to_screen
from album2avatar.render.visibility_warp import face_ids

DEPTH_TOLERANCE = 0.01
"""Metres that a vertex may lie behind what its pixel shows and still count as seen: pixels
are finer than that on the person, and limbs are thicker."""
BORDER = 2
"""Pixels beside another asset's whose colour is not believed: fit and mask are no better."""

OUTER = 0.01
"""Metres off the surface at which described sheets are looked for: the outermost is seen."""
NEAR_SHEET = 0.03
"""Metres from a described sheet within which the surface is that sheet's."""


@dataclass(frozen=True)
class MaskedPhoto:
    """One photo of the album with its assets."""

    image: Tensor
    """(H, W, 3) sRGB 0..1, row 0 at the top."""
    mask: Tensor
    """(H, W) int64: 0 background, i + 1 the i-th asset."""


@dataclass(frozen=True)
class Observation:
    """One photo at each vertex of the mesh."""

    asset: Tensor
    """(V,) int64, -1 where the photo doesn't show the vertex, or shows no asset there."""
    facing: Tensor
    """(V,) cosine between surface and line of sight, 0..1; 0 where `asset` is -1."""
    color: Tensor
    """(V, 3) sRGB of the pixel."""
    is_inner: Tensor
    """(V,) bool, no other asset is near the pixel, so that its colour can be believed."""


def observe_photos(
    mesh: Mesh, body: CanonicalBody, poses: PhotoPoses, photos: Mapping[str, MaskedPhoto]
) -> list[Observation]:
    """Look each vertex up in each photo, where it stands in it.

    Args:
        mesh: in the body's canonical pose.
        photos: by name; photos without a pose are left out.

    Raises:
        AlbumError: there are photos, but none shows any part of the surface.
    """
    weights = nearest_weights(mesh.vertices, body)
    found: list[Observation] = []
    for index, name in enumerate(poses.photos):
        if name in photos:
            posed = skin_points(mesh.vertices, weights, poses.bone_transforms[index : index + 1])
            found.append(observe(posed[0], mesh.faces, poses.cameras.at(index), photos[name]))
    if photos and not any(bool((seen.facing > 0).any()) for seen in found):
        raise AlbumError(
            "The masks show nothing where the fitted body is in the photos. Check the masks of "
            "the segmentation and the previews of the fit; leave out photos that don't fit."
        )
    return found


def observe_attire(mesh: Mesh, attire: Attire) -> Observation:
    """What words say of each vertex: the described asset that lies there, without a colour.

    Args:
        mesh: in the body's canonical pose.
    """
    normals = vertex_normals(mesh.vertices, mesh.faces)
    closest = DistanceField(attire.mesh).closest(mesh.vertices + OUTER * normals)
    is_near = closest.distance < NEAR_SHEET
    asset = torch.where(is_near, attire.vertex_asset[closest.nearest_vertex()], -1)
    return Observation(
        asset=asset,
        facing=(asset >= 0).to(mesh.vertices.dtype),
        color=torch.zeros_like(mesh.vertices),
        is_inner=torch.zeros_like(asset, dtype=torch.bool),
    )


def with_attire(seen: Sequence[Observation], mesh: Mesh, attire: Attire) -> list[Observation]:
    """What photos and words show; photos don't see what words lay over it."""
    if attire.is_empty:
        return list(seen)
    described = observe_attire(mesh, attire)
    is_bare = described.asset < 0
    left = [
        replace(
            photo,
            asset=torch.where(is_bare, photo.asset, -1),
            facing=photo.facing * is_bare,
            is_inner=photo.is_inner & is_bare,
        )
        for photo in seen
    ]
    return [*left, described]


def nearest_weights(points: Tensor, body: CanonicalBody) -> Tensor:
    """Skinning weights of the nearest vertex of the body's skin, (N, J)."""
    return body.weights[nearest_skin(points, body)]


def nearest_skin(points: Tensor, body: CanonicalBody) -> Tensor:
    """The vertex of the body's skin that is nearest to each point, (N,) int64."""
    surface = body.parts["surface"].nonzero().squeeze(1)
    tree = KDTree(body.vertices[surface].cpu().numpy())
    _, nearest = tree.query(points.detach().cpu().numpy())
    return surface[torch.as_tensor(nearest, device=surface.device)]


def observe(posed: Tensor, faces: Tensor, camera: Cameras, photo: MaskedPhoto) -> Observation:
    """Look each vertex up in one photo.

    Args:
        posed: (V, 3) vertices as they stand in the photo.
        camera: of the photo; one.
    """
    height, width = photo.mask.shape
    pos = to_clip(posed, camera.clip_from_world(width / height))
    rast = rasterize(pos, faces, (height, width), face_ids)
    depth = interpolate(pos[..., 3:].contiguous(), rast, faces)[0, ..., 0]
    screen = to_screen(pos, (height, width))[0]
    column, row = screen[:, :2].nan_to_num(-1.0).round().long().unbind(1)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    column, row = column.clamp(0, width - 1), row.clamp(0, height - 1)
    covered = rast[0, row, column, 3] > 0
    in_front = pos[0, :, 3] < depth[row, column] + DEPTH_TOLERANCE
    line = height - 1 - row
    label = photo.mask[line, column]
    seen = inside & covered & in_front & (label > 0)

    eye = torch.linalg.inv(camera.world_to_view[0])[:3, 3]
    towards = F.normalize(eye - posed, dim=-1)
    facing = (vertex_normals(posed, faces) * towards).sum(-1).clamp(min=0.0)
    return Observation(
        asset=torch.where(seen, label - 1, -1),
        facing=torch.where(seen, facing, 0.0),
        color=photo.image[line, column],
        is_inner=seen & _inner_pixels(photo.mask)[line, column],
    )


def _inner_pixels(mask: Tensor) -> Tensor:
    """(H, W) bool: all pixels within BORDER have the same asset."""
    values = mask.float()[None, None]
    window = 2 * BORDER + 1
    highest = F.max_pool2d(values, window, 1, BORDER)
    lowest = -F.max_pool2d(-values, window, 1, BORDER)
    return (highest == lowest)[0, 0]
