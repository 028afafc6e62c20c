"""Where tensors are computed, and in which precision."""

import torch


def choose_device(name: str) -> torch.device:
    """The device of a setting; `auto` is the CUDA GPU where there is one, else the CPU."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(name)


def frozen_precision(device: torch.device | str) -> torch.dtype:
    """Precision of networks that don't learn: bfloat16 on CUDA GPUs that compute in it.

    It halves their memory; unlike float16 it has the range that the published autoencoder of the
    SDXL class needs. CPUs and older GPUs are no faster in it and stay at float32.
    """
    is_cuda = torch.device(device).type == "cuda"
    if is_cuda and torch.cuda.is_bf16_supported(including_emulation=False):
        return torch.bfloat16
    return torch.float32
