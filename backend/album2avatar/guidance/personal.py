"""Score distillation under what the prior learned about one person."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from album2avatar.assets import AssetKind, Framing, View
from album2avatar.body.types import CanonicalBody
from album2avatar.errors import SettingsError
from album2avatar.guidance.distillation import Distillation, PromptEmbeddings, distillation_loss
from album2avatar.guidance.gradients import Rule, Wording, wordings_read
from album2avatar.guidance.leading import draw_leading
from album2avatar.guidance.resolution import picture_size
from album2avatar.guidance.timesteps import TimestepSchedule, sample_timesteps
from album2avatar.mesh.types import Mesh
from album2avatar.model_folders import find_model
from album2avatar.prior.conditioner import Conditioner, Conditioning, load_conditioner
from album2avatar.prior.personalized import PersonalizedPrior, seen_kinds
from album2avatar.prior.prompt_limit import fits
from album2avatar.prior.prompts import Style
from album2avatar.render.camera import Cameras
from album2avatar.render.rasterize import Visibility
from album2avatar.render.visibility_warp import face_ids
from album2avatar.settings.guidance import GuidanceSettings

_SETTINGS: Mapping[Wording, str] = {"negative": "negative_prompt", "source": "source_prompt"}
"""Wordings that a setting gives."""


@dataclass(frozen=True)
class PersonalGuidance:
    """Asks a person's prior about renderings as the settings say; has no state of its own."""

    prior: PersonalizedPrior
    settings: GuidanceSettings
    steps: int
    """Over which the noise falls."""
    conditioner: Conditioner | None = None
    """What leads the prior, where the settings name one."""

    @staticmethod
    def load(
        prior: PersonalizedPrior, settings: GuidanceSettings, steps: int
    ) -> "PersonalGuidance":
        """With the settings' conditioner.

        Raises:
            ModelError: the conditioner is missing or damaged, or belongs to another prior.
        """
        name = settings.conditioner
        found = load_conditioner(find_model(name), prior.prior.unet) if name else None
        return PersonalGuidance(prior, settings, steps, found)

    def picture_size(self, step: int) -> int:
        """Height and width of the renderings that the prior is asked about at a step, pixels."""
        prior = self.prior.prior
        return picture_size(
            self.settings.resolution, step / self.steps, prior.image_size, prior.size_multiple
        )

    def leading_pictures(
        self,
        step: int,
        body: CanonicalBody,
        mesh: Mesh,
        cameras: Cameras,
        visibility: Visibility = face_ids,
    ) -> Tensor | None:
        """What `distil` wants as `leading` of a step's views; None where nothing leads."""
        if self.conditioner is None:
            return None
        kind = self.settings.conditioner_picture
        return draw_leading(kind, body, mesh, cameras, self.picture_size(step), visibility)

    def prompt(
        self,
        kinds: Iterable[AssetKind] | None,
        view: View,
        framing: Framing | None,
        style: Style = "photo",
        background: str | None = None,
    ) -> str:
        """`PersonalizedPrior.prompt` with those words of the camera that the settings want."""
        shown = seen_kinds(view, framing) if kinds is None else kinds
        words = self.settings.prompt_words
        said_view = view if words in ("view and framing", "view") else None
        said_framing = framing if words in ("view and framing", "framing") else None
        return self.prior.prompt(shown, said_view, said_framing, style, background)

    def distil(
        self,
        step: int,
        framings: Sequence[Framing | None],
        images: Tensor,
        prompts: Sequence[str],
        generator: torch.Generator,
        leading: Tensor | None = None,
        at_once: int | None = None,
    ) -> Distillation:
        """`distillation_loss` of step number `step`, each view judged by who knows its framing.

        Nobody is asked where the settings give the answer no weight.

        Args:
            framings: of the B views.
            images: (B, S, S, 3) in 0..1, row 0 at the top, S being the step's `picture_size`.
            prompts: B sentences.
            generator: CPU generator of timesteps and noise.
            leading: (B, S, S, 3), from `leading_pictures`.
            at_once: views that are judged in one call, all of an adapter's where None. Fewer take
                less memory; the gradient stays the same.

        Raises:
            ModelError, SettingsError: a prompt is longer than the prior reads.
        """
        if self.settings.weight == 0:
            return Distillation(images.new_zeros(()), 0.0, 0)
        timesteps = self._timesteps(step, len(prompts), generator)
        progress = step / self.steps
        rule = rule_at(self.settings, progress)
        groups = group_by_expert(self.prior.at(progress), framings)
        losses: list[Tensor] = []
        squared, calls = 0.0, 0
        for expert, rows in _in_parts(groups, at_once or len(framings)):
            # Each part's gradient is taken at once: its activations don't wait for the others.
            seen = images[rows].detach().requires_grad_()
            one = distillation_loss(
                expert.prior,
                seen,
                self._embed(expert, rule, [prompts[row] for row in rows]),
                timesteps[rows],
                generator,
                rule,
                self._conditioning(leading, rows),
            )
            share = len(rows) / len(framings)
            gradient = torch.autograd.grad(share * one.loss, seen)[0]
            losses.append((images[rows] * gradient).sum())
            squared += share * one.gradient_norm**2
            calls += one.prior_calls
        return Distillation(torch.stack(losses).sum(), math.sqrt(squared), calls)

    def _conditioning(self, leading: Tensor | None, rows: list[int]) -> Conditioning | None:
        if self.conditioner is None or leading is None:
            return None
        strength = self.settings.conditioner_strength
        return Conditioning(self.conditioner, leading[rows], strength)

    def _timesteps(self, step: int, count: int, generator: torch.Generator) -> Tensor:
        settings = self.settings
        schedule = TimestepSchedule(
            settings.lowest_timestep,
            settings.highest_timestep_first,
            settings.highest_timestep_last,
        )
        levels = len(self.prior.prior.alphas_cumprod)
        return sample_timesteps(schedule, step, self.steps, count, levels, generator)

    def _embed(
        self, expert: PersonalizedPrior, rule: Rule, prompts: Sequence[str]
    ) -> PromptEmbeddings:
        # Words that are read late are checked at the first step as well.
        for wording in wordings_read(Rule(self.settings.method, self.settings.scale)):
            self._require_room(expert, wording, prompts)
        return {
            wording: expert.embed(self._sentences(wording, prompts))
            for wording in wordings_read(rule)
        }

    def _sentences(self, wording: Wording, prompts: Sequence[str]) -> list[str]:
        if wording == "text":
            return list(prompts)
        if wording == "source":
            return [f"{prompt}, {self.settings.source_prompt}" for prompt in prompts]
        words = self.settings.negative_prompt if wording == "negative" else ""
        return [words] * len(prompts)

    def _require_room(
        self, expert: PersonalizedPrior, wording: Wording, prompts: Sequence[str]
    ) -> None:
        """The prior reads all of a setting's words, where it reads all of the prompt's."""
        setting = _SETTINGS.get(wording)
        if setting is None:
            return
        for prompt, sentence in zip(prompts, self._sentences(wording, prompts), strict=True):
            if fits(expert.prior, prompt) and not fits(expert.prior, sentence):
                raise SettingsError(
                    f"`guidance.{setting}` is too long: '{sentence}' has more than the "
                    f"{expert.prior.prompt_limit} pieces of words that the prior's text encoder "
                    "reads. Shorten it, or choose another `guidance.method`."
                )


def rule_at(settings: GuidanceSettings, progress: float) -> Rule:
    """The rule when a share of the steps is done.

    The source's words describe an image that is nearly done. Until then `bridge` is plain score
    distillation, as McAllister et al. 2024 have it.
    """
    is_early = settings.method == "bridge" and progress < settings.source_from
    return Rule("sds" if is_early else settings.method, settings.scale, settings.rescale)


def group_by_expert(
    prior: PersonalizedPrior, framings: Sequence[Framing | None]
) -> list[tuple[PersonalizedPrior, list[int]]]:
    """The priors that are asked, in the order of their first view, with the views of each."""
    groups: dict[int, tuple[PersonalizedPrior, list[int]]] = {}
    for row, framing in enumerate(framings):
        expert = prior.for_framing(framing)
        groups.setdefault(id(expert), (expert, []))[1].append(row)
    return list(groups.values())


def _in_parts(
    groups: Sequence[tuple[PersonalizedPrior, list[int]]], at_once: int
) -> list[tuple[PersonalizedPrior, list[int]]]:
    """The groups, cut into parts of at most so many views."""
    return [
        (expert, rows[first : first + at_once])
        for expert, rows in groups
        for first in range(0, len(rows), at_once)
    ]
