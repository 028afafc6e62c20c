"""The optimisation of the colour field."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from album2avatar.assets import AssetKind, Framing, View
from album2avatar.body.types import CanonicalBody
from album2avatar.checkpoint import optimizer_tensors, restore_optimizer
from album2avatar.guidance.personal import distil_views
from album2avatar.guidance.timesteps import TimestepSchedule, sample_timesteps
from album2avatar.guidance.views import FrameShares, ViewSample, sample_views
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
NEGATIVE_PROMPT = "blurry, oversaturated, low quality"
"""What pictures should not look like; read by the method `nfsd` alone."""


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
        self._prior = prior
        self._settings = settings
        self._seed = seed
        self._canvas = canvas
        self._visibility = visibility
        self.memory = MemoryBudget(MemoryPlan(settings.views_per_step, settings.supersampling))
        """How much of a step is done at once."""
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
        metrics = self.memory.run(lambda: self._find_gradient(step))
        for group in self._optimizer.param_groups:
            group["lr"] = self._settings.learning_rate * group["rate"] * self._rate(step)
        self._optimizer.step()
        return metrics

    def _find_gradient(self, step: int) -> dict[str, float]:
        """Leave the gradient of step number `step` in the parameters."""
        settings, seed = self._settings, self._seed
        draws = numpy_generator(seed, "paint", "views", step)
        device = self._surface.mesh.vertices.device
        shares = FrameShares(
            settings.full_body_share,
            settings.upper_body_share,
            settings.lower_body_share,
            settings.head_share,
        )
        views = sample_views(self._body, shares, settings.views_per_step, draws, device)
        light = sample_light(len(views), draws)
        words, background = sample_backgrounds(len(views), draws)
        plan = self.memory.plan
        size = self._prior.prior.image_size * plan.supersampling
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
        noise = torch_generator(seed, "paint", "noise", step)
        distillation = distil_views(
            self._prior.at(step / settings.steps),
            views.framings,
            images,
            self._prompts(views, seen, words),
            NEGATIVE_PROMPT,
            self._timesteps(step, noise),
            noise,
            settings.method,
            settings.guidance_scale,
            plan.at_once,
        )
        self._optimizer.zero_grad()
        photos = photo_loss(colors, seen)
        loss = distillation.loss + SATURATION_WEIGHT * saturation_loss(logits)
        (loss + settings.photo_weight * photos).backward()
        return {"gradient_norm": distillation.gradient_norm, "photos": float(photos.detach())}

    def tensors(self) -> dict[str, Tensor]:
        """Everything that a checkpoint needs."""
        state = self._canvas.field.state_dict()
        parameters = {f"field.{name}": value for name, value in state.items()}
        return parameters | optimizer_tensors(self._optimizer, "adam")

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Put back what `tensors` gave."""
        prefix = "field."
        state = {k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)}
        self._canvas.field.load_state_dict(state)
        restore_optimizer(self._optimizer, tensors, "adam")

    def _rate(self, step: int) -> float:
        progress = step / self._settings.steps
        return min(1.0, (step + 1) / WARM_UP_STEPS) * (1.0 - (1.0 - LAST_RATE) * progress)

    def _timesteps(self, step: int, generator: torch.Generator) -> Tensor:
        settings = self._settings
        schedule = TimestepSchedule(
            highest_first=settings.highest_timestep_first,
            highest_last=settings.highest_timestep_last,
        )
        levels = len(self._prior.prior.alphas_cumprod)
        return sample_timesteps(
            schedule, step, settings.steps, settings.views_per_step, levels, generator
        )

    def _prompts(self, views: ViewSample, seen: SeenSurface, backgrounds: list[str]) -> list[str]:
        """Each view's sentence: the assets that it shows, its view, framing and background."""
        return [
            self._prompt(seen.visible_assets(index, VISIBLE_SHARE), view, framing, background)
            for index, (view, framing, background) in enumerate(
                zip(views.views, views.framings, backgrounds, strict=True)
            )
        ]

    def _prompt(
        self, visible: list[int], view: View, framing: Framing | None, background: str
    ) -> str:
        kinds: set[AssetKind] = {self._kinds[index] for index in visible}
        return self._prior.prompt(kinds, view, framing, background=background)
