"""Which asset each point of the surface belongs to, voted by the photos' masks."""

from collections.abc import Mapping

import torch
from scipy.spatial import KDTree
from torch import Tensor

from album2avatar.body.skinning import skin_points
from album2avatar.body.types import CanonicalBody, PhotoPoses
from album2avatar.errors import AlbumError
from album2avatar.mesh.laplacian import uniform_laplacian
from album2avatar.mesh.normals import vertex_normals
from album2avatar.mesh.topology import edge_table
from album2avatar.mesh.types import Mesh
from album2avatar.render.camera import Cameras
from album2avatar.render.interpolate import interpolate
from album2avatar.render.rasterize import rasterize
from album2avatar.render.screen import to_clip, to_screen
from album2avatar.render.visibility_warp import face_ids

DEPTH_TOLERANCE = 0.01
"""Metres that a vertex may lie behind what its pixel shows and still count as seen: pixels
are finer than that on the person, and limbs are thicker."""
SMOOTHING_ROUNDS = 12
"""Rounds in which neighbours agree; each reaches one edge further, about 1 cm."""
NEIGHBOR_WEIGHT = 0.5
"""Weight of the neighbours' mean against one clear vote of the vertex's own."""


def label_surface(
    mesh: Mesh,
    body: CanonicalBody,
    poses: PhotoPoses,
    masks: Mapping[str, Tensor],
    asset_count: int,
) -> Tensor:
    """Name the asset of each vertex.

    Args:
        mesh: in the body's canonical pose.
        masks: photo to (H, W) int64, row 0 at the top: 0 background, i + 1 the i-th asset.

    Returns:
        (V,) int64, index of the asset.

    Raises:
        AlbumError: no mask shows any part of the surface.
    """
    weights = nearest_weights(mesh.vertices, body)
    votes = mesh.vertices.new_zeros(mesh.vertices.shape[0], asset_count)
    for index, photo in enumerate(poses.photos):
        if photo in masks:
            posed = skin_points(mesh.vertices, weights, poses.bone_transforms[index : index + 1])
            camera = Cameras(
                poses.cameras.world_to_view[index : index + 1],
                poses.cameras.vertical_fov[index : index + 1],
            )
            votes += vote(posed[0], mesh.faces, camera, masks[photo], asset_count)
    if not bool((votes > 0).any()):
        raise AlbumError(
            "The masks show nothing where the fitted body is in the photos. Check the masks of "
            "the segmentation and the previews of the fit; leave out photos that don't fit."
        )
    return spread_votes(votes, mesh)


def nearest_weights(points: Tensor, body: CanonicalBody) -> Tensor:
    """Skinning weights of the nearest vertex of the body's skin, (N, J)."""
    surface = body.parts["surface"].nonzero().squeeze(1)
    tree = KDTree(body.vertices[surface].cpu().numpy())
    _, nearest = tree.query(points.detach().cpu().numpy())
    return body.weights[surface[torch.as_tensor(nearest, device=surface.device)]]


def vote(posed: Tensor, faces: Tensor, camera: Cameras, mask: Tensor, asset_count: int) -> Tensor:
    """One photo's votes: its mask's asset where it sees a vertex, as far as seen face-on.

    Args:
        posed: (V, 3) vertices as they stand in the photo.
        camera: of the photo; one.
        mask: (H, W) int64, row 0 at the top.

    Returns:
        (V, asset_count) in 0..1.
    """
    height, width = mask.shape
    pos = to_clip(posed, camera.clip_from_world(width / height))
    rast = rasterize(pos, faces, (height, width), face_ids)
    depth = interpolate(pos[..., 3:].contiguous(), rast, faces)[0, ..., 0]
    screen = to_screen(pos, (height, width))[0]
    column, row = screen[:, :2].nan_to_num(-1.0).round().long().unbind(1)
    inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    column, row = column.clamp(0, width - 1), row.clamp(0, height - 1)
    covered = rast[0, row, column, 3] > 0
    in_front = pos[0, :, 3] < depth[row, column] + DEPTH_TOLERANCE
    label = mask[height - 1 - row, column]
    seen = inside & covered & in_front & (label > 0)

    eye = torch.linalg.inv(camera.world_to_view[0])[:3, 3]
    towards = torch.nn.functional.normalize(eye - posed, dim=-1)
    facing = (vertex_normals(posed, faces) * towards).sum(-1).clamp(min=0.0)
    votes = posed.new_zeros(posed.shape[0], asset_count + 1)
    votes[torch.arange(len(label)), label] = torch.where(seen, facing, 0.0)
    return votes[:, 1:]


def spread_votes(votes: Tensor, mesh: Mesh) -> Tensor:
    """Let neighbours agree and unseen vertices follow the nearest seen one.

    Args:
        votes: (V, K), not all zero.

    Returns:
        (V,) int64.
    """
    total = votes.sum(1, keepdim=True)
    seen = (total[:, 0] > 0).nonzero().squeeze(1)
    tree = KDTree(mesh.vertices[seen].cpu().numpy())
    _, nearest = tree.query(mesh.vertices.cpu().numpy())
    shares = votes / total.clamp(min=1e-9)
    opinion = shares[seen[torch.as_tensor(nearest, device=seen.device)]]
    confidence = total.clamp(max=1.0)
    edges = edge_table(mesh.faces)
    for _ in range(SMOOTHING_ROUNDS):
        around = opinion + uniform_laplacian(opinion, edges)
        opinion = (confidence * shares + NEIGHBOR_WEIGHT * around) / (confidence + NEIGHBOR_WEIGHT)
    return opinion.argmax(1)
