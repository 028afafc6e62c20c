"""The optimisation of the part of the surface that a swap changes."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from album2avatar.checkpoint import optimizer_tensors, restore_optimizer
from album2avatar.memory_budget import MemoryBudget
from album2avatar.mesh.borders import compacted
from album2avatar.mesh.laplacian import laplacian_loss
from album2avatar.mesh.marching import lattice_edges, march
from album2avatar.mesh.signed_distance import DistanceField
from album2avatar.mesh.tetrahedra import TetrahedralMesh, boundary_vertices
from album2avatar.mesh.topology import edge_table
from album2avatar.mesh.types import Mesh
from album2avatar.sculpt.band import Band, neighborhoods
from album2avatar.sculpt.field import OffsetField
from album2avatar.sculpt.grid_offsets import GridOffsets
from album2avatar.sculpt.losses import smoothness_loss
from album2avatar.sculpt.normal_guidance import NormalGuidance
from album2avatar.sculpt.optimizer import offset_optimizer, set_rates
from album2avatar.sculpt.schedule import falling
from album2avatar.sculpt.swap_shape import SwapShape
from album2avatar.settings import Settings

SEAM = 0.04
"""Metres from the kept surface over which the new one becomes free to move."""


@dataclass(frozen=True)
class SwapGround:
    """What doesn't change while a swap is sculpted."""

    band: Band
    kept: Mesh
    """The avatar's surface that stays."""


def lay_ground(shape: SwapShape, lattice: TetrahedralMesh, kept: Tensor) -> SwapGround:
    """Evaluate the shape on a lattice; near the kept faces (F,) bool nothing will move."""
    kept_surface = compacted(shape.avatar.mesh, kept)[0]
    distance = DistanceField(kept_surface).closest(lattice.vertices).distance
    edges = lattice_edges(lattice.tetrahedra)
    nothing = torch.zeros_like(distance)
    band = Band(
        lattice,
        edges,
        shape.signed_distance(lattice.vertices),
        boundary_vertices(lattice.tetrahedra),
        nothing[:, None],
        (distance / SEAM).clamp(0, 1),
        nothing,
        *neighborhoods(lattice.vertices, edges.vertices),
        torch.full_like(distance, torch.inf),
    )
    return SwapGround(band, kept_surface)


class SwapSculptor:
    """Offsets from the garment's known shape, their optimiser and the prior's opinion."""

    def __init__(self, ground: SwapGround, guidance: NormalGuidance, settings: Settings) -> None:
        band = ground.band
        self._ground = ground
        self._guidance = guidance
        self._settings = settings
        source = GridOffsets(band.lattice.vertices)
        self.field = OffsetField(band, torch.zeros_like(band.body_distance), source)
        self.prior_calls = 0
        """Pictures that the prior has judged so far."""
        self._optimizer = offset_optimizer(self.field, settings.sculpt.learning_rate)

    @property
    def memory(self) -> MemoryBudget:
        """How much of a step is done at once."""
        return self._guidance.memory

    def train_step(self, step: int) -> dict[str, float]:
        """Take step number `step`; returns numbers for the report."""
        metrics, calls = self.memory.run(lambda: self._find_gradient(step))
        sculpt, swap = self._settings.sculpt, self._settings.swap
        set_rates(self._optimizer, sculpt.learning_rate, step, swap.sculpt_steps)
        self._optimizer.step()
        self.prior_calls += calls
        return metrics | {"prior_calls": self.prior_calls}

    def _find_gradient(self, step: int) -> tuple[dict[str, float], int]:
        """Leave the gradient of step number `step` in the parameters.

        Returns:
            Numbers for the report, and how many pictures the prior judged.
        """
        sculpt, swap = self._settings.sculpt, self._settings.swap
        band, kept = self._ground.band, self._ground.kept
        offsets = self.field.offsets()
        new = self.surface(offsets)
        whole = Mesh(
            torch.cat([kept.vertices, new.vertices]),
            torch.cat([kept.faces, new.faces + len(kept.vertices)]),
        )
        distillation = self._guidance.distil(whole, edge_table(whole.faces), step)
        steps = swap.sculpt_steps
        laplacian = falling(sculpt.laplacian_weight, sculpt.laplacian_last_share, step, steps)
        smoothness = falling(sculpt.smoothness_weight, sculpt.smoothness_last_share, step, steps)
        loss = (
            sculpt.guidance.weight * distillation.loss
            + laplacian * laplacian_loss(new.vertices, edge_table(new.faces))
            + smoothness * smoothness_loss(offsets, band)
            + swap.anchor_weight * offsets.square().mean()
        )
        self._optimizer.zero_grad()
        loss.backward()
        metrics = {
            "gradient_norm": distillation.gradient_norm,
            "moved_mm": 1000 * float(offsets.detach().abs().mean()),
        }
        return metrics, distillation.prior_calls

    def surface(self, offsets: Tensor) -> Mesh:
        """March the shape with offsets; open where the lattice ends."""
        band = self._ground.band
        marched = march(self.field.signed_distance(offsets), band.edges)
        return Mesh(marched.carry(band.lattice.vertices), marched.faces)

    def finished(self) -> Mesh:
        """The surface as it is now, without gradients."""
        with torch.no_grad():
            return self.surface(self.field.offsets())

    def tensors(self) -> dict[str, Tensor]:
        """Everything that a checkpoint needs."""
        counted = {"prior_calls": torch.tensor(self.prior_calls)}
        return self.field.tensors() | counted | optimizer_tensors(self._optimizer, "adam")

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Put back what `tensors` gave."""
        self.field.restore(tensors)
        restore_optimizer(self._optimizer, tensors, "adam")
        self.prior_calls = int(tensors["prior_calls"])
