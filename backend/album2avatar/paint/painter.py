"""The optimisation of the colour field."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from album2avatar.assets import AssetKind
from album2avatar.body.types import CanonicalBody
from album2avatar.checkpoint import optimizer_tensors, restore_optimizer
from album2avatar.guidance.garments import garment_frames, regions_of_surface
from album2avatar.guidance.personal import PersonalGuidance
from album2avatar.guidance.views import CameraMix, ViewSample, sample_views
from album2avatar.memory_budget import MemoryBudget, MemoryPlan
from album2avatar.paint.canvas import Canvas
from album2avatar.paint.color_field import saturation_loss
from album2avatar.paint.scene import (
    Light,
    PaintedSurface,
    SeenSurface,
    look,
    photo_loss,
    photograph,
    sample_backgrounds,
    sample_light,
)
from album2avatar.prior.personalized import PersonalizedPrior
from album2avatar.render.rasterize import Visibility
from album2avatar.render.visibility_warp import face_ids
from album2avatar.seeding import numpy_generator, torch_generator
from album2avatar.settings.paint import PaintSettings

VISIBLE_SHARE = 0.004
"""An asset is named in a view's prompt when it covers this share of the picture; the demo
prior's captions name what covers as much."""
WARM_UP_STEPS = 20
"""Adam's first steps have the full size whatever the gradient; they are held back."""
LAST_RATE = 0.1
"""Learning rate at the last step as a share of the first."""
SATURATION_WEIGHT = 0.1
"""Weight of the saturation loss: about the size of the distillation's gradient where a logit
is one beyond the free range."""
ASSET_RATE = 3.0
"""Learning rate of the assets' own colours as a multiple of the network's."""


class Painter:
    """Canvas, optimiser and prior; every random draw belongs to its step."""

    def __init__(
        self,
        surface: PaintedSurface,
        canvas: Canvas,
        kinds: Sequence[AssetKind],
        body: CanonicalBody,
        prior: PersonalizedPrior,
        settings: PaintSettings,
        seed: int,
        visibility: Visibility = face_ids,
    ) -> None:
        """
        Args:
            kinds: of the surface's assets, in their order.
            visibility: how the visible faces are found.
        """
        self._surface = surface
        self._kinds = tuple(kinds)
        self._body = body
        worn = regions_of_surface(surface.mesh.vertices, surface.assets, kinds)
        self._garments = garment_frames(worn)
        self._guidance = PersonalGuidance.load(prior, settings.guidance, settings.steps)
        self._settings = settings
        self._seed = seed
        self._canvas = canvas
        self._visibility = visibility
        own = settings.guidance
        self.memory = MemoryBudget(MemoryPlan(own.views_per_step, own.supersampling))
        """How much of a step is done at once."""
        self.prior_calls = 0
        """Pictures that the prior has judged so far."""
        self._optimizer = torch.optim.Adam(
            [
                {"params": list(canvas.field.network.parameters()), "rate": 1.0},
                {"params": [canvas.field.asset_logits], "rate": ASSET_RATE},
            ],
            lr=settings.learning_rate,
            betas=(0.9, 0.99),
        )

    def train_step(self, step: int) -> dict[str, float]:
        """Take step number `step`; returns numbers for the report."""
        metrics, calls = self.memory.run(lambda: self._find_gradient(step))
        for group in self._optimizer.param_groups:
            group["lr"] = self._settings.learning_rate * group["rate"] * self._rate(step)
        self._optimizer.step()
        self.prior_calls += calls
        return metrics | {"prior_calls": self.prior_calls}

    def _find_gradient(self, step: int) -> tuple[dict[str, float], int]:
        """Leave the gradient of step number `step` in the parameters.

        Returns:
            Numbers for the report, and how many pictures the prior judged.
        """
        settings, guidance, seed = self._settings, self._guidance, self._seed
        own, plan = settings.guidance, self.memory.plan
        draws = numpy_generator(seed, "paint", "views", step)
        device = self._surface.mesh.vertices.device
        views = sample_views(
            self._body,
            CameraMix.of(own),
            own.views_per_step,
            draws,
            device,
            self._garments,
        )
        light = sample_light(len(views), draws)
        words, background = sample_backgrounds(len(views), draws)
        size = guidance.picture_size(step) * plan.supersampling
        seen = look(self._surface, views.cameras, size, self._visibility)
        logits = self._canvas.logits(seen)
        colors = torch.sigmoid(logits)
        images = photograph(
            seen,
            colors,
            Light(light.direction.to(device), light.ambient.to(device)),
            background.to(device),
            plan.supersampling,
        )
        distillation = guidance.distil(
            step,
            views.framings,
            images,
            self._prompts(views, seen, words),
            torch_generator(seed, "paint", "noise", step),
            guidance.leading_pictures(
                step, self._body, self._surface.mesh, views.cameras, self._visibility
            ),
            plan.at_once,
        )
        self._optimizer.zero_grad()
        photos = photo_loss(colors, seen)
        loss = own.weight * distillation.loss + SATURATION_WEIGHT * saturation_loss(logits)
        (loss + settings.photo_weight * photos).backward()
        metrics = {
            "gradient_norm": distillation.gradient_norm,
            "photos": float(photos.detach()),
        }
        return metrics, distillation.prior_calls

    def tensors(self) -> dict[str, Tensor]:
        """Everything that a checkpoint needs."""
        state = self._canvas.field.state_dict()
        parameters = {f"field.{name}": value for name, value in state.items()}
        counted = {"prior_calls": torch.tensor(self.prior_calls)}
        return parameters | counted | optimizer_tensors(self._optimizer, "adam")

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Put back what `tensors` gave."""
        prefix = "field."
        state = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
        self._canvas.field.load_state_dict(state)
        restore_optimizer(self._optimizer, tensors, "adam")
        self.prior_calls = int(tensors["prior_calls"])

    def _rate(self, step: int) -> float:
        progress = step / self._settings.steps
        return min(1.0, (step + 1) / WARM_UP_STEPS) * (1.0 - (1.0 - LAST_RATE) * progress)

    def _prompts(self, views: ViewSample, seen: SeenSurface, backgrounds: list[str]) -> list[str]:
        """Each view's sentence: the assets that it shows, its view, framing and background."""
        shots = zip(views.views, views.framings, views.garments, backgrounds, strict=True)
        return [
            self._guidance.prompt(
                self._named(seen, index) if garment is None else {garment},
                view,
                framing,
                background=background,
            )
            for index, (view, framing, garment, background) in enumerate(shots)
        ]

    def _named(self, seen: SeenSurface, picture: int) -> set[AssetKind]:
        """Kinds of the assets that a picture shows."""
        return {self._kinds[index] for index in seen.visible_assets(picture, VISIBLE_SHARE)}
