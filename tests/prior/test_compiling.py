"""A compiled prior says what a plain one says."""

import pytest
import torch

from album2avatar.prior.model import load_prior


@pytest.mark.slow
@pytest.mark.parametrize("rows", [2, 3])
def test_a_compiled_prior_predicts_the_same_noise(tiny_folder, rows):
    plain, compiled = load_prior(tiny_folder), load_prior(tiny_folder)
    compiled.compile()
    latents = torch.randn(rows, plain.latent_channels, plain.latent_size, plain.latent_size)
    timesteps = torch.linspace(100, 800, rows).long()
    with torch.no_grad():
        words = plain.encode_prompts(["a photo of a woman"]).expand(rows)
    torch.testing.assert_close(
        compiled.predict_noise(latents, timesteps, words),
        plain.predict_noise(latents, timesteps, words),
        rtol=1e-3,
        atol=1e-4,
    )
