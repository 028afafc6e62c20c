"""Shape and poses, better from round to round: small pictures first, then larger ones."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from album2avatar.body.types import PhotoPoses
from album2avatar.checkpoint import optimizer_tensors, restore_optimizer
from album2avatar.mesh.smooth_steps import SmoothSteps
from album2avatar.projection.fusion import TexturedSurface, textures_of_others
from album2avatar.projection.observations import MaskedPhoto
from album2avatar.refine.alignment import Look, bending, compare, outline_difference
from album2avatar.refine.photo_choice import choose_photos
from album2avatar.refine.photo_pictures import PhotoPicture, shrink_photo
from album2avatar.refine.pose_corrections import PoseCorrection, corrected_poses
from album2avatar.refine.settling import PoseEvidence, settle
from album2avatar.seeding import torch_generator
from album2avatar.settings import RefineSettings

ROUNDS = (0.4, 0.65, 1.0)
"""Height of the pictures in each round, against the last."""
POSE_SHARES = (1.0, 0.5, 0.25)
"""Of the poses' weight in each round: the finer the pictures, the more they are believed."""
LAST_RATE = 0.25
"""Length of the last steps of a round against its first."""


class Aligner:
    """Variables and optimisers. What a round compares with depends on where it began."""

    def __init__(
        self,
        surface: TexturedSurface,
        vertices: Tensor,
        freedom: Tensor,
        texture_size: int,
        evidence: PoseEvidence,
        photos: Sequence[MaskedPhoto],
        chances: Tensor,
        settings: RefineSettings,
        seed: int,
    ) -> None:
        """
        Args:
            vertices: (V, 3) where the surface is, canonical.
            freedom: (V, 1) 0..1, how far each of them follows the photos.
            texture_size: texels along a side of its texture.
            evidence: about the poses of P photos.
            photos: in the same order.
            chances: (P,) see `photo_choice`.
        """
        self._surface, self._before, self._texture_size = surface, vertices, texture_size
        self._freedom = freedom
        self._evidence = evidence
        self._each = [evidence.at(index) for index in range(len(photos))]
        self._photos, self._chances = photos, chances
        self._settings, self._seed = settings, seed
        self.vertices = vertices.clone()
        settled = self._settled()
        self.corrections = [one or PoseCorrection.none(evidence.skeleton) for one in settled]
        self._pose_weights = [
            settings.settled_pose_weight if one else settings.pose_weight for one in settled
        ]
        # A joint of which pictures say less than one usual error does isn't moved at full pace.
        self._turning = torch.optim.Adam(
            [
                {"params": [one.turns, one.shift], "eps": max(1e-8, weight)}
                for one, weight in zip(self.corrections, self._pose_weights, strict=True)
            ],
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
        evidence = self._evidence
        return corrected_poses(evidence.skeleton, evidence.poses, self.corrections)

    def train_step(self, step: int) -> dict[str, float]:
        """Take step number `step`; returns numbers for the report."""
        if step > 0 and step % self._round_steps == 0:
            self._begin_round(step // self._round_steps)
        settings = self._settings
        generator = torch_generator(self._seed, "refine", "photos", step)
        chosen = choose_photos(self._chances, settings.photos_per_step, generator)
        vertices = self.vertices.clone().requires_grad_()
        self._turning.zero_grad()
        pose_share = POSE_SHARES[step // self._round_steps]
        colors, shares = 0.0, 0.0
        for index in chosen:
            correction, known = self.corrections[index], self._each[index]
            transforms = known.transforms(correction)
            difference = compare(
                self._surface, vertices, transforms, known.poses.cameras,
                self._look.textures[index], self._look.lights[index], self._pictures[index],
            )  # fmt: skip
            energy = settings.color_weight * difference.color + difference.shares
            pose = known.energy(correction, transforms)
            (energy + pose_share * self._pose_weights[index] * pose).backward()
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
        moved = self._moving.step(self.vertices, self._freedom * vertices.grad, rate)
        self.vertices = self.vertices + self._freedom * (moved - self.vertices)
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
        return -(-looks // min(self._settings.photos_per_step, len(self._photos)))

    def _settled(self) -> list[PoseCorrection | None]:
        """For each photo the settled pose where that lies better on its mask, else nothing."""
        if self._settings.turn_rate == 0 or self._settings.visits == 0:
            return [None] * len(self._photos)
        every = settle(self._evidence)
        chosen: list[PoseCorrection | None] = []
        for index, photo in enumerate(self._photos):
            one = PoseCorrection(every.turns[index].clone(), every.shift[index].clone())
            none = PoseCorrection.none(self._evidence.skeleton)
            picture = shrink_photo(photo, self._surface.album_assets, self._height(0))
            is_better = self._off(index, one, picture) < self._off(index, none, picture)
            one.turns.requires_grad_()
            one.shift.requires_grad_()
            chosen.append(one if is_better else None)
        return chosen

    def _off(self, index: int, correction: PoseCorrection, picture: PhotoPicture) -> float:
        """How far the surface as it was lies beside a photo's mask."""
        known = self._each[index]
        return outline_difference(
            self._surface, self._before, known.transforms(correction), known.poses.cameras, picture
        )

    def _height(self, number: int) -> int:
        """Rows of the pictures of a round."""
        return max(16, round(ROUNDS[number] * self._settings.photo_height))

    def _begin_round(self, number: int) -> None:
        """See what the photos show with shape and poses as they are now, and scale them."""
        self._began_vertices = self.vertices.clone()
        self._began = [
            PoseCorrection(one.turns.detach().clone(), one.shift.detach().clone())
            for one in self.corrections
        ]
        height = self._height(number)
        side = max(64, min(self._texture_size, 2 * height))
        textures, lights = textures_of_others(
            self._surface, self.vertices, self.poses, self._photos, (side, side)
        )
        self._look = Look(textures, lights)
        count = self._surface.album_assets
        self._pictures = [shrink_photo(photo, count, height) for photo in self._photos]
