"""A ball of longitude and latitude, with waves of colour on it, and photos of it."""

import math
from collections.abc import Sequence
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from album2avatar.asset_table import save_asset_table, save_mask
from album2avatar.assets import Asset, AssetTable, PhotoLabels, view_of_azimuth
from album2avatar.body.skinning import skin_points
from album2avatar.body.storage import save_body, save_poses
from album2avatar.body.types import PhotoPoses
from album2avatar.mesh.storage import save_mesh
from album2avatar.mesh.topology import edge_table
from album2avatar.mesh.types import Mesh, UvMap
from album2avatar.pictures import save_texture
from album2avatar.projection.fusion import TexturedSurface
from album2avatar.projection.light import brightness, even_light
from album2avatar.projection.observations import MaskedPhoto
from album2avatar.render.camera import orbit
from album2avatar.render.images import area_downsample, to_image
from album2avatar.render.interpolate import interpolate
from album2avatar.render.shading import draw, interpolate_normals
from album2avatar.render.texture import texture
from album2avatar.workspace import Workspace
from toy_person import egg_body

TEXTURE = (128, 256)
ASSETS = (
    Asset(kind="hair", name="hair", token="<asset0>"),
    Asset(kind="top", name="shirt", token="<asset1>"),
)


def globe(columns: int = 48, rows: int = 24) -> tuple[Mesh, UvMap]:
    """A unit ball, and the map of the world."""
    u, v = torch.linspace(0, 1, columns + 1), torch.linspace(0.02, 0.98, rows + 1)
    place = torch.cartesian_prod(v, u).flip(1)
    longitude, latitude = 2 * math.pi * place[:, 0], math.pi * (place[:, 1] - 0.5)
    level = latitude.cos()
    vertices = torch.stack([longitude.cos() * level, longitude.sin() * level, latitude.sin()], 1)
    faces: list[list[int]] = []
    for row in range(rows):
        for column in range(columns):
            a = row * (columns + 1) + column
            b = a + columns + 1
            faces += [[a, a + 1, b + 1], [a, b + 1, b]]
    table = torch.tensor(faces)
    return Mesh(vertices, table), UvMap(place.contiguous(), table)


def painted() -> Tensor:
    """Waves of three colours around the ball and up it, with red patches at front and back."""
    up = torch.linspace(0, 1, TEXTURE[0])[:, None].expand(TEXTURE)
    around = torch.linspace(0, 1, TEXTURE[1])[None].expand(TEXTURE)
    waves = [(4, 2, 0.0), (3, 3, 1.0), (5, 1, 2.0)]
    angles = [2 * math.pi * (n * around + m * up) + shift for n, m, shift in waves]
    colors = 0.5 + 0.3 * torch.stack(angles, -1).sin()
    for top, left in ((50, 165), (70, 205), (55, 60)):
        colors[top : top + 20, left : left + 16] = torch.tensor([0.8, 0.1, 0.1])
    return colors


def surface(mesh: Mesh, uv: UvMap, shares: Tensor, album_assets: int) -> TexturedSurface:
    """A surface that hangs on one bone."""
    weights = torch.ones(len(mesh.vertices), 1)
    return TexturedSurface(mesh.faces, edge_table(mesh.faces), uv, weights, shares, album_assets)


def around(azimuths: Sequence[float], target: Tensor, height: float, size: int) -> PhotoPoses:
    """Cameras around a target (3,), `height` metres high in the picture; nothing has moved."""
    angles = torch.tensor(azimuths) * math.pi / 180
    count = len(azimuths)
    cameras = orbit(
        angles, torch.full_like(angles, 0.1), target.repeat(count, 1),
        torch.full_like(angles, height), 0.4,
    )  # fmt: skip
    names = tuple(f"photo{index}" for index in range(count))
    still = torch.eye(4).repeat(count, 1, 1, 1)
    return PhotoPoses(names, still, cameras, torch.tensor([[size, size]] * count))


def photograph(
    surface: TexturedSurface, vertices: Tensor, poses: PhotoPoses, lamps: Sequence[float]
) -> list[MaskedPhoto]:
    """Photos of the painted surface; each lamp shines from the right (positive) or the left."""
    return [
        _photo(surface, vertices, poses, index, lamp) for index, lamp in enumerate(lamps)
    ]  # fmt: skip


def _photo(
    surface: TexturedSurface, vertices: Tensor, poses: PhotoPoses, index: int, lamp: float
) -> MaskedPhoto:
    one = slice(index, index + 1)
    camera = poses.cameras.at(index)
    size = int(poses.image_sizes[index, 0])
    posed = skin_points(vertices, surface.weights, poses.bone_transforms[one])
    drawing = draw(posed, surface.faces, camera, (2 * size, 2 * size))
    light = even_light(vertices)
    light[1] = lamp
    uv = interpolate(surface.uv.coordinates, drawing.rast, surface.uv.faces)
    normals = interpolate_normals(drawing, posed, camera)
    lit = texture(painted(), uv) * brightness(normals.reshape(-1, 3), light).view(normals.shape)
    image = area_downsample(to_image(torch.where(drawing.covered > 0, lit, 0.5)), 2)[0]
    kinds = interpolate(surface.shares, drawing.rast, surface.faces).argmax(-1) + 1
    labels = torch.where(drawing.covered[..., 0] > 0, kinds, 0)
    return MaskedPhoto(image, to_image(labels[..., None])[0, ::2, ::2, 0].contiguous())


def tall_globe() -> tuple[Mesh, UvMap, Tensor]:
    """1.7 m tall and not round: mesh, UV map, and (V, 2) shares of hair above and shirt below."""
    mesh, uv = globe()
    vertices = mesh.vertices * torch.tensor([0.3, 0.2, 0.85]) + torch.tensor([0.0, 0.0, 0.85])
    shares = torch.zeros(len(vertices), 2)
    shares[torch.arange(len(vertices)), (vertices[:, 2] < 1.3).long()] = 1.0
    return Mesh(vertices, mesh.faces), uv, shares


def write_photographed(root: Path, moved: Tensor, size: int = 96) -> Workspace:
    """All that the refine stage reads: photos are right, the poses think that the person has moved.

    Args:
        moved: (6, 4, 4) how each photo's fitted pose is wrong.
    """
    workspace = Workspace(root)
    mesh, uv, shares = tall_globe()
    azimuths = [0.0, 60.0, 120.0, 180.0, 240.0, 300.0]
    poses = around(azimuths, torch.tensor([0.0, 0.0, 0.85]), 2.0, size)
    photos = photograph(
        surface(mesh, uv, shares, 2), mesh.vertices, poses, [0.1, -0.1, 0.1, -0.1, 0.1, -0.1]
    )
    labels = tuple(
        PhotoLabels(photo=name, view=view_of_azimuth(azimuth), framing="full body")
        for name, azimuth in zip(poses.photos, azimuths, strict=True)
    )
    save_asset_table(workspace, AssetTable(subject="person", assets=ASSETS, photos=labels))
    for name, photo in zip(poses.photos, photos, strict=True):
        save_mask(workspace, name, photo.mask.to(torch.uint8).numpy())
        workspace.photo(name).parent.mkdir(parents=True, exist_ok=True)
        pixels = (photo.image * 255).round().clamp(0, 255).to(torch.uint8).numpy()
        Image.fromarray(pixels).save(workspace.photo(name))
    save_body(workspace.body, egg_body(mesh))
    wrong = moved[:, None] @ poses.bone_transforms
    save_poses(workspace.poses, PhotoPoses(poses.photos, wrong, poses.cameras, poses.image_sizes))
    owners = shares.argmax(1)
    extras = {"vertex_asset": owners, "face_asset": owners[mesh.faces].mode(1).values}
    save_mesh(workspace.distilled, mesh, uv, extras)
    save_texture(workspace.distilled_albedo, torch.full((*TEXTURE, 3), 0.5))
    return workspace
