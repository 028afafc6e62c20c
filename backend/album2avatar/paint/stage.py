"""The stage that colours the sculpted mesh."""

import torch
from torch import Tensor

from album2avatar.asset_table import load_asset_table, load_mask
from album2avatar.assets import AssetTable
from album2avatar.body.storage import load_body, load_poses
from album2avatar.body.types import CanonicalBody
from album2avatar.checkpoint import load_checkpoint, save_checkpoint
from album2avatar.mesh.decimate import decimate
from album2avatar.mesh.storage import load_mesh, save_mesh
from album2avatar.mesh.topology import edge_table
from album2avatar.mesh.uv import UnwrapOptions, unwrap
from album2avatar.model_folders import find_model
from album2avatar.paint.baking import bake_albedo, preview_strip, save_picture, save_texture
from album2avatar.paint.painter import Painter
from album2avatar.paint.scene import PaintedSurface
from album2avatar.paint.surface_labels import label_surface
from album2avatar.prior.personalized import load_personalized_prior
from album2avatar.progress import JobControl
from album2avatar.settings import Settings
from album2avatar.workspace import Workspace


def run(workspace: Workspace, settings: Settings, job: JobControl) -> None:
    """Distil the avatar's colours from the personalised prior and bake them to a texture."""
    own = settings.paint
    device = _device(settings.device)
    table = load_asset_table(workspace)
    body = load_body(workspace.body)
    surface = prepare_surface(workspace, table, body, own.faces).on(device)
    prior = load_personalized_prior(find_model(settings.prior), workspace.personalization, device)
    painter = Painter(surface, body, prior, own, settings.seed)

    checkpoint_path = workspace.checkpoint(job.stage)
    checkpoint = load_checkpoint(checkpoint_path)
    start = 0
    if checkpoint is not None:
        start = checkpoint.step
        painter.restore(checkpoint.tensors)
    for step in job.steps(own.steps, start):
        metrics = painter.train_step(step)
        done, preview = step + 1, None
        if done % own.preview_every == 0 or done == own.steps:
            preview = workspace.preview(job.stage, done)
            save_picture(preview, preview_strip(surface, body, painter.field))
        if done % own.checkpoint_every == 0 or done == own.steps:
            save_checkpoint(checkpoint_path, done, painter.tensors())
        job.report(done, own.steps, metrics=metrics, preview=preview)

    uv = unwrap(surface.mesh, UnwrapOptions(own.texture_size), job.raise_if_cancelled)
    texture = bake_albedo(surface, uv, painter.field, own.texture_size)
    save_texture(workspace.albedo, texture)
    extras = {"vertex_asset": surface.assets, "face_asset": face_assets(surface)}
    save_mesh(workspace.painted, surface.mesh, uv, extras)
    checkpoint_path.unlink(missing_ok=True)


def prepare_surface(
    workspace: Workspace, table: AssetTable, body: CanonicalBody, face_count: int
) -> PaintedSurface:
    """Read the sculpted mesh, decimate it, and find each vertex's asset in the photos."""
    mesh = decimate(load_mesh(workspace.sculpt).mesh, face_count)
    masks = {
        labels.photo: torch.tensor(load_mask(workspace, labels.photo)).long()
        for labels in table.photos
    }
    assets = label_surface(mesh, body, load_poses(workspace.poses), masks, len(table.assets))
    return PaintedSurface(mesh, edge_table(mesh.faces), assets, len(table.assets))


def face_assets(surface: PaintedSurface) -> Tensor:
    """(F,) int64: the asset of most of a face's corners; the lowest index where all differ."""
    return surface.assets[surface.mesh.faces].mode(1).values


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(name)
