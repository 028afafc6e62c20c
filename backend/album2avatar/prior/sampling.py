"""Pictures from sentences: DDIM with classifier-free guidance."""

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor

from album2avatar.prior.conditioner import Conditioning
from album2avatar.prior.embeddings import TextEmbeddings
from album2avatar.prior.model import Prior


@torch.no_grad()
def sample_images(
    prior: Prior,
    prompts: Sequence[str],
    steps: int,
    guidance_scale: float,
    generator: torch.Generator,
    conditioning: Conditioning | None = None,
) -> Tensor:
    """Sample one picture per prompt: the latents of `sample_latents`, decoded.

    Returns:
        (B, H, W, 3) float, sRGB 0..1, top row first.
    """
    latents = sample_latents(prior, prompts, steps, guidance_scale, generator, conditioning)
    return prior.decode_latents(latents)


@torch.no_grad()
def sample_latents(
    prior: Prior,
    prompts: Sequence[str],
    steps: int,
    guidance_scale: float,
    generator: torch.Generator,
    conditioning: Conditioning | None = None,
) -> Tensor:
    """Sample the latents of one picture per prompt.

    Args:
        prior: the model.
        prompts: B sentences.
        steps: denoising steps; 20 are enough for the demo prior.
        guidance_scale: 1 follows the prompt as trained, more exaggerates it.
        generator: draws the first noise, on the CPU; the same state gives the same pictures.
        conditioning: B pictures that lead the samples.

    Returns:
        (B, c, h, w), scaled.

    Source: Song et al. 2021, "Denoising diffusion implicit models", equation 12 with eta 0;
        Ho and Salimans 2022, "Classifier-free diffusion guidance", equation 6.
    """
    embeddings = prior.encode_prompts(prompts)
    unconditional = prior.encode_prompts([""]).expand(len(prompts))
    both = TextEmbeddings.cat([unconditional, embeddings])
    shape = (len(prompts), prior.latent_channels, prior.latent_size, prior.latent_size)
    latents = torch.randn(shape, generator=generator).to(prior.device)
    total = len(prior.alphas_cumprod)
    timesteps = torch.linspace(total - 1, 0, steps + 1).round().long().tolist()
    for current, following in itertools.pairwise(timesteps):
        when = torch.full((2 * len(prompts),), current, device=prior.device)
        twice = torch.cat([latents, latents])
        empty, worded = prior.predict_noise(twice, when, both, conditioning).chunk(2)
        noise = empty + guidance_scale * (worded - empty)
        latents = _denoise(latents, noise, prior.alphas_cumprod, current, following)
    return latents


def _denoise(
    latents: Tensor, noise: Tensor, alphas_cumprod: Tensor, current: int, following: int
) -> Tensor:
    """One DDIM step from a timestep to an earlier one; the last one takes out all noise."""
    kept = alphas_cumprod[current]
    kept_next = alphas_cumprod[following] if following > 0 else torch.ones_like(kept)
    clean = (latents - (1 - kept).sqrt() * noise) / kept.sqrt()
    return kept_next.sqrt() * clean + (1 - kept_next).sqrt() * noise
