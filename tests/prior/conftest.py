"""A diffusers folder of random weights, small enough for tests and read like a real one."""

from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderKL, DDIMScheduler, StableDiffusionPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

from album2avatar.training.tokenizer import build_tokenizer

WORDS = "a photo of woman man wearing red blue t-shirt trousers front back view full body <"


def write_tiny_folder(folder: Path, prediction_type: str) -> Path:
    """Write the folder with diffusers' own writer."""
    torch.manual_seed(0)
    tokenizer = build_tokenizer([WORDS] * 20, folder.with_name("words"), 700)
    text_encoder = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            max_position_embeddings=24,
            eos_token_id=tokenizer.eos_token_id,
        )
    )
    unet = UNet2DConditionModel(
        sample_size=8,
        layers_per_block=1,
        block_out_channels=(16, 16),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=16,
        attention_head_dim=2,
        norm_num_groups=4,
    )
    vae = AutoencoderKL(
        block_out_channels=(8, 8),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        norm_num_groups=4,
        sample_size=16,
        scaling_factor=0.5,
    )
    scheduler = DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type=prediction_type,
        clip_sample=False,
    )
    StableDiffusionPipeline(
        vae, text_encoder, tokenizer, unet, scheduler, None, None, requires_safety_checker=False
    ).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session", params=["epsilon", "v_prediction"])
def tiny_folder(request, tmp_path_factory) -> Path:
    """Folder of a tiny model, once for each kind of prediction."""
    return write_tiny_folder(tmp_path_factory.mktemp("tiny") / "model", request.param)
