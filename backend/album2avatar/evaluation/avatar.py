"""The avatar of a workspace as one mesh that can be drawn."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from album2avatar.body.rigged import RiggedPart, load_rigged
from album2avatar.errors import WorkspaceError
from album2avatar.mesh.storage import load_mesh
from album2avatar.mesh.types import Mesh
from album2avatar.pictures import load_texture
from album2avatar.render.camera import Cameras
from album2avatar.render.images import area_downsample, to_image
from album2avatar.render.shading import draw, interpolate_normals
from album2avatar.render.texture import texture
from album2avatar.synthetic.backgrounds import Light
from album2avatar.workspace import Workspace


@dataclass(frozen=True)
class AvatarSurface:
    """Every part of an avatar in one mesh."""

    vertices: Tensor
    """(V, 3) metres, canonical."""
    faces: Tensor
    """(F, 3)."""
    corner_uv: Tensor
    """(F, 3, 2) texture coordinates of each face's corners; 0 where untextured."""
    face_colors: Tensor
    """(F, 3) sRGB 0..1; NaN where the albedo texture is used."""
    albedo: Tensor
    """(H, W, 3) sRGB 0..1, row 0 at v = 0."""


def load_avatar(workspace: Workspace) -> AvatarSurface:
    """Read the rigged avatar, or, where there is none yet, the painted one.

    Raises:
        WorkspaceError: neither is there, or the texture is missing.
    """
    if workspace.rigged.exists():
        parts = load_rigged(workspace.rigged).parts
    elif workspace.painted.exists():
        stored = load_mesh(workspace.painted)
        weights = torch.zeros(len(stored.mesh.vertices), 0)
        parts = (RiggedPart("avatar", stored.mesh, stored.uv, weights, "albedo"),)
    else:
        raise WorkspaceError(
            f"{workspace.root} has no avatar yet ({workspace.rigged} and {workspace.painted} are "
            "missing). Run `album2avatar create` with this folder first."
        )
    starts = np.cumsum([0, *(len(part.mesh.vertices) for part in parts)])
    return AvatarSurface(
        vertices=torch.cat([part.mesh.vertices.float() for part in parts]),
        faces=torch.cat([p.mesh.faces + int(s) for p, s in zip(parts, starts, strict=False)]),
        corner_uv=torch.cat([_corner_uv(part) for part in parts]),
        face_colors=torch.cat([_face_colors(part) for part in parts]),
        albedo=load_texture(workspace.albedo),
    )


def render_avatar(
    avatar: AvatarSurface,
    cameras: Cameras,
    light: Light,
    background: Tensor,
    size: int,
    supersampling: int,
) -> tuple[Tensor, Tensor]:
    """Draw the avatar with the light of the synthetic people.

    Args:
        background: (3,) sRGB 0..1.
        size: pixels of the picture's side.

    Returns:
        (B, size, size, 3) sRGB 0..1 and the share of each pixel that is covered
        (B, size, size, 1); row 0 at the top.
    """
    fine = size * supersampling
    drawing = draw(avatar.vertices, avatar.faces, cameras, (fine, fine))
    rast, covered = drawing.rast, drawing.covered > 0
    face = (rast[..., 3].long() - 1).clamp(min=0)
    weights = torch.stack([rast[..., 0], rast[..., 1], 1 - rast[..., 0] - rast[..., 1]], -1)
    uv = (weights[..., None] * avatar.corner_uv[face]).sum(-2)
    plain = avatar.face_colors[face]
    color = torch.where(plain.isnan(), texture(avatar.albedo, uv, "clamp"), plain)
    normals = F.normalize(interpolate_normals(drawing, avatar.vertices, cameras), dim=-1)
    towards = torch.tensor(light.direction)
    facing = (normals * towards).sum(-1, keepdim=True).clamp(min=0)
    sky = 0.94 + 0.06 * normals[..., 1:2]
    lit = color * (light.ambient * sky + (1.06 - light.ambient) * facing)
    rows = torch.where(covered, lit.clamp(max=1.0), background)
    image = area_downsample(to_image(torch.cat([rows, drawing.covered], -1)), supersampling)
    return image[..., :3], image[..., 3:]


def avatar_mesh(avatar: AvatarSurface) -> Mesh:
    """Its geometry alone."""
    return Mesh(avatar.vertices, avatar.faces)


def _corner_uv(part: RiggedPart) -> Tensor:
    if part.uv is None:
        return torch.zeros(len(part.mesh.faces), 3, 2)
    return part.uv.coordinates.float()[part.uv.faces]


def _face_colors(part: RiggedPart) -> Tensor:
    color = (float("nan"),) * 3 if part.texture == "albedo" else part.texture
    return torch.tensor(color).expand(len(part.mesh.faces), 3)
