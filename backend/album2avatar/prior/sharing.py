"""Two priors that grew from one, in little more than the memory of one."""

from dataclasses import replace

import torch
from torch import nn

from album2avatar.prior.model import Prior


def share_equal_weights(prior: Prior, other: Prior) -> Prior:
    """Let a prior use another's tensors wherever both hold the same numbers.

    What an adapter never touches is then in memory once, whatever kind of adapter it was.

    Args:
        prior: of the same base as `other`, on the same device; changed in place.

    Returns:
        `prior` with the autoencoder of `other`.
    """
    _share(prior.unet, other.unet)
    for own, others in zip(prior.readers, other.readers, strict=True):
        _share(own.encoder, others.encoder)
    return replace(prior, vae=other.vae)


def _share(module: nn.Module, other: nn.Module) -> None:
    known = dict(other.named_parameters())
    for name, parameter in module.named_parameters():
        if name in known and torch.equal(parameter, known[name]):
            parameter.data = known[name].data
