"""Score distillation under what the prior learned about one person."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from album2avatar.assets import Framing
from album2avatar.guidance.distillation import Distillation, PromptEmbeddings, distillation_loss
from album2avatar.guidance.gradients import Method
from album2avatar.prior.personalized import PersonalizedPrior


def distil_views(
    prior: PersonalizedPrior,
    framings: Sequence[Framing | None],
    images: Tensor,
    prompts: Sequence[str],
    negative_prompt: str,
    timesteps: Tensor,
    generator: torch.Generator,
    method: Method,
    guidance_scale: float,
) -> Distillation:
    """`distillation_loss`, with each view judged by the prior that knows its framing.

    Args:
        framings: of the B views.
        prompts: B sentences.
        negative_prompt: what no view should look like.
        (others as in `distillation_loss`)
    """
    parts: list[tuple[float, Distillation]] = []
    for expert, rows in group_by_expert(prior, framings):
        count = len(rows)
        embeddings = PromptEmbeddings(
            text=expert.embed([prompts[row] for row in rows]),
            unconditional=expert.embed([""]).expand(count),
            negative=expert.embed([negative_prompt]).expand(count),
        )
        one = distillation_loss(
            expert.prior,
            images[rows],
            embeddings,
            timesteps[rows],
            generator,
            method,
            guidance_scale,
        )
        parts.append((count / len(framings), one))
    loss = torch.stack([share * part.loss for share, part in parts]).sum()
    squared = sum(share * part.gradient_norm**2 for share, part in parts)
    return Distillation(loss, math.sqrt(squared))


def group_by_expert(
    prior: PersonalizedPrior, framings: Sequence[Framing | None]
) -> list[tuple[PersonalizedPrior, list[int]]]:
    """The priors that are asked, in the order of their first view, with the views of each."""
    groups: dict[int, tuple[PersonalizedPrior, list[int]]] = {}
    for row, framing in enumerate(framings):
        expert = prior.for_framing(framing)
        groups.setdefault(id(expert), (expert, []))[1].append(row)
    return list(groups.values())
