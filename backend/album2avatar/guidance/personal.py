"""Score distillation under what the prior learned about one person."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from album2avatar.assets import Framing
from album2avatar.guidance.distillation import Distillation, PromptEmbeddings, distillation_loss
from album2avatar.guidance.gradients import Rule
from album2avatar.guidance.timesteps import TimestepSchedule, sample_timesteps
from album2avatar.prior.personalized import PersonalizedPrior
from album2avatar.settings.guidance import GuidanceSettings


@dataclass(frozen=True)
class PersonalGuidance:
    """Asks a person's prior about renderings as the settings say; has no state of its own."""

    prior: PersonalizedPrior
    settings: GuidanceSettings
    steps: int
    """Over which the noise falls."""

    @property
    def image_size(self) -> int:
        """Height and width of the renderings that the prior wants, pixels."""
        return self.prior.prior.image_size

    def distil(
        self,
        step: int,
        framings: Sequence[Framing | None],
        images: Tensor,
        prompts: Sequence[str],
        generator: torch.Generator,
    ) -> Distillation:
        """`distillation_loss` of step number `step`, each view judged by who knows its framing.

        Args:
            framings: of the B views.
            images: (B, S, S, 3) in 0..1, row 0 at the top, S being `image_size`.
            prompts: B sentences.
            generator: CPU generator of timesteps and noise.
        """
        timesteps = self._timesteps(step, len(prompts), generator)
        rule = Rule(self.settings.method, self.settings.scale)
        parts: list[tuple[float, Distillation]] = []
        for expert, rows in group_by_expert(self.prior, framings):
            embeddings = self._embed(expert, [prompts[row] for row in rows])
            one = distillation_loss(
                expert.prior, images[rows], embeddings, timesteps[rows], generator, rule
            )
            parts.append((len(rows) / len(framings), one))
        loss = torch.stack([share * part.loss for share, part in parts]).sum()
        squared = sum(share * part.gradient_norm**2 for share, part in parts)
        return Distillation(loss, math.sqrt(squared))

    def _timesteps(self, step: int, count: int, generator: torch.Generator) -> Tensor:
        settings = self.settings
        schedule = TimestepSchedule(
            settings.lowest_timestep,
            settings.highest_timestep_first,
            settings.highest_timestep_last,
        )
        levels = len(self.prior.prior.alphas_cumprod)
        return sample_timesteps(schedule, step, self.steps, count, levels, generator)

    def _embed(self, expert: PersonalizedPrior, prompts: Sequence[str]) -> PromptEmbeddings:
        count = len(prompts)
        return PromptEmbeddings(
            text=expert.embed(prompts),
            unconditional=expert.embed([""]).expand(count),
            negative=expert.embed([self.settings.negative_prompt]).expand(count),
        )


def group_by_expert(
    prior: PersonalizedPrior, framings: Sequence[Framing | None]
) -> list[tuple[PersonalizedPrior, list[int]]]:
    """The priors that are asked, in the order of their first view, with the views of each."""
    groups: dict[int, tuple[PersonalizedPrior, list[int]]] = {}
    for row, framing in enumerate(framings):
        expert = prior.for_framing(framing)
        groups.setdefault(id(expert), (expert, []))[1].append(row)
    return list(groups.values())
