"""Random draws that depend on what they are for, not on what was drawn before.

A stage asks for a generator per step. A resumed run then draws what the
uninterrupted run would have drawn, and no generator state has to be stored.
"""

import hashlib

import numpy as np
import torch


def derive_seed(seed: int, *purpose: str | int) -> int:
    """Mix a seed with the purpose of a draw into a new 63-bit seed."""
    text = "/".join(str(part) for part in (seed, *purpose))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def torch_generator(
    seed: int, *purpose: str | int, device: torch.device | str = "cpu"
) -> torch.Generator:
    """Torch generator for one purpose, for example `(seed, "sculpt", step)`."""
    return torch.Generator(device).manual_seed(derive_seed(seed, *purpose))


def numpy_generator(seed: int, *purpose: str | int) -> np.random.Generator:
    """NumPy generator for one purpose, for example `(seed, "views", step)`."""
    return np.random.default_rng(derive_seed(seed, *purpose))
