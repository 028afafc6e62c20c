"""Steps of a mesh's vertices that move neighbours together."""

import torch
from scipy import sparse
from scipy.sparse.linalg import splu
from torch import Tensor

from album2avatar.mesh.graph_laplacian import graph_laplacian
from album2avatar.mesh.topology import EdgeTable


class SmoothSteps:
    """Adam on gradients that are spread over the mesh.

    A gradient is nonzero only at outlines and edges of a pattern; taken as it is it draws spikes.
    Source: Nicolet, Jacobson and Jakob 2021, "Large steps in inverse rendering of geometry": the
    step is (1 + λL)⁻² times the gradient, with one scale for all vertices.
    """

    def __init__(self, edges: EdgeTable, count: int, stiffness: float) -> None:
        """
        Args:
            edges: of the mesh.
            count: V.
            stiffness: λ; a step reaches about sqrt(λ) edges far.
        """
        laplacian = graph_laplacian(edges.vertices.cpu().numpy(), count)
        self._solve = splu((sparse.identity(count) + stiffness * laplacian).tocsc()).solve
        self._first = torch.zeros(count, 3)
        self._second = torch.zeros(())
        self._count = 0

    def step(self, vertices: Tensor, gradient: Tensor, rate: float) -> Tensor:
        """Vertices (V, 3) after a step of about `rate` metres against their gradient (V, 3)."""
        rows = self._solve(self._solve(gradient.double().cpu().numpy()))
        smooth = torch.from_numpy(rows).to(gradient.dtype)
        self._count += 1
        self._first = 0.9 * self._first + 0.1 * smooth
        self._second = 0.99 * self._second + 0.01 * smooth.square().sum(-1).amax()
        first = self._first / (1 - 0.9**self._count)
        second = self._second / (1 - 0.99**self._count)
        return vertices - rate * (first / (second.sqrt() + 1e-12)).to(vertices.device)

    def tensors(self) -> dict[str, Tensor]:
        """What a checkpoint needs."""
        count = torch.tensor(self._count)
        return {"first": self._first, "second": self._second, "count": count}

    def restore(self, tensors: dict[str, Tensor]) -> None:
        """Put back what `tensors` gave."""
        self._first, self._second = tensors["first"].clone(), tensors["second"].clone()
        self._count = int(tensors["count"])
