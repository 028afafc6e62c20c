"""Smooth functions over an image, by their values at the nodes of a lattice."""

from dataclasses import dataclass

import numpy as np
import torch
from scipy import sparse
from torch import Tensor

from album2avatar.mesh.graph_laplacian import graph_laplacian


@dataclass(frozen=True)
class Lattice:
    """Values between which is interpolated, bilinearly."""

    values: Tensor
    """(R, C, D) at the nodes, row 0 at the bottom."""
    spacing: float
    """Pixels between nodes."""

    @staticmethod
    def zeros(size: tuple[int, int], cells: int, channels: int) -> "Lattice":
        """A lattice over an image of `size` (height, width), with `cells` along its longer side."""
        spacing = max(size) / cells
        rows, columns = (int(np.ceil(side / spacing)) + 1 for side in size)
        return Lattice(torch.zeros(rows, columns, channels), spacing)

    def at(self, places: Tensor) -> Tensor:
        """Values (N, D) at places (N, 2) of the image: pixels (right, up)."""
        nodes, shares = self.corners(places)
        values = self.values.reshape(-1, self.values.shape[2])
        return (values[nodes] * shares[..., None]).sum(1)

    def corners(self, places: Tensor) -> tuple[Tensor, Tensor]:
        """The four nodes around each place, (N, 4) int64, and their shares (N, 4)."""
        rows, columns = self.values.shape[:2]
        across = (places[:, 0] / self.spacing).clamp(0, columns - 1.001)
        up = (places[:, 1] / self.spacing).clamp(0, rows - 1.001)
        left, below = across.floor().long(), up.floor().long()
        x, y = across - left, up - below
        corner = below * columns + left
        nodes = torch.stack([corner, corner + 1, corner + columns, corner + columns + 1], 1)
        return nodes, torch.stack([(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y], 1)

    def laplacian(self) -> sparse.spmatrix:
        """Of the nodes, (R * C, R * C)."""
        rows, columns = self.values.shape[:2]
        node = np.arange(rows * columns).reshape(rows, columns)
        beside = np.stack([node[:, :-1], node[:, 1:]], -1).reshape(-1, 2)
        above = np.stack([node[:-1], node[1:]], -1).reshape(-1, 2)
        return graph_laplacian(np.concatenate([beside, above]), rows * columns)
