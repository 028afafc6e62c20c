"""Shape and poses, better from round to round: small pictures first, then larger ones."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from album2avatar.body.types import PhotoPoses
from album2avatar.checkpoint import optimizer_tensors, restore_optimizer
from album2avatar.mesh.smooth_steps import SmoothSteps
from album2avatar.projection.fusion import TexturedSurface, textures_of_others
from album2avatar.projection.observations import MaskedPhoto
from album2avatar.refine.alignment import Look, bending, photo_energy
from album2avatar.refine.photo_choice import choose_photos
from album2avatar.refine.photo_pictures import shrink_photo
from album2avatar.refine.pose_corrections import (
    CorrectedSkeleton,
    PoseCorrection,
    corrected_poses,
)
from album2avatar.seeding import torch_generator
from album2avatar.settings import RefineSettings

ROUNDS = (0.4, 0.65, 1.0)
"""Height of the pictures in each round, against the last."""
LAST_RATE = 0.25
"""Length of the last steps of a round against its first."""


class Aligner:
    """Variables and optimisers. What a round compares with depends on where it began."""

    def __init__(
        self,
        surface: TexturedSurface,
        vertices: Tensor,
        texture_size: int,
        skeleton: CorrectedSkeleton,
        poses: PhotoPoses,
        photos: Sequence[MaskedPhoto],
        chances: Tensor,
        settings: RefineSettings,
        seed: int,
    ) -> None:
        """
        Args:
            vertices: (V, 3) where the surface is, canonical.
            texture_size: texels along a side of its texture.
            poses: as fitted; P photos.
            photos: in the same order.
            chances: (P,) see `photo_choice`.
        """
        self._surface, self._before, self._texture_size = surface, vertices, texture_size
        self._skeleton, self._poses = skeleton, poses
        self._photos, self._chances = photos, chances
        self._settings, self._seed = settings, seed
        self.vertices = vertices.clone()
        self.corrections = [PoseCorrection.none(skeleton) for _ in photos]
        self._turning = torch.optim.Adam(
            [leaf for one in self.corrections for leaf in (one.turns, one.shift)],
            betas=(0.9, 0.99),
        )
        self._moving = SmoothSteps(surface.edges, len(vertices), settings.stiffness)
        self._begin_round(0)

    @property
    def steps(self) -> int:
        """Of all rounds together."""
        return len(ROUNDS) * self._round_steps

    @property
    def poses(self) -> PhotoPoses:
        """The corrected ones."""
        return corrected_poses(self._skeleton, self._poses, self.corrections)

    def train_step(self, step: int) -> dict[str, float]:
        """Take step number `step`; returns numbers for the report."""
        if step > 0 and step % self._round_steps == 0:
            self._begin_round(step // self._round_steps)
        settings = self._settings
        generator = torch_generator(self._seed, "refine", "photos", step)
        chosen = choose_photos(self._chances, settings.photos_per_step, generator)
        vertices = self.vertices.clone().requires_grad_()
        self._turning.zero_grad()
        colors, shares = 0.0, 0.0
        for index in chosen:
            correction = self.corrections[index]
            difference = photo_energy(
                self._surface, self._skeleton, self._poses, self._look, vertices, index,
                correction, self._pictures[index],
            )  # fmt: skip
            energy = settings.color_weight * difference.color + difference.shares
            (energy + settings.pose_weight * correction.energy).backward()
            colors += float(difference.color.detach())
            shares += float(difference.shares.detach())
        bent = (
            settings.bending_weight * len(chosen) * bending(self._surface, vertices, self._before)
        )
        bent.backward()
        fade = 1 - (1 - LAST_RATE) * (step % self._round_steps) / self._round_steps
        for group in self._turning.param_groups:
            group["lr"] = fade * settings.turn_rate
        self._turning.step()
        assert vertices.grad is not None
        rate = fade * settings.shape_rate
        self.vertices = self._moving.step(self.vertices, vertices.grad, rate)
        return {"color": colors / len(chosen), "outline": shares / len(chosen)}

    def tensors(self) -> dict[str, Tensor]:
        """Everything that a checkpoint needs."""
        state = {"vertices": self.vertices, "round.vertices": self._began_vertices}
        for index, (now, began) in enumerate(zip(self.corrections, self._began, strict=True)):
            state[f"turns.{index}"], state[f"shift.{index}"] = now.turns, now.shift
            state[f"round.turns.{index}"] = began.turns
            state[f"round.shift.{index}"] = began.shift
        moving = {f"moving.{name}": value for name, value in self._moving.tensors().items()}
        return state | moving | optimizer_tensors(self._turning, "turning")

    def restore(self, tensors: Mapping[str, Tensor], step: int) -> None:
        """Put back what `tensors` gave before step number `step`."""
        with torch.no_grad():
            for index, correction in enumerate(self.corrections):
                correction.turns.copy_(tensors[f"round.turns.{index}"])
                correction.shift.copy_(tensors[f"round.shift.{index}"])
            self.vertices = tensors["round.vertices"].clone()
        # After the last step of a round the next one has not begun yet.
        self._begin_round(max(step - 1, 0) // self._round_steps)
        with torch.no_grad():
            for index, correction in enumerate(self.corrections):
                correction.turns.copy_(tensors[f"turns.{index}"])
                correction.shift.copy_(tensors[f"shift.{index}"])
            self.vertices = tensors["vertices"].clone()
        restore_optimizer(self._turning, tensors, "turning")
        prefix = "moving."
        self._moving.restore(
            {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
        )

    @property
    def _round_steps(self) -> int:
        looks = self._settings.visits * len(self._photos)
        return -(-looks // self._settings.photos_per_step)

    def _begin_round(self, number: int) -> None:
        """See what the photos show with shape and poses as they are now, and scale them."""
        self._began_vertices = self.vertices.clone()
        self._began = [
            PoseCorrection(one.turns.detach().clone(), one.shift.detach().clone())
            for one in self.corrections
        ]
        height = max(16, round(ROUNDS[number] * self._settings.photo_height))
        side = max(64, min(self._texture_size, 2 * height))
        textures, lights = textures_of_others(
            self._surface, self.vertices, self.poses, self._photos, (side, side)
        )
        self._look = Look(textures, lights)
        count = self._surface.album_assets
        self._pictures = [shrink_photo(photo, count, height) for photo in self._photos]
