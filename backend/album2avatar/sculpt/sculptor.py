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
from album2avatar.mesh.signed_distance import DistanceField
from album2avatar.mesh.topology import EdgeTable, edge_table
from album2avatar.mesh.types import Mesh
from album2avatar.prior.personalized import PersonalizedPrior
from album2avatar.render.rasterize import Visibility
from album2avatar.render.shading import render_mask
from album2avatar.render.visibility_warp import face_ids
from album2avatar.sculpt.band import Band
from album2avatar.sculpt.field import OffsetField, make_source
from album2avatar.sculpt.hull import first_offsets
from album2avatar.sculpt.losses import (
    inward_loss,
    silhouette_loss,
    smoothness_loss,
    template_loss,
)
from album2avatar.sculpt.normal_guidance import NormalGuidance
from album2avatar.sculpt.optimizer import offset_optimizer, set_rates
from album2avatar.sculpt.photos import MaskedPhoto
from album2avatar.sculpt.rebuilding import BandBuilder, LaidBand
from album2avatar.sculpt.schedule import falling
from album2avatar.sculpt.skirt import close_skirt
from album2avatar.seeding import torch_generator
from album2avatar.settings.sculpt import SculptSettings

COARSE_SHARE = 0.1
"""Weight of the coarse silhouettes. They pull the surface into a limb's mask that the fitted pose
misses, and make it deeper where no photo looks. The hull has come near enough already."""


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
        builder: BandBuilder,
        body: CanonicalBody,
        photos: Sequence[MaskedPhoto],
        prior: PersonalizedPrior,
        settings: SculptSettings,
        seed: int,
        draft: DistanceField | None,
        visibility: Visibility = face_ids,
    ) -> None:
        """
        Args:
            builder: lays the band, now and later.
            photos: whose masks hold the outlines; none for a person who is only described.
            draft: to start near; None without one.
            visibility: how the visible faces are found.
        """
        self._builder = builder
        self._photos = photos
        self._guidance = NormalGuidance(prior, body, settings, settings.steps, seed, visibility)
        self._visibility = visibility
        self._settings = settings
        self._seed = seed
        if settings.start == "album":
            laid = self._first_of_album(body, draft)
        else:
            cells, band = builder.first(None)
            laid = LaidBand(band, cells, band.freedom * first_offsets(band, [], [], None))
        self._is_first_band = True
        self.prior_calls = 0
        """Pictures that the prior has judged so far."""
        self._lay(laid)

    def _first_of_album(self, body: CanonicalBody, draft: DistanceField | None) -> LaidBand:
        """A band with room for what photos and draft say, and for a skirt where there is one."""
        cells, band = self._builder.first(self._photos)
        open_offsets, offsets = self._guess(band, body, draft)
        # Masks were read with the nearer leg's pose when cells were chosen: between the legs of
        # a wide skirt some are missing.
        pressed = band.fixed & (band.body_distance > 0) & (offsets < open_offsets)
        pressed &= band.body_distance + offsets < 0
        if bool(pressed.any()):
            cells, band = self._builder.wider(cells, band.lattice.vertices[pressed])
            offsets = self._guess(band, body, draft)[1]
        return LaidBand(band, cells, band.freedom * offsets)

    def _guess(
        self, band: Band, body: CanonicalBody, draft: DistanceField | None
    ) -> tuple[Tensor, Tensor]:
        """Offsets (N,) of the first guess, as body and draft are, and with a skirt closed."""
        places = band.lattice.vertices
        drafted = None if draft is None else draft.closest_signed(places).signed_distance
        posed = self._posed(band)
        offsets = first_offsets(band, posed, self._photos, drafted)
        return offsets, close_skirt(band, offsets, posed, self._photos, body)

    def _lay(self, laid: LaidBand) -> None:
        """Start from a band, with an optimiser that knows nothing yet."""
        band, settings = laid.band, self._settings
        self._laid = laid
        # Marching in a posed lattice gives the posed surface: skinning once is enough.
        self._posed_lattices = self._posed(band)
        source = make_source(settings.field, band.lattice.vertices, self._seed)
        self.field = OffsetField(band, laid.first, source)
        self._optimizer = offset_optimizer(self.field, settings.learning_rate)

    @property
    def memory(self) -> MemoryBudget:
        """How much of a step is done at once."""
        return self._guidance.memory

    def _posed(self, band: Band) -> list[Tensor]:
        """The band's vertices (N, 3) in each photo's pose."""
        return [
            skin_points(band.lattice.vertices, band.weights, photo.bone_transforms)[0]
            for photo in self._photos
        ]

    def train_step(self, step: int) -> dict[str, float]:
        """Take step number `step`; returns numbers for the report."""
        # Not below: a step that is taken again doesn't lay the band again.
        rebuilt = self._builder.rebuilt(step, self._laid, self.field.offsets().detach())
        if rebuilt is not None:
            self._lay(rebuilt)
            self._is_first_band = False
        metrics, calls = self.memory.run(lambda: self._find_gradient(step))
        settings = self._settings
        set_rates(self._optimizer, settings.learning_rate, step, settings.steps)
        self._optimizer.step()
        self.prior_calls += calls
        return metrics | {"prior_calls": self.prior_calls}

    def _find_gradient(self, step: int) -> tuple[dict[str, float], int]:
        """Leave the gradient of step number `step` in the parameters.

        Returns:
            Numbers for the report, and how many pictures the prior judged.
        """
        offsets = self.field.offsets()
        surface = self.surface(offsets)
        silhouette = self._silhouette_loss(surface, step)
        distillation = self._guidance.distil(surface.mesh, surface.edges, step)
        loss = (
            self._settings.silhouette_weight * silhouette
            + self._settings.guidance.weight * distillation.loss
            + self._regularization(surface, offsets, step)
        )
        self._optimizer.zero_grad()
        loss.backward()
        metrics = {
            "silhouette": float(silhouette.detach()),
            "gradient_norm": distillation.gradient_norm,
        }
        return metrics, distillation.prior_calls

    def surface(self, offsets: Tensor) -> SculptedSurface:
        """March the field."""
        marched = march(self.field.signed_distance(offsets), self._laid.band.edges)
        vertices = marched.carry(self._laid.band.lattice.vertices)
        return SculptedSurface(marched, Mesh(vertices, marched.faces), edge_table(marched.faces))

    def tensors(self) -> dict[str, Tensor]:
        """Everything that a checkpoint needs."""
        counted = {"prior_calls": torch.tensor(self.prior_calls)}
        state = self.field.tensors() | counted | optimizer_tensors(self._optimizer, "adam")
        return state if self._is_first_band else state | self._laid.tensors()

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Put back what `tensors` gave."""
        laid = self._builder.restored(tensors, self._laid)
        self._is_first_band = laid is self._laid
        if not self._is_first_band:
            self._lay(laid)
        self.field.restore(tensors)
        restore_optimizer(self._optimizer, tensors, "adam")
        self.prior_calls = int(tensors["prior_calls"])

    def _silhouette_loss(self, surface: SculptedSurface, step: int) -> Tensor:
        """Compare the posed surface with the masks of some photos; 0 where none are heard."""
        if not self._photos or self._settings.silhouette_weight == 0:
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

    def _regularization(self, surface: SculptedSurface, offsets: Tensor, step: int) -> Tensor:
        settings, mesh, band = self._settings, surface.mesh, self._laid.band
        steps = settings.steps
        laplacian = falling(settings.laplacian_weight, settings.laplacian_last_share, step, steps)
        consistency = falling(
            settings.normal_consistency_weight, settings.normal_consistency_last_share, step, steps
        )
        smoothness = falling(
            settings.smoothness_weight, settings.smoothness_last_share, step, steps
        )
        return (
            laplacian * laplacian_loss(mesh.vertices, surface.edges)
            + consistency * normal_consistency_loss(mesh.vertices, mesh.faces, surface.edges)
            + smoothness * smoothness_loss(offsets, band)
            + settings.template_weight * template_loss(offsets, band)
            + settings.inward_weight * inward_loss(offsets, band, settings.inward_allowance)
        )
