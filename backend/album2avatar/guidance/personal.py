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
    at_once: int | None = None,
) -> Distillation:
    """`distillation_loss`, with each view judged by the prior that knows its framing.

    Args:
        framings: of the B views.
        prompts: B sentences.
        negative_prompt: what no view should look like.
        at_once: views that are judged in one call, all of an adapter's where None. Fewer take less
            memory; the gradient stays the same.
        (others as in `distillation_loss`)
    """
    losses: list[Tensor] = []
    squared = 0.0
    for expert, rows in _in_parts(group_by_expert(prior, framings), at_once or len(framings)):
        count, share = len(rows), len(rows) / len(framings)
        embeddings = PromptEmbeddings(
            text=expert.embed([prompts[row] for row in rows]),
            unconditional=expert.embed([""]).expand(count),
            negative=expert.embed([negative_prompt]).expand(count),
        )
        # Each part's gradient is taken at once, so that its activations don't wait for the others.
        seen = images[rows].detach().requires_grad_()
        one = distillation_loss(
            expert.prior,
            seen,
            embeddings,
            timesteps[rows],
            generator,
            method,
            guidance_scale,
        )
        gradient = torch.autograd.grad(share * one.loss, seen)[0]
        losses.append((images[rows] * gradient).sum())
        squared += share * one.gradient_norm**2
    return Distillation(torch.stack(losses).sum(), math.sqrt(squared))


def _in_parts(
    groups: Sequence[tuple[PersonalizedPrior, list[int]]], at_once: int
) -> list[tuple[PersonalizedPrior, list[int]]]:
    """The groups, cut into parts of at most so many views."""
    return [
        (expert, rows[first : first + at_once])
        for expert, rows in groups
        for first in range(0, len(rows), at_once)
    ]


def group_by_expert(
    prior: PersonalizedPrior, framings: Sequence[Framing | None]
) -> list[tuple[PersonalizedPrior, list[int]]]:
    """The priors that are asked, in the order of their first view, with the views of each."""
    groups: dict[int, tuple[PersonalizedPrior, list[int]]] = {}
    for row, framing in enumerate(framings):
        expert = prior.for_framing(framing)
        groups.setdefault(id(expert), (expert, []))[1].append(row)
    return list(groups.values())
