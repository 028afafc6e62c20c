"""A compiled prior says what a plain one says."""

import pytest
import torch

from album2avatar.prior.model import load_prior
from toy_person import write_tiny_prior


@pytest.mark.slow
def test_a_compiled_prior_predicts_the_same_noise(tmp_path):
    folder = write_tiny_prior(tmp_path / "tiny")
    plain, compiled = load_prior(folder), load_prior(folder)
    compiled.compile()
    latents = torch.randn(3, plain.latent_channels, plain.latent_size, plain.latent_size)
    timesteps = torch.tensor([100, 500, 800])
    with torch.no_grad():
        words = plain.encode_prompts(["a photo of a person"]).expand(3)
    torch.testing.assert_close(
        compiled.predict_noise(latents, timesteps, words),
        plain.predict_noise(latents, timesteps, words),
        rtol=1e-3,
        atol=1e-4,
    )
