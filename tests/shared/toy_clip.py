"""An egg that wanders before a checkered wall, as a clip of it stands after each stage."""

import math

import torch
from torch import Tensor

from album2avatar.asset_table import save_asset_table
from album2avatar.assets import AssetTable
from album2avatar.body.keypoints import KEYPOINTS
from album2avatar.body.rigged import RiggedAvatar, RiggedPart, save_rigged
from album2avatar.body.storage import save_body
from album2avatar.clip.camera_motion import save_motion
from album2avatar.clip.frames import FrameIndex, save_frame_index
from album2avatar.clip.sightings import Sighting, Sightings, save_sightings
from album2avatar.mesh.storage import save_mesh
from album2avatar.pictures import save_grey, save_picture, save_texture
from album2avatar.render.camera import Cameras
from album2avatar.render.shading import render_mask
from album2avatar.settings import ClipSettings, Settings
from album2avatar.workspace import Workspace
from toy_person import ASSETS, egg, egg_body

COUNT, HEIGHT, WIDTH = 6, 72, 96
FOV = math.radians(30)
PINK = torch.tensor([0.9, 0.5, 0.55])


def toy_settings() -> Settings:
    """The fewest steps with which every part is at work."""
    clip = ClipSettings(
        long_side=128,
        keypoint_steps=15,
        outline_steps=20,
        outline_resolution=48,
        mask_steps=25,
        checkpoint_every=2,
    )
    return Settings(device="cpu", threads=1, clip=clip)


def write_egg(avatar: Workspace) -> None:
    """What a clip copies of a finished avatar, and what says that it is one."""
    mesh = egg(3)
    save_body(avatar.body, egg_body(mesh))
    save_mesh(avatar.painted, mesh)
    part = RiggedPart("avatar", mesh, None, torch.ones(len(mesh.vertices), 1), (0.9, 0.5, 0.55))
    save_rigged(avatar.rigged, RiggedAvatar(egg_body(mesh).skeleton, (part,)))
    save_texture(avatar.albedo, PINK.expand(16, 16, 3))
    save_asset_table(avatar, AssetTable(subject="person", assets=ASSETS, photos=()))


def place(number: int) -> Tensor:
    """(3,) where the egg's origin is before the camera, metres."""
    return torch.tensor([-0.75 + 0.3 * number, 3.6, -0.85])


def true_masks() -> Tensor:
    """(T, H, W)."""
    mesh = egg(3)
    posed = torch.stack([mesh.vertices + place(number) for number in range(COUNT)])
    view = torch.tensor([[1.0, 0, 0, 0], [0, 0, 1, 0], [0, -1, 0, 0], [0, 0, 0, 1]])
    cameras = Cameras(view.repeat(COUNT, 1, 1), torch.full((COUNT,), FOV))
    return render_mask(posed, mesh.faces, cameras, (HEIGHT, WIDTH))[..., 0]


def wall() -> Tensor:
    """(H, W, 3)."""
    generator = torch.Generator().manual_seed(6)
    blocks = 0.15 + 0.6 * torch.rand(HEIGHT // 8, WIDTH // 8, 3, generator=generator)
    return blocks.repeat_interleave(8, 0).repeat_interleave(8, 1)


def write_seen_clip(clip: Workspace) -> None:
    """A clip as `segment` leaves it; the masks are cut off in the middle of the egg's edge."""
    write_egg(clip.base)
    masks, behind = true_masks(), wall()
    sightings: list[Sighting] = []
    for number, mask in enumerate(masks):
        alpha = mask[..., None]
        save_picture(clip.frame(number), alpha * PINK + (1 - alpha) * behind)
        rough = torch.nn.functional.max_pool2d(mask[None], 3, 1, 1)[0]
        save_grey(clip.person_mask(number), (rough > 0.5).float())
        x, y, z = place(number).tolist()
        focal = HEIGHT / 2 / math.tan(FOV / 2)
        points = [(0.0, 0.0, 0.0)] * len(KEYPOINTS)
        # Half a pixel off: where the first guess fits exactly, rounding, and so the processor,
        # would decide in which direction Adam's first step goes.
        points[KEYPOINTS.index("pelvis")] = (
            WIDTH / 2 + focal * x / y + 0.5, HEIGHT / 2 - focal * z / y + 0.5, 0.9,
        )  # fmt: skip
        sightings.append(Sighting(is_person=True, view="front", keypoints=tuple(points)))
    save_sightings(clip.sightings, Sightings(frames=tuple(sightings)))
    save_motion(clip.camera_motion, torch.eye(3, dtype=torch.float64).repeat(COUNT, 1, 1))
    moments = tuple(100 * number for number in range(COUNT))
    save_frame_index(
        clip.frames_index, FrameIndex(milliseconds=moments, width=WIDTH, height=HEIGHT)
    )
