"""What a network's output says of the noise: noise itself, or v."""

from typing import Literal

from torch import Tensor

Prediction = Literal["epsilon", "v_prediction"]
"""As diffusers' schedulers call them."""


def training_target(kind: Prediction, latents: Tensor, noise: Tensor, signal: Tensor) -> Tensor:
    """What the network should say: the noise, or v = sqrt(a) noise - sqrt(1 - a) latents.

    Args:
        latents, noise: (B, c, h, w).
        signal: (B, 1, 1, 1), a, the share of the signal's variance.

    Source: Salimans and Ho 2022, "Progressive distillation", appendix D.
    """
    if kind == "epsilon":
        return noise
    return signal.sqrt() * noise - (1 - signal).sqrt() * latents


def noise_from_output(kind: Prediction, output: Tensor, noisy: Tensor, signal: Tensor) -> Tensor:
    """The noise that a network's output for `noisy` latents implies; arguments as above."""
    if kind == "epsilon":
        return output
    return signal.sqrt() * output + (1 - signal).sqrt() * noisy
