"""Two eggs that were painted: one with narrow trousers, one with wide green ones."""

from pathlib import Path

import torch

from album2avatar.body.rigged import RiggedAvatar, RiggedPart, save_rigged
from album2avatar.body.storage import load_body
from album2avatar.mesh.storage import load_mesh, save_mesh
from album2avatar.mesh.types import Mesh
from album2avatar.paint.stage import run as paint
from album2avatar.pictures import load_texture, save_texture
from album2avatar.progress import silent_job
from album2avatar.refine.stage import run as refine
from album2avatar.settings import (
    GuidanceSettings,
    PaintSettings,
    RefineSettings,
    SculptGuidanceSettings,
    SculptSettings,
    Settings,
    SwapSettings,
)
from album2avatar.workspace import Workspace
from toy_person import egg, write_workspace

GREEN = torch.tensor([0.2, 0.6, 0.3])
WIDER = 1.35


def toy_settings(prior_folder: Path) -> Settings:
    """The fewest steps with which every part of a swap is at work."""
    return Settings(
        seed=5,
        device="cpu",
        threads=1,
        prior=str(prior_folder),
        sculpt=SculptSettings(
            guidance=SculptGuidanceSettings(views_per_step=1, supersampling=1, weight=0.01)
        ),
        paint=PaintSettings(
            faces=4000,
            texture_size=128,
            steps=2,
            guidance=GuidanceSettings(views_per_step=1, supersampling=1),
            hidden_width=16,
            preview_every=2,
        ),
        refine=RefineSettings(visits=0),
        swap=SwapSettings(lattice_cells=50, sculpt_steps=3, paint_steps=3, checkpoint_every=1),
    )


def widened(mesh: Mesh) -> Mesh:
    """The egg with trousers that stand off below 0.8 m."""
    share = ((0.8 - mesh.vertices[:, 2:]) / 0.15).clamp(0, 1)
    wide = mesh.vertices * torch.tensor([WIDER, WIDER, 1.0])
    return Mesh(torch.lerp(mesh.vertices, wide, share), mesh.faces)


def write_avatar(root: Path, prior_folder: Path, mesh: Mesh) -> Workspace:
    """An egg avatar as the rig stage leaves it."""
    avatar = write_workspace(root, prior_folder)
    avatar.settings_file.write_text(toy_settings(prior_folder).model_dump_json())
    save_mesh(avatar.sculpt, mesh)
    paint(avatar, toy_settings(prior_folder), silent_job("paint"))
    refine(avatar, toy_settings(prior_folder), silent_job("refine"))
    painted, body = load_mesh(avatar.painted), load_body(avatar.body)
    weights = torch.ones(len(painted.mesh.vertices), 1)
    surface = RiggedPart("avatar", painted.mesh, painted.uv, weights, "albedo")
    save_rigged(avatar.rigged, RiggedAvatar(body.skeleton, (surface,)))
    return avatar


def write_narrow_avatar(root: Path, prior_folder: Path) -> Workspace:
    """The one that puts something on."""
    return write_avatar(root, prior_folder, egg())


def write_wide_avatar(root: Path, prior_folder: Path) -> Workspace:
    """The one whose trousers are wanted: wide and green."""
    avatar = write_avatar(root, prior_folder, widened(egg()))
    texture = load_texture(avatar.albedo)
    save_texture(avatar.albedo, GREEN.expand_as(texture))
    return avatar
