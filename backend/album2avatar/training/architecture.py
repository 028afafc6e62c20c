"""The demo prior's networks: an SD-class model made small enough for two CPU cores."""

from typing import Any

from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

IMAGE_SIZE = 64
"""Pixels; four times smaller than the latents' side."""
LATENT_SIZE = 16
PROMPT_LIMIT = 64
"""Tokens; the longest caption of a fully dressed person has about 60."""
LATENT_CHANNELS = 8
"""Twice Stable Diffusion's: with four, 16 x 16 places hold colours but no stripes and no faces."""
EMBEDDING_SIZE = 192


def make_text_encoder(tokenizer: CLIPTokenizer) -> CLIPTextModel:
    """CLIP's text model, 4 layers of 192 (1.7 M parameters)."""
    return CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer),
            hidden_size=EMBEDDING_SIZE,
            intermediate_size=3 * EMBEDDING_SIZE,
            projection_dim=EMBEDDING_SIZE,
            num_hidden_layers=4,
            num_attention_heads=6,
            max_position_embeddings=PROMPT_LIMIT,
            bos_token_id=_token_id(tokenizer.bos_token_id),
            eos_token_id=_token_id(tokenizer.eos_token_id),
            pad_token_id=_token_id(tokenizer.pad_token_id),
        )
    )


def make_autoencoder() -> AutoencoderKL:
    """Variational autoencoder from 64 x 64 x 3 to 16 x 16 x 8 (1.6 M parameters).

    No attention in the middle: 256 places see each other well enough by convolution.
    """
    make: Any = AutoencoderKL
    return make(
        in_channels=3,
        out_channels=3,
        latent_channels=LATENT_CHANNELS,
        block_out_channels=(16, 48, 96),
        layers_per_block=1,
        norm_num_groups=8,
        sample_size=IMAGE_SIZE,
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        mid_block_add_attention=False,
        scaling_factor=1.0,
    )


def make_unet() -> UNet2DConditionModel:
    """Denoising network on 16 x 16 latents (11 M parameters).

    Cross-attention at 8 x 8 and 4 x 4 only, to keep a step near one second on one core.
    """
    channels = (64, 128, 192)
    make: Any = UNet2DConditionModel
    return make(
        sample_size=LATENT_SIZE,
        in_channels=LATENT_CHANNELS,
        out_channels=LATENT_CHANNELS,
        layers_per_block=1,
        block_out_channels=channels,
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        cross_attention_dim=EMBEDDING_SIZE,
        attention_head_dim=tuple(width // 32 for width in channels),
        norm_num_groups=16,
        use_linear_projection=True,
    )


def make_scheduler() -> DDIMScheduler:
    """Stable Diffusion's noise schedule, with v as the network's output."""
    scheduler: Any = DDIMScheduler(
        num_train_timesteps=1000,
        beta_start=0.00085,
        beta_end=0.012,
        beta_schedule="scaled_linear",
        prediction_type="v_prediction",
        clip_sample=False,
        set_alpha_to_one=False,
        steps_offset=1,
    )
    return scheduler


def _token_id(value: Any) -> int:
    assert isinstance(value, int)
    return value
