"""The last stage of a clip: the animated avatar, and a contact sheet."""

import torch
from torch import Tensor

from album2avatar import __version__
from album2avatar.asset_table import load_asset_table
from album2avatar.attire.worn import worn_assets
from album2avatar.body.rigged import RiggedAvatar, load_rigged
from album2avatar.body.storage import load_body, load_poses
from album2avatar.body.types import PhotoPoses
from album2avatar.clip.camera_motion import load_motion
from album2avatar.clip.frames import FrameIndex, load_frame, load_frame_index
from album2avatar.export.clip_motion import describe_clip, place_clip
from album2avatar.export.clip_sheet import chosen_frames, contact_sheet, draw_over
from album2avatar.export.glb import build_glb
from album2avatar.export.metadata import describe_avatar
from album2avatar.export.placement import stand_on_floor
from album2avatar.export.textures import read_textures
from album2avatar.files import write_bytes
from album2avatar.pictures import load_texture, save_picture
from album2avatar.png_files import read_png
from album2avatar.progress import JobControl
from album2avatar.settings import Settings
from album2avatar.workspace import Workspace

_REMEDY = "Delete it and run the same command again."


def run(workspace: Workspace, settings: Settings, job: JobControl) -> None:
    """Write the animated GLB and the contact sheet.

    Raises:
        WorkspaceError: an earlier stage's file is missing or damaged.
        ExportError: the avatar can't be expressed in glTF.
    """
    index, poses = load_frame_index(workspace.frames_index), load_poses(workspace.clip_poses)
    avatar = load_rigged(workspace.base.rigged)
    write_bytes(workspace.clip_glb, _animated(workspace, settings, index, avatar, poses))
    sheet = _draw_sheet(workspace, index, avatar, poses)
    preview = workspace.preview(job.stage, 1)
    for path in (workspace.clip_preview, preview):
        save_picture(path, sheet)
    job.report(1, 1, f"wrote {workspace.clip_glb.name}", preview=preview)


def _animated(
    workspace: Workspace,
    settings: Settings,
    index: FrameIndex,
    avatar: RiggedAvatar,
    poses: PhotoPoses,
) -> bytes:
    placed = place_clip(avatar, poses, index.seconds)
    rig = load_body(workspace.base.body).kind
    table = load_asset_table(workspace.base)
    assets = worn_assets(table.assets, settings.prompt_addition, rig)
    standing = stand_on_floor(avatar)
    rate = (len(index.seconds) - 1) / index.seconds[-1]
    extras = describe_avatar(standing, rig, assets, settings)
    extras["clip"] = describe_clip(placed, index.width, index.height, round(rate, 3))
    return build_glb(
        standing,
        read_textures(workspace.base),
        extras,
        f"album2avatar {__version__}",
        [placed.motion],
    )


def _draw_sheet(
    workspace: Workspace, index: FrameIndex, avatar: RiggedAvatar, poses: PhotoPoses
) -> Tensor:
    """(H, W, 3)."""
    surface, albedo = avatar.parts[0], load_texture(workspace.base.albedo)
    motion = load_motion(workspace.camera_motion)
    plate = torch.tensor(read_png(workspace.clip_plate, "RGB", _REMEDY)).float() / 255
    columns = [
        (
            torch.tensor(load_frame(workspace, number)).float() / 255,
            torch.tensor(read_png(workspace.clip_mask(number), "L", _REMEDY)).float() / 255,
            draw_over(
                surface,
                albedo,
                poses.bone_transforms[number : number + 1],
                poses.cameras.at(number),
                motion[number],
                plate,
            ),
        )
        for number in chosen_frames(len(index.names))
    ]
    return contact_sheet(columns)
