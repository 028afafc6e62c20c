"""What a wardrobe's folder holds, and what the tests put into it."""

import hashlib
from pathlib import Path

import torch

from album2avatar.mesh.storage import save_mesh
from album2avatar.mesh.types import UvMap
from album2avatar.pictures import save_texture
from album2avatar.workspace import Workspace
from toy_person import egg, true_assets

PAINTED = ((10, 120, 30), (250, 250, 0), (0, 100, 200))
"""Colours of hair, shirt and trousers in an avatar's texture; its photos show others."""


def state_of(folder: Path) -> dict[str, str]:
    """Every file below a folder with its hash, but for the lock."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }


def paint_in_stripes(avatar: Workspace) -> None:
    """Write mesh and texture of a toy avatar as the paint stage would; colours are by height."""
    mesh = egg(3)
    height = mesh.vertices[:, 2] / 1.7
    uv = UvMap(torch.stack([torch.full_like(height, 0.5), height], dim=1), mesh.faces)
    faces = true_assets(mesh.vertices[mesh.faces].mean(1))
    extras = {"vertex_asset": true_assets(mesh.vertices), "face_asset": faces}
    save_mesh(avatar.painted, mesh, uv, extras)
    rows = true_assets(torch.linspace(0, 1.7, 64)[:, None].repeat(1, 3))
    save_texture(avatar.albedo, torch.tensor(PAINTED)[rows][:, None].repeat(1, 8, 1) / 255)
