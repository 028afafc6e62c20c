"""The body's skin, out to the photos' outlines."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from album2avatar.body.skinning import skin_points
from album2avatar.body.types import PhotoPoses
from album2avatar.draft.template import DraftTemplate
from album2avatar.mesh.smooth_steps import SmoothSteps
from album2avatar.mesh.topology import edge_table
from album2avatar.projection.observations import MaskedPhoto
from album2avatar.render.camera import Cameras
from album2avatar.render.shading import render_mask
from album2avatar.render.visibility_warp import face_ids
from album2avatar.settings import DraftSettings

LAST_RATE = 0.3
"""Length of the last steps against the first."""


@dataclass(frozen=True)
class Outline:
    """One photo's silhouette with its pose and camera."""

    transforms: Tensor
    """(1, J, 4, 4)."""
    camera: Cameras
    mask: Tensor
    """(H, W) 0..1, row 0 at the top."""


def outlines(photos: Sequence[MaskedPhoto], poses: PhotoPoses, height: int) -> list[Outline]:
    """The photos' masks at `height` rows."""
    found: list[Outline] = []
    for index, photo in enumerate(photos):
        one = slice(index, index + 1)
        rows, columns = photo.mask.shape
        size = (height, max(1, round(height * columns / rows)))
        mask = F.interpolate((photo.mask > 0)[None, None].float(), size, mode="area")[0, 0]
        camera = Cameras(poses.cameras.world_to_view[one], poses.cameras.vertical_fov[one])
        found.append(Outline(poses.bone_transforms[one], camera, mask))
    return found


def displace(
    template: DraftTemplate,
    seen: Sequence[Outline],
    settings: DraftSettings,
    on_step: Callable[[int], None],
) -> Tensor:
    """Vertices (V, 3) that fill the outlines, displaced along the normals within their bounds.

    Args:
        seen: at least one; all of them pull at each step.
        on_step: called after each step with how many are done.
    """
    mesh = template.mesh
    edges = edge_table(mesh.faces)
    steps = SmoothSteps(edges, len(mesh.vertices), settings.stiffness)
    vertices = mesh.vertices.clone()
    for step in range(settings.steps):
        moved = vertices.clone().requires_grad_()
        for outline in seen:
            posed = skin_points(moved, template.weights, outline.transforms)
            size = (outline.mask.shape[0], outline.mask.shape[1])
            coverage = render_mask(posed, mesh.faces, outline.camera, size, edges, face_ids)
            away = (coverage[0, ..., 0] - outline.mask).square()
            (away.sum() / outline.mask.sum().clamp(min=1.0)).backward()
        assert moved.grad is not None
        along = (moved.grad * template.normals).sum(-1, keepdim=True) * template.normals
        fade = 1 - (1 - LAST_RATE) * step / settings.steps
        vertices = _bounded(steps.step(vertices, along, fade * settings.rate), template)
        on_step(step + 1)
    return vertices


def _bounded(vertices: Tensor, template: DraftTemplate) -> Tensor:
    """Vertices moved to their normals' lines, and back within their bounds."""
    way = ((vertices - template.mesh.vertices) * template.normals).sum(-1)
    held = torch.minimum(torch.maximum(way, template.lowest), template.highest)
    return template.mesh.vertices + held[:, None] * template.normals
