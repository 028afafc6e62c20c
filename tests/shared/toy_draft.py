"""A pillar of a person with hands and a face, dressed or not, and photos of it from all around."""

import functools
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from album2avatar.asset_table import save_asset_table, save_mask
from album2avatar.assets import Asset, AssetTable, PhotoLabels, view_of_azimuth
from album2avatar.body.storage import save_body, save_poses
from album2avatar.body.types import CanonicalBody, PhotoPoses
from album2avatar.mesh.normals import vertex_normals
from album2avatar.mesh.types import Mesh
from album2avatar.render.camera import Cameras, orbit
from album2avatar.render.images import area_downsample, to_image
from album2avatar.render.interpolate import interpolate
from album2avatar.render.shading import draw, render_mask
from album2avatar.render.visibility_warp import face_ids
from album2avatar.workspace import Workspace
from toy_person import egg, egg_body

ASSETS = (
    Asset(kind="hair", name="hair", token="<asset0>"),
    Asset(kind="top", name="shirt", token="<asset1>"),
)
HEIGHT, WIDTH = 192, 144
SHIRT_ENDS = 0.9
"""Metres; above it is hair."""
WHOLE = torch.tensor([0.0, 0.0, 0.85])


@functools.cache
def body(subdivisions: int = 4) -> CanonicalBody:
    """1.7 m tall; hands at its sides in the middle, a face in front at the top."""
    mesh = egg(subdivisions)
    plain = egg_body(mesh)
    none = torch.zeros(len(mesh.vertices), dtype=torch.bool)
    x, y, z = mesh.vertices.unbind(1)
    middle = (z - 0.85).abs() < 0.12
    parts = plain.parts | {
        "hand.L": middle & (x > 0.24),
        "hand.R": middle & (x < -0.24),
        "head": z > 1.4,
        "face": (z > 1.4) & (z < 1.55) & (y < 0),
        "foot.L": none,
        "foot.R": none,
    }
    return replace(plain, parts=parts)


@functools.cache
def body_with_uv(subdivisions: int) -> CanonicalBody:
    """The same with a UV map of its own: every face is a chart."""
    person = body(subdivisions)
    coordinates, faces = grid_of_charts(len(person.faces))
    return replace(person, uv_coordinates=coordinates, uv_faces=faces)


def grid_of_charts(count: int) -> tuple[Tensor, Tensor]:
    """Coordinates (3 * count, 2) and faces (count, 3) of triangles in the cells of a grid."""
    side = math.ceil(math.sqrt(count))
    cell = torch.arange(count)
    corner = torch.stack([cell % side, cell // side], 1)[:, None]
    inside = torch.tensor([[0.1, 0.1], [0.9, 0.1], [0.1, 0.9]])
    return ((corner + inside) / side).reshape(-1, 2), torch.arange(3 * count).reshape(-1, 3)


def poses(azimuths: Sequence[float], shift: float = 0.0) -> PhotoPoses:
    """Photos from all around, in which the pose is thought to be `shift` metres too far right."""
    angles = torch.tensor(list(azimuths)) * math.pi / 180
    count = len(angles)
    cameras = orbit(
        angles, torch.zeros(count), WHOLE.repeat(count, 1), torch.full((count,), 2.1), 0.5
    )
    transforms = torch.eye(4).repeat(count, 1, 1, 1)
    transforms[:, 0, :3, 3] = shift * cameras.world_to_view[:, 0, :3]
    names = tuple(f"photo{index}" for index in range(count))
    return PhotoPoses(names, transforms, cameras, torch.tensor([[HEIGHT, WIDTH]] * count))


def dressed(thickness: float, low: float = 0.35, high: float = 0.65) -> Mesh:
    """The body in a tube that stands off it between two heights, metres, fading over 10 cm."""
    mesh = egg(4)
    z = mesh.vertices[:, 2]
    rise = ((z - low) / 0.1 + 1).clamp(0, 1) * ((high - z) / 0.1 + 1).clamp(0, 1)
    normals = vertex_normals(mesh.vertices, mesh.faces)
    return Mesh(mesh.vertices + thickness * rise[:, None] * normals, mesh.faces)


def masks(mesh: Mesh, seen: PhotoPoses) -> list[Tensor]:
    """How much of each pixel the mesh covers, as it really stands: in the middle."""
    size = (HEIGHT, WIDTH)
    return [
        render_mask(mesh.vertices, mesh.faces, _camera(seen, index), size, visibility=face_ids)[
            0, ..., 0
        ]
        for index in range(len(seen.photos))
    ]


def true_colors(points: Tensor) -> Tensor:
    """(N, 3) sRGB of places (N, 3): smooth waves, the same on left and right."""
    across, up = points[:, 0].abs(), points[:, 2]
    back = points[:, 1]
    return 0.5 + 0.3 * torch.stack(
        [(9 * across + 2 * up).sin(), (5 * up).cos(), (7 * back + across).sin()], 1
    )


def write_album(root: Path, azimuths: Sequence[float]) -> Workspace:
    """Everything that the draft stage reads: the bare body in evenly lit colours."""
    workspace = Workspace(root)
    person, seen = body_with_uv(4), poses(azimuths)
    labels = tuple(
        PhotoLabels(photo=name, view=view_of_azimuth(azimuth), framing="full body")
        for name, azimuth in zip(seen.photos, azimuths, strict=True)
    )
    save_asset_table(workspace, AssetTable(subject="person", assets=ASSETS, photos=labels))
    save_body(workspace.body, person)
    save_poses(workspace.poses, seen)
    for index, name in enumerate(seen.photos):
        image, mask = _photo(person, _camera(seen, index))
        save_mask(workspace, name, mask.to(torch.uint8).numpy())
        workspace.photo(name).parent.mkdir(parents=True, exist_ok=True)
        pixels = (image * 255).round().to(torch.uint8).numpy()
        Image.fromarray(pixels).save(workspace.photo(name))
    return workspace


def _camera(seen: PhotoPoses, index: int) -> Cameras:
    one = slice(index, index + 1)
    return Cameras(seen.cameras.world_to_view[one], seen.cameras.vertical_fov[one])


def _photo(person: CanonicalBody, camera: Cameras) -> tuple[Tensor, Tensor]:
    size = (2 * HEIGHT, 2 * WIDTH)
    drawing = draw(person.vertices, person.faces, camera, size, visibility=face_ids)
    points = interpolate(person.vertices, drawing.rast, person.faces)
    covered = drawing.covered[..., 0] > 0
    rows = torch.full((1, *size, 3), 0.5)
    rows[covered] = true_colors(points[covered])
    label = torch.where(covered, 1 + (points[..., 2] < SHIRT_ENDS).long(), 0)
    image = area_downsample(to_image(rows), 2)[0]
    return image, to_image(label[..., None])[0, ::2, ::2, 0].contiguous()
