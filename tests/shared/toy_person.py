"""A person like an egg: grey hair on top, then a shirt, then trousers."""

import math
from pathlib import Path
from typing import Any

import torch
import trimesh
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from PIL import Image
from torch import Tensor
from transformers import CLIPTextConfig, CLIPTextModel

from album2avatar.asset_table import save_asset_table, save_mask
from album2avatar.assets import Asset, AssetTable, PhotoLabels, view_of_azimuth
from album2avatar.attire.patterns import Attire, make_attire
from album2avatar.body.storage import save_body, save_poses
from album2avatar.body.types import CanonicalBody, PhotoPoses, Skeleton
from album2avatar.mesh.normals import vertex_normals
from album2avatar.mesh.storage import save_mesh
from album2avatar.mesh.types import Mesh
from album2avatar.prior.adapter import add_adapter, save_adapter
from album2avatar.prior.model import load_prior
from album2avatar.prior.personalized import (
    TOKENS_FILE,
    PersonalizationRecord,
    hash_of_weights,
    save_record,
)
from album2avatar.prior.tokens import add_tokens, save_tokens
from album2avatar.render.camera import orbit
from album2avatar.render.shading import draw
from album2avatar.training.tokenizer import build_tokenizer
from album2avatar.workspace import Workspace

ASSETS = (
    Asset(kind="hair", name="hair", token="<asset0>"),
    Asset(kind="top", name="shirt", token="<asset1>"),
    Asset(kind="bottom", name="trousers", token="<asset2>"),
)
PHOTO_COLORS = torch.tensor(
    [[120, 120, 120], [90, 70, 50], [200, 40, 40], [40, 60, 180]], dtype=torch.uint8
)
"""Of the background and of each asset."""


def egg(subdivisions: int = 4) -> Mesh:
    """1.7 m tall, standing on z = 0."""
    ball = trimesh.creation.icosphere(subdivisions=subdivisions)
    vertices = torch.tensor(ball.vertices).float() * torch.tensor([0.3, 0.2, 0.85])
    return Mesh(vertices + torch.tensor([0.0, 0.0, 0.85]), torch.tensor(ball.faces).long())


def true_assets(points: Tensor) -> Tensor:
    """(N,) asset of points (N, 3): by height."""
    return (points[:, 2] < 1.4).long() + (points[:, 2] < 0.8).long()


def egg_body(mesh: Mesh) -> CanonicalBody:
    """The egg as a body of one bone."""
    count = len(mesh.vertices)
    every = torch.ones(count, dtype=torch.bool)
    upper, none = mesh.vertices[:, 2] > 1.4, torch.zeros(count, dtype=torch.bool)
    parts = dict.fromkeys(("hand.L", "hand.R", "foot.L", "foot.R", "eye.L", "eye.R"), none)
    hands = {"hand.L": mesh.vertices[:, 0] > 0.2, "hand.R": mesh.vertices[:, 0] < -0.2}
    return CanonicalBody(
        kind="anny",
        vertices=mesh.vertices,
        faces=mesh.faces,
        uv_coordinates=torch.zeros(0, 2),
        uv_faces=torch.zeros(0, 3, dtype=torch.int64),
        skeleton=Skeleton(
            ("root",), (-1,), torch.zeros(1, 3), torch.ones(1, 3), torch.eye(4)[None]
        ),
        weights=torch.ones(count, 1),
        parts=parts | hands | {"surface": every, "head": upper, "face": upper},
    )


def egg_hat(asset: int = 3) -> Attire:
    """An egg-cup over the egg's tip from 1.5 m up, 6 cm off it, that words describe.

    Args:
        asset: its place among the worn assets.
    """
    mesh = egg()
    cup = mesh.vertices + 0.06 * vertex_normals(mesh.vertices, mesh.faces)
    faces = mesh.faces[(cup[mesh.faces][..., 2] > 1.5).all(1)]
    owner = torch.full((len(cup),), -1)
    owner[faces] = asset
    return Attire(
        Mesh(cup, faces), torch.ones(len(cup), 1), owner, torch.ones(len(faces), dtype=torch.bool)
    )


def no_attire() -> Attire:
    """Nothing described."""
    return make_attire(egg_body(egg()), ASSETS)


def photo_poses(azimuths: list[float], shift: float = 0.0) -> PhotoPoses:
    """The egg, moved by `shift` metres to its left, from all around; 96 x 72 pixels."""
    angles = torch.tensor(azimuths) * math.pi / 180
    cameras = orbit(
        angles,
        torch.zeros_like(angles),
        torch.tensor([[0.0, 0.0, 0.85]]).repeat(len(azimuths), 1),
        torch.full_like(angles, 1.9),
        math.radians(30),
    )
    moves = torch.eye(4).repeat(len(azimuths), 1, 1, 1)
    moves[:, 0, 0, 3] = shift
    names = tuple(f"photo{index}" for index in range(len(azimuths)))
    return PhotoPoses(names, moves, cameras, torch.tensor([[96, 72]]).repeat(len(azimuths), 1))


def true_masks(mesh: Mesh, poses: PhotoPoses) -> dict[str, Tensor]:
    """Masks as a perfect segmentation gives them."""
    return masks_of(mesh, true_assets(mesh.vertices[mesh.faces].mean(1)), poses)


def masks_of(mesh: Mesh, face_assets: Tensor, poses: PhotoPoses) -> dict[str, Tensor]:
    """Masks of a mesh whose faces (F,) int64 belong to assets."""
    moved = mesh.vertices + poses.bone_transforms[:, 0, None, :3, 3]
    rast = draw(moved, mesh.faces, poses.cameras, (96, 72)).rast.flip(1)
    seen = torch.cat([torch.zeros(1, dtype=torch.int64), face_assets + 1])[rast[..., 3].long()]
    return dict(zip(poses.photos, seen, strict=True))


def write_workspace(root: Path, prior_folder: Path) -> Workspace:
    """Everything that the paint stage reads."""
    workspace = Workspace(root)
    mesh, azimuths = egg(), [0.0, 90.0, 180.0, 270.0]
    poses = photo_poses(azimuths)
    save_mesh(workspace.sculpt, mesh)
    save_body(workspace.body, egg_body(mesh))
    save_poses(workspace.poses, poses)
    photos = tuple(
        PhotoLabels(photo=name, view=view_of_azimuth(azimuth), framing="full body")
        for name, azimuth in zip(poses.photos, azimuths, strict=True)
    )
    save_asset_table(workspace, AssetTable(subject="person", assets=ASSETS, photos=photos))
    for name, mask in true_masks(mesh, poses).items():
        save_mask(workspace, name, mask.to(torch.uint8).numpy())
        workspace.photo(name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(PHOTO_COLORS[mask].numpy()).save(workspace.photo(name))

    prior = load_prior(prior_folder)
    add_tokens(prior, {asset.token: "red" for asset in ASSETS})
    add_adapter(prior, 2, seed=0)
    folder = workspace.personalization
    save_tokens(folder / TOKENS_FILE, prior, [asset.token for asset in ASSETS])
    save_adapter(folder, prior)
    save_record(
        folder,
        PersonalizationRecord(
            subject="person",
            assets=ASSETS,
            prior="tiny",
            prior_hash=hash_of_weights(prior_folder),
            prompts=(),
        ),
    )
    return workspace


def write_tiny_prior(folder: Path) -> Path:
    """A diffusers folder of random weights: 16 pixel pictures, 8 x 8 latents."""
    words = (
        "a photo of person with hair wearing shirt trousers and front left right side back view "
        "full upper lower body head close-up black white grey red background , . blurry low"
    )
    tokenizer = build_tokenizer([words] * 12, folder / "tokenizer")
    torch.manual_seed(0)
    CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            max_position_embeddings=64,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    ).save_pretrained(folder / "text_encoder")
    unet: Any = UNet2DConditionModel(
        sample_size=8,
        layers_per_block=1,
        block_out_channels=(16, 16),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=16,
        attention_head_dim=2,
        norm_num_groups=4,
    )
    unet.save_pretrained(folder / "unet")
    vae: Any = AutoencoderKL(
        block_out_channels=(8, 8),
        norm_num_groups=4,
        sample_size=16,
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
    )
    vae.save_pretrained(folder / "vae")
    scheduler: Any = DDIMScheduler(
        beta_schedule="scaled_linear", prediction_type="v_prediction", clip_sample=False
    )
    scheduler.save_pretrained(folder / "scheduler")
    (folder / "model_index.json").write_text("{}")
    return folder
