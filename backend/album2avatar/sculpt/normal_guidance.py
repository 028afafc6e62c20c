"""The prior's opinion of the surface: score distillation on normal maps."""

from collections.abc import Mapping

import torch
from torch import Tensor

from album2avatar.assets import AssetKind, Framing
from album2avatar.body.types import CanonicalBody
from album2avatar.guidance.distillation import Distillation
from album2avatar.guidance.personal import distil_views
from album2avatar.guidance.timesteps import TimestepSchedule, sample_timesteps
from album2avatar.guidance.views import FrameShares, ViewSample, sample_views
from album2avatar.memory_budget import MemoryBudget, MemoryPlan
from album2avatar.mesh.topology import EdgeTable
from album2avatar.mesh.types import Mesh
from album2avatar.prior.personalized import PersonalizedPrior
from album2avatar.render.images import area_downsample
from album2avatar.render.rasterize import Visibility
from album2avatar.render.shading import render_normals
from album2avatar.render.visibility_warp import face_ids
from album2avatar.seeding import numpy_generator, torch_generator
from album2avatar.settings.sculpt import SculptSettings

NEGATIVE_PROMPT = "blurry, noisy, low quality"
"""What normal maps should not look like; read by the method `nfsd` alone."""
SHOWN_KINDS: Mapping[Framing, frozenset[AssetKind]] = {
    "upper body": frozenset(
        {"face", "skin", "hair", "top", "dress", "outerwear", "headwear", "glasses", "bag"}
    ),
    "lower body": frozenset({"skin", "bottom", "dress", "outerwear", "shoes", "bag"}),
    "head close-up": frozenset({"face", "skin", "hair", "headwear", "glasses", "top"}),
}
"""Kinds of assets that a framing shows; the whole body shows all."""


class NormalGuidance:
    """Asks the prior about normal maps from all around; every random draw belongs to its step."""

    def __init__(
        self,
        prior: PersonalizedPrior,
        body: CanonicalBody,
        settings: SculptSettings,
        steps: int,
        seed: int,
        visibility: Visibility = face_ids,
    ) -> None:
        """
        Args:
            body: to frame the views.
            steps: over which the noise falls.
            visibility: how the visible faces are found.
        """
        self._prior = prior
        self._body = body
        self._settings = settings
        self._steps = steps
        self._seed = seed
        self._visibility = visibility
        self.memory = MemoryBudget(MemoryPlan(settings.views_per_step, settings.supersampling))
        """How much is done at once; a step that may run out of memory is to be run by it."""

    def distil(self, mesh: Mesh, edges: EdgeTable, step: int) -> Distillation:
        """Evaluate the guidance at step number `step`, differentiable in the mesh's vertices."""
        settings, plan = self._settings, self.memory.plan
        head = settings.head_share
        shares = FrameShares(0.5 * (1 - head), 0.3 * (1 - head), 0.2 * (1 - head), head)
        views = sample_views(
            self._body,
            shares,
            settings.views_per_step,
            numpy_generator(self._seed, "sculpt", "views", step),
            mesh.vertices.device,
        )
        size = self._prior.prior.image_size * plan.supersampling
        normals, _ = render_normals(
            mesh.vertices, mesh.faces, views.cameras, (size, size), edges, self._visibility
        )
        noise = torch_generator(self._seed, "sculpt", "noise", step)
        return distil_views(
            self._prior.at(step / self._steps),
            views.framings,
            area_downsample(normals, plan.supersampling),
            self._prompts(views),
            NEGATIVE_PROMPT,
            self._timesteps(step, noise),
            noise,
            settings.method,
            settings.guidance_scale,
            plan.at_once,
        )

    def _timesteps(self, step: int, generator: torch.Generator) -> Tensor:
        settings = self._settings
        schedule = TimestepSchedule(
            highest_first=settings.highest_timestep_first,
            highest_last=settings.highest_timestep_last,
        )
        levels = len(self._prior.prior.alphas_cumprod)
        return sample_timesteps(
            schedule, step, self._steps, settings.views_per_step, levels, generator
        )

    def _prompts(self, views: ViewSample) -> list[str]:
        return [
            self._prior.prompt(
                SHOWN_KINDS.get(framing) if framing is not None else None,
                view,
                framing,
                "normal map",
            )
            for view, framing in zip(views.views, views.framings, strict=True)
        ]
