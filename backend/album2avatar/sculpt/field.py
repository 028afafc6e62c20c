"""The signed distance that is sculpted: the body's, plus offsets."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from album2avatar.sculpt.band import Band
from album2avatar.sculpt.grid_offsets import GridOffsets
from album2avatar.sculpt.network_offsets import HashGridOffsets, NetworkOffsets
from album2avatar.seeding import torch_generator
from album2avatar.settings.sculpt import FieldKind

DESCRIBED_SHARE = 0.2
"""Lattice edges by which the surface may sink into described cloth. A brim is half an edge thick on
either side: with more than this a few noisy steps would end it, and it never grows again."""


class OffsetSource(Protocol):
    """Offsets at fixed places that an optimiser changes; all zero at the start."""

    @property
    def parameters(self) -> Sequence[Tensor]:
        """What an optimiser changes."""
        ...

    @property
    def rates(self) -> Sequence[float]:
        """Share of the learning rate of each parameter."""
        ...

    def offsets(self) -> Tensor:
        """(N,) metres, differentiable in the parameters."""
        ...


def make_source(kind: FieldKind, places: Tensor, seed: int) -> OffsetSource:
    """Offsets at places (N, 3); equal seeds draw equal weights."""
    if kind == "hash grid":
        return HashGridOffsets(places, torch_generator(seed, "sculpt", "hash grid"))
    if kind == "network":
        return NetworkOffsets(places, torch_generator(seed, "sculpt", "network"))
    return GridOffsets(places)


class OffsetField:
    """Offsets of the signed distance from where they start, as far as the band lets them."""

    def __init__(self, band: Band, first: Tensor, source: OffsetSource) -> None:
        """
        Args:
            first: (N,) metres, the offsets at the start, as far as the band leaves freedom.
            source: of what is added to them at the band's vertices.
        """
        self._band = band
        self._first = first
        self._source = source

    def parameter_groups(self) -> list[dict[str, Any]]:
        """The parameters with their `rate`, for an optimiser."""
        pairs = zip(self._source.parameters, self._source.rates, strict=True)
        return [{"params": [values], "rate": rate} for values, rate in pairs]

    def offsets(self) -> Tensor:
        """(N,) metres added to the body's distance; negative moves the surface outwards."""
        return self._first + self._band.freedom * self._source.offsets()

    def signed_distance(self, offsets: Tensor) -> Tensor:
        """(N,) metres; on the band's rim always the body's, so that nothing is cut open, and
        elsewhere not much deeper than in what words describe."""
        band = self._band
        distance = band.body_distance + torch.where(band.fixed, 0.0, offsets)
        deepest = band.described + DESCRIBED_SHARE * band.spacing
        return torch.where(band.fixed, distance, torch.minimum(distance, deepest))

    def tensors(self) -> dict[str, Tensor]:
        """Everything that a checkpoint needs."""
        return {f"level.{i}": values for i, values in enumerate(self._source.parameters)}

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Put back what `tensors` gave."""
        with torch.no_grad():
            for index, values in enumerate(self._source.parameters):
                values.copy_(tensors[f"level.{index}"])
