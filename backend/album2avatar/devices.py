"""Where tensors are computed."""

import torch


def choose_device(name: str) -> torch.device:
    """The device of a setting; `auto` is the CUDA GPU where there is one, else the CPU."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(name)
