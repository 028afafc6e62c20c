"""Diffusers folders of random weights, small enough for tests and read like real ones."""

from pathlib import Path
from typing import Any, Literal

import torch
from diffusers import (
    AutoencoderKL,
    DDIMScheduler,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from album2avatar.training.tokenizer import build_tokenizer

TinyClass = Literal["sd", "sdxl"]

WORDS = "a photo of woman man wearing red blue t-shirt trousers front back view full body <"
PERSON_WORDS = (
    "a photo normal map of man woman with skin hair wearing t-shirt trousers and front left right "
    "side back view full upper lower body head close-up black white grey red green blue yellow "
    "orange purple pink brown navy teal beige light tan dark blonde background long , ."
)
"""What every prompt of the stages is made of."""


def write_tiny_prior(
    folder: Path,
    model_class: TinyClass = "sd",
    prediction_type: str = "epsilon",
    words: str = WORDS,
    prompt_limit: int = 24,
) -> Path:
    """Write a folder with diffusers' own writer: 16 pixel pictures, 8 x 8 latents."""
    torch.manual_seed(0)
    tokenizer = build_tokenizer([words] * 20, folder.with_name("words"), 700)
    if model_class == "sd":
        _sd_pipeline(tokenizer, prediction_type, prompt_limit).save_pretrained(folder)
    else:
        second = CLIPTokenizer.from_pretrained(folder.with_name("words"), pad_token="!")
        _sdxl_pipeline(tokenizer, second, prediction_type, prompt_limit).save_pretrained(folder)
    return folder


def _sd_pipeline(tokenizer: CLIPTokenizer, prediction_type: str, prompt_limit: int) -> Any:
    text_encoder = CLIPTextModel(_text_config(tokenizer, 16, 1, prompt_limit))
    unet = _unet(cross_attention_dim=16)
    vae, scheduler = _vae(), _scheduler(prediction_type)
    return StableDiffusionPipeline(
        vae, text_encoder, tokenizer, unet, scheduler, None, None, requires_safety_checker=False
    )


def _sdxl_pipeline(
    tokenizer: CLIPTokenizer, second: CLIPTokenizer, prediction_type: str, prompt_limit: int
) -> Any:
    """Widths 16 + 24, pooled 12; eos_token_id 2 as in folders of older software."""
    first = CLIPTextModel(_text_config(tokenizer, 16, 2, prompt_limit))
    config = _text_config(second, 24, 2, prompt_limit, projection_dim=12)
    config.eos_token_id = 2
    unet = _unet(
        cross_attention_dim=40,
        addition_embed_type="text_time",
        addition_time_embed_dim=4,
        projection_class_embeddings_input_dim=12 + 6 * 4,
    )
    return StableDiffusionXLPipeline(
        _vae(),
        first,
        CLIPTextModelWithProjection(config),
        tokenizer,
        second,
        unet,
        _scheduler(prediction_type),
        add_watermarker=False,
    )


def _text_config(
    tokenizer: CLIPTokenizer, width: int, layers: int, limit: int, **more: Any
) -> CLIPTextConfig:
    return CLIPTextConfig(
        vocab_size=len(tokenizer),
        hidden_size=width,
        intermediate_size=32,
        num_hidden_layers=layers,
        num_attention_heads=2,
        max_position_embeddings=limit,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        **more,
    )


def _unet(**more: Any) -> UNet2DConditionModel:
    return UNet2DConditionModel(
        sample_size=8,
        layers_per_block=1,
        block_out_channels=(16, 16),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
        attention_head_dim=2,
        norm_num_groups=4,
        **more,
    )


def _vae() -> AutoencoderKL:
    return AutoencoderKL(
        block_out_channels=(8, 8),
        down_block_types=("DownEncoderBlock2D",) * 2,
        up_block_types=("UpDecoderBlock2D",) * 2,
        norm_num_groups=4,
        sample_size=16,
        scaling_factor=0.5,
    )


def _scheduler(prediction_type: str) -> DDIMScheduler:
    return DDIMScheduler(
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type=prediction_type,
        clip_sample=False,
    )
