"""A prior and an album small enough to train in seconds."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from diffusers import AutoencoderKL, DDIMScheduler, UNet2DConditionModel
from PIL import Image
from transformers import CLIPTextConfig, CLIPTextModel

from album2avatar.assets import Asset, AssetTable, PhotoLabels
from album2avatar.prior.model import Prior, load_prior
from album2avatar.settings import PersonalizationSettings, Settings
from album2avatar.training.tokenizer import build_tokenizer
from album2avatar.workspace import Workspace

WORDS = (
    "a photo normal map of man woman with skin hair wearing t-shirt trousers and front left right "
    "side back view full upper lower body head close-up black white grey red green blue yellow "
    "orange purple pink brown navy teal beige light tan dark blonde background long , . "
    "sweater shirt tank jacket coat dress jeans shorts skirt shoes sneakers boots bare feet beanie "
    "cap hat glasses sunglasses bearded short in bun bald striped pinstriped checked dotted"
)


@pytest.fixture(scope="session")
def prior_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights of the SD class: 16 pixel pictures, 8 x 8 latents, predicts v."""
    folder = tmp_path_factory.mktemp("models") / "tiny-prior"
    tokenizer = build_tokenizer([WORDS] * 12, folder / "tokenizer")
    torch.manual_seed(0)
    CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=16,
            intermediate_size=32,
            projection_dim=16,
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
        latent_channels=4,
        block_out_channels=(8, 8),
        norm_num_groups=4,
        sample_size=16,
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
    )
    vae.save_pretrained(folder / "vae")
    scheduler: Any = DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type="v_prediction",
        clip_sample=False,
    )
    scheduler.save_pretrained(folder / "scheduler")
    (folder / "model_index.json").write_text("{}")
    return folder


@pytest.fixture
def prior(prior_folder: Path) -> Prior:
    return load_prior(prior_folder)


@pytest.fixture
def table() -> AssetTable:
    """A woman of whom the second photo shows no trousers."""
    return AssetTable(
        subject="woman",
        assets=(
            Asset(kind="face", name="face", token="<asset0>"),
            Asset(kind="hair", name="long hair", token="<asset1>"),
            Asset(kind="top", name="t-shirt", token="<asset2>"),
            Asset(kind="bottom", name="trousers", token="<asset3>"),
        ),
        photos=(
            PhotoLabels(photo="one", view="front", framing="full body"),
            PhotoLabels(photo="two", view="back", framing="upper body"),
        ),
    )


@pytest.fixture
def workspace(tmp_path: Path, table: AssetTable) -> Workspace:
    """An album of two paintings of rectangles, with their masks."""
    workspace = Workspace(tmp_path / "avatar")
    colors = np.array(
        [[200, 200, 200], [235, 200, 178], [30, 28, 28], [200, 30, 35], [45, 90, 200]], np.uint8
    )
    rows = {"one": (4, 12, 24, 36, 60), "two": (4, 14, 30, 64, 64)}
    for photo, (hair, face, top, bottom, end) in rows.items():
        mask = np.zeros((64, 64), np.uint8)
        for index, (first, last) in enumerate(
            ((hair + 3, face), (hair, hair + 3), (top - 12, bottom), (bottom, end))
        ):
            mask[first:last, 20:44] = (1, 2, 3, 4)[index]
        _save(workspace.photo(photo), colors[mask])
        _save(workspace.mask(photo), mask)
    workspace.asset_table.write_text(table.model_dump_json())
    return workspace


@pytest.fixture
def settings(prior_folder: Path) -> Settings:
    """Six steps in all; every picture is written and every step kept."""
    return Settings(
        seed=3,
        device="cpu",
        prior=str(prior_folder),
        personalization=PersonalizationSettings(
            token_steps=3,
            adapter_steps=3,
            batch_size=2,
            token_learning_rate=1e-2,
            adapter_learning_rate=1e-2,
            adapter_rank=2,
            plain_background_copies=1,
            class_pictures=4,
            class_batch_size=2,
            synthetic_pictures=4,
            synthetic_color_batch_size=1,
            synthetic_normal_batch_size=1,
            sampling_steps=2,
            sampling_guidance=2.0,
            preview_every=100,
            checkpoint_every=1,
        ),
    )


def _save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
