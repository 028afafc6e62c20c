"""Offsets of a signed distance that a small network knows, from hashed features or from waves."""

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from album2avatar.mesh.gather import gather_rows
from album2avatar.sculpt.grid_offsets import grid_corners

HASH_SPACINGS: tuple[float, ...] = (0.16, 0.08, 0.04, 0.02, 0.01)
"""Metres between the nodes of the hash grid's levels."""
HASH_ROWS = 2**14
"""Rows of a level's table; nodes that share a row share its features."""
HASH_FEATURES = 2
_PRIMES = (1, 2_654_435_761, 805_459_861)

WAVELENGTHS: tuple[float, ...] = (1.28, 0.64, 0.32, 0.16, 0.08, 0.04)
"""Metres, of the waves along each axis in which the network is told a place."""
HIDDEN = 64
"""Units of a hidden layer."""
_REACH = 0.1
"""Metres that one unit of a network's output stands for."""
_NETWORK_RATE = 1.0
"""Share of the learning rate of a network's weights."""
_TABLE_RATE = 4.0
"""The same of a hash grid's features."""


class HashGridOffsets:
    """Features in hashed grids, which a small network reads.

    Source: Müller et al. 2022, "Instant neural graphics primitives with a multiresolution hash
    encoding", section 3.
    """

    def __init__(self, places: Tensor, generator: torch.Generator) -> None:
        rows, shares = zip(*(_hashed(places, s) for s in HASH_SPACINGS), strict=True)
        # One table holds all levels, one after the other.
        starts = HASH_ROWS * torch.arange(len(HASH_SPACINGS), device=places.device)
        self._rows = torch.stack(rows, dim=1) + starts[:, None]
        self._shares = torch.stack(shares, dim=1)
        table = 2e-4 * torch.rand(
            len(HASH_SPACINGS) * HASH_ROWS, HASH_FEATURES, generator=generator
        )
        layers = _layers((len(HASH_SPACINGS) * HASH_FEATURES, HIDDEN, 1), generator)
        self.parameters = _trained([table - 1e-4, *layers], places.device)
        self.rates = (_TABLE_RATE, *[_NETWORK_RATE] * len(layers))

    def offsets(self) -> Tensor:
        """(N,) metres."""
        table, *layers = self.parameters
        corners = gather_rows(table, self._rows)  # (N, L, 8, C)
        features = (corners * self._shares[..., None]).sum(dim=2)
        return _evaluated(features.flatten(start_dim=1), layers)


def _hashed(places: Tensor, spacing: float) -> tuple[Tensor, Tensor]:
    nodes, shares = grid_corners(places, spacing)
    x, y, z = (axis * prime for axis, prime in zip(nodes.unbind(dim=2), _PRIMES, strict=True))
    return (x ^ y ^ z) % HASH_ROWS, shares


class NetworkOffsets:
    """A small network of the place, told in waves.

    Source: Tancik et al. 2020, "Fourier features let networks learn high frequency functions in
    low dimensional domains".
    """

    def __init__(self, places: Tensor, generator: torch.Generator) -> None:
        phases = [2 * math.pi / length * places for length in WAVELENGTHS]
        waves = torch.cat([wave for phase in phases for wave in (phase.sin(), phase.cos())], dim=1)
        self._waves = waves
        layers = _layers((waves.shape[1], HIDDEN, HIDDEN, 1), generator)
        self.parameters = _trained(layers, places.device)
        self.rates = (_NETWORK_RATE,) * len(layers)

    def offsets(self) -> Tensor:
        """(N,) metres."""
        return _evaluated(self._waves, self.parameters)


def _layers(sizes: Sequence[int], generator: torch.Generator) -> list[Tensor]:
    """Weights (out, in) and biases (out,) of each layer; the last layer is zero."""
    layers: list[Tensor] = []
    for size, out in itertools.pairwise(sizes):
        weights = math.sqrt(2 / size) * torch.randn(out, size, generator=generator)
        layers += [weights, torch.zeros(out)]
    layers[-2] = torch.zeros_like(layers[-2])
    return layers


def _trained(values: Sequence[Tensor], device: torch.device) -> list[Tensor]:
    return [value.to(device).requires_grad_() for value in values]


def _evaluated(inputs: Tensor, layers: Sequence[Tensor]) -> Tensor:
    """The network's output for inputs (N, D), metres (N,)."""
    hidden = inputs
    for weights, bias in zip(layers[0:-2:2], layers[1:-2:2], strict=True):
        hidden = F.silu(F.linear(hidden, weights, bias))
    return _REACH * F.linear(hidden, layers[-2], layers[-1])[:, 0]
