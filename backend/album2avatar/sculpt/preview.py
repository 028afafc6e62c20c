"""Pictures of the sculpture."""

import math
from pathlib import Path

import torch

from album2avatar.assets import Framing
from album2avatar.body.types import CanonicalBody
from album2avatar.guidance.views import turntable_views
from album2avatar.mesh.types import Mesh
from album2avatar.pictures import save_picture, tiled
from album2avatar.render.images import area_downsample
from album2avatar.render.shading import render_normals
from album2avatar.render.visibility_warp import face_ids

PREVIEW_SIZE = 256
_ANGLES = (0.0, 0.25 * math.pi, 0.5 * math.pi, math.pi, -0.5 * math.pi)
_FRAMINGS: tuple[Framing, ...] = ("full body", "head close-up")


def save_normal_strip(path: Path, mesh: Mesh, body: CanonicalBody) -> None:
    """Write normal maps from five sides, of the whole person and of the head below."""
    size = 2 * PREVIEW_SIZE
    maps: list[torch.Tensor] = []
    with torch.no_grad():
        for framing in _FRAMINGS:
            views = turntable_views(body, framing, _ANGLES, mesh.vertices.device)
            normals, _ = render_normals(
                mesh.vertices, mesh.faces, views.cameras, (size, size), visibility=face_ids
            )
            maps.append(area_downsample(normals, 2))
    save_picture(path, tiled(torch.cat(maps), len(_ANGLES)))
