"""The optimisation of the surface."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from album2avatar.body.skinning import skin_points
from album2avatar.body.types import CanonicalBody
from album2avatar.checkpoint import optimizer_tensors, restore_optimizer
from album2avatar.memory_budget import MemoryBudget
from album2avatar.mesh.laplacian import laplacian_loss, normal_consistency_loss
from album2avatar.mesh.marching import MarchedSurface, march
from album2avatar.mesh.topology import EdgeTable, edge_table
from album2avatar.mesh.types import Mesh
from album2avatar.prior.personalized import PersonalizedPrior
from album2avatar.render.rasterize import Visibility
from album2avatar.render.shading import render_mask
from album2avatar.render.visibility_warp import face_ids
from album2avatar.sculpt.band import Band
from album2avatar.sculpt.field import LEVEL_RATES, OffsetField
from album2avatar.sculpt.hull import first_offsets
from album2avatar.sculpt.losses import (
    inward_loss,
    silhouette_loss,
    smoothness_loss,
    template_loss,
)
from album2avatar.sculpt.normal_guidance import NormalGuidance
from album2avatar.sculpt.photos import MaskedPhoto
from album2avatar.seeding import torch_generator
from album2avatar.settings.sculpt import SculptSettings

LAST_RATE = 0.1
"""Learning rate at the last step as a share of the first."""
COARSE_SHARE = 0.1
"""Weight of the coarse silhouettes. They pull the surface into a limb's mask that the fitted pose
misses, and make it deeper where no photo looks. The hull has come near enough already."""
DAMPING = 1e-7
"""Adam's epsilon. Where nothing but rounding pulls at a node, it shall stay where it is."""


@dataclass(frozen=True)
class SculptedSurface:
    """The surface of one step."""

    marched: MarchedSurface
    mesh: Mesh
    """In the canonical pose."""
    edges: EdgeTable


class Sculptor:
    """Offset field, optimiser, photos and prior; every random draw belongs to its step."""

    def __init__(
        self,
        band: Band,
        body: CanonicalBody,
        photos: Sequence[MaskedPhoto],
        prior: PersonalizedPrior,
        settings: SculptSettings,
        seed: int,
        drafted: Tensor | None,
        visibility: Visibility = face_ids,
    ) -> None:
        """
        Args:
            photos: whose masks hold the outlines; none for a person who is only described.
            drafted: (N,) metres from the band's vertices to the draft, signed; None without one.
            visibility: how the visible faces are found.
        """
        self._band = band
        self._photos = photos
        self._guidance = NormalGuidance(prior, body, settings, settings.steps, seed, visibility)
        self._visibility = visibility
        self._settings = settings
        self._seed = seed
        # Marching in a posed lattice gives the posed surface: skinning once is enough.
        self._posed_lattices = [
            skin_points(band.lattice.vertices, band.weights, photo.bone_transforms)[0]
            for photo in photos
        ]
        self.field = OffsetField(band, first_offsets(band, self._posed_lattices, photos, drafted))
        self._optimizer = torch.optim.Adam(
            [
                {"params": [values], "rate": rate}
                for values, rate in zip(self.field.parameters, LEVEL_RATES, strict=True)
            ],
            lr=settings.learning_rate,
            betas=(0.9, 0.99),
            eps=DAMPING,
        )

    @property
    def memory(self) -> MemoryBudget:
        """How much of a step is done at once."""
        return self._guidance.memory

    def train_step(self, step: int) -> dict[str, float]:
        """Take step number `step`; returns numbers for the report."""
        metrics = self.memory.run(lambda: self._find_gradient(step))
        for group in self._optimizer.param_groups:
            group["lr"] = self._settings.learning_rate * group["rate"] * self._rate(step)
        self._optimizer.step()
        return metrics

    def _find_gradient(self, step: int) -> dict[str, float]:
        """Leave the gradient of step number `step` in the parameters."""
        offsets = self.field.offsets()
        surface = self.surface(offsets)
        silhouette = self._silhouette_loss(surface, step)
        distillation = self._guidance.distil(surface.mesh, surface.edges, step)
        loss = (
            self._settings.silhouette_weight * silhouette
            + self._settings.guidance_weight * distillation.loss
            + self._regularization(surface, offsets)
        )
        self._optimizer.zero_grad()
        loss.backward()
        return {
            "silhouette": float(silhouette.detach()),
            "gradient_norm": distillation.gradient_norm,
        }

    def surface(self, offsets: Tensor) -> SculptedSurface:
        """March the field."""
        marched = march(self.field.signed_distance(offsets), self._band.edges)
        vertices = marched.carry(self._band.lattice.vertices)
        return SculptedSurface(marched, Mesh(vertices, marched.faces), edge_table(marched.faces))

    def tensors(self) -> dict[str, Tensor]:
        """Everything that a checkpoint needs."""
        levels = {f"level.{i}": values for i, values in enumerate(self.field.parameters)}
        return levels | optimizer_tensors(self._optimizer, "adam")

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Put back what `tensors` gave."""
        with torch.no_grad():
            for index, values in enumerate(self.field.parameters):
                values.copy_(tensors[f"level.{index}"])
        restore_optimizer(self._optimizer, tensors, "adam")

    def _rate(self, step: int) -> float:
        return 1.0 - (1.0 - LAST_RATE) * step / self._settings.steps

    def _silhouette_loss(self, surface: SculptedSurface, step: int) -> Tensor:
        """Compare the posed surface with the masks of some photos; 0 where there are none."""
        if not self._photos:
            return surface.mesh.vertices.new_zeros(())
        generator = torch_generator(self._seed, "sculpt", "photos", step)
        count = min(self._settings.photos_per_step, len(self._photos))
        chosen = torch.randperm(len(self._photos), generator=generator)[:count].tolist()
        losses = [
            silhouette_loss(self._coverage(surface, index), self._photos[index].mask, COARSE_SHARE)
            for index in chosen
        ]
        return torch.stack(losses).mean()

    def _coverage(self, surface: SculptedSurface, index: int) -> Tensor:
        photo = self._photos[index]
        posed = surface.marched.carry(self._posed_lattices[index])
        return render_mask(
            posed,
            surface.mesh.faces,
            photo.camera,
            photo.resolution,
            surface.edges,
            self._visibility,
        )[0, :, :, 0]

    def _regularization(self, surface: SculptedSurface, offsets: Tensor) -> Tensor:
        settings, mesh = self._settings, surface.mesh
        return (
            settings.laplacian_weight * laplacian_loss(mesh.vertices, surface.edges)
            + settings.normal_consistency_weight
            * normal_consistency_loss(mesh.vertices, mesh.faces, surface.edges)
            + settings.smoothness_weight * smoothness_loss(offsets, self._band)
            + settings.template_weight * template_loss(offsets, self._band)
            + settings.inward_weight * inward_loss(offsets, self._band, settings.inward_allowance)
        )
