"""The prior's opinion of the surface: score distillation on normal maps."""

from collections.abc import Mapping

from album2avatar.assets import AssetKind, Framing, View
from album2avatar.body.types import CanonicalBody
from album2avatar.guidance.distillation import Distillation
from album2avatar.guidance.garments import garment_frames, regions_of_body
from album2avatar.guidance.personal import PersonalGuidance
from album2avatar.guidance.views import CameraMix, ViewSample, sample_views
from album2avatar.memory_budget import MemoryBudget, MemoryPlan
from album2avatar.mesh.topology import EdgeTable
from album2avatar.mesh.types import Mesh
from album2avatar.prior.personalized import PersonalizedPrior, seen_kinds
from album2avatar.render.images import area_downsample
from album2avatar.render.rasterize import Visibility
from album2avatar.render.shading import render_normals
from album2avatar.render.visibility_warp import face_ids
from album2avatar.seeding import numpy_generator, torch_generator
from album2avatar.settings.sculpt import SculptSettings

SHOWN_KINDS: Mapping[Framing, frozenset[AssetKind]] = {
    "upper body": frozenset(
        {"face", "skin", "hair", "top", "dress", "outerwear", "headwear", "glasses", "bag"}
    ),
    "lower body": frozenset({"skin", "bottom", "dress", "outerwear", "shoes", "bag"}),
    "head close-up": frozenset({"face", "skin", "hair", "headwear", "glasses", "top"}),
}
"""Kinds of assets that a framing shows; the whole body shows all."""
HAND_KINDS: frozenset[AssetKind] = frozenset({"skin"})
"""What a close-up of a hand shows."""


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
        self._guidance = PersonalGuidance.load(prior, settings.guidance, steps)
        self._body = body
        worn: list[AssetKind] = [asset.kind for asset in prior.assets]
        self._garments = garment_frames(regions_of_body(body, worn))
        self._seed = seed
        self._visibility = visibility
        own = settings.guidance
        self.memory = MemoryBudget(MemoryPlan(own.views_per_step, own.supersampling))
        """How much is done at once; a step that may run out of memory is to be run by it."""

    def distil(self, mesh: Mesh, edges: EdgeTable, step: int) -> Distillation:
        """Evaluate the guidance at step number `step`, differentiable in the mesh's vertices."""
        settings, plan = self._guidance.settings, self.memory.plan
        views = sample_views(
            self._body,
            CameraMix.of(settings),
            settings.views_per_step,
            numpy_generator(self._seed, "sculpt", "views", step),
            mesh.vertices.device,
            self._garments,
        )
        size = self._guidance.picture_size(step) * plan.supersampling
        normals, _ = render_normals(
            mesh.vertices, mesh.faces, views.cameras, (size, size), edges, self._visibility
        )
        return self._guidance.distil(
            step,
            views.framings,
            area_downsample(normals, plan.supersampling),
            self._prompts(views),
            torch_generator(self._seed, "sculpt", "noise", step),
            self._guidance.leading_pictures(
                step, self._body, mesh, views.cameras, self._visibility
            ),
            plan.at_once,
        )

    def _prompts(self, views: ViewSample) -> list[str]:
        shots = zip(views.views, views.framings, views.garments, strict=True)
        return [
            self._guidance.prompt(shown_kinds(view, framing, garment), view, framing, "normal map")
            for view, framing, garment in shots
        ]


def shown_kinds(
    view: View, framing: Framing | None, garment: AssetKind | None
) -> frozenset[AssetKind]:
    """What a normal map's prompt names: no face from behind, wherever the frame is."""
    if garment is not None:
        return frozenset({garment})
    if framing is None:
        return HAND_KINDS
    seen = frozenset(seen_kinds(view, framing))
    return seen & SHOWN_KINDS.get(framing, seen)
