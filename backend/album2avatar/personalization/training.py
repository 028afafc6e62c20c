"""The two phases in which the prior learns one person."""

import math
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from album2avatar.assets import Asset, Subject
from album2avatar.checkpoint import optimizer_tensors, restore_optimizer
from album2avatar.memory_budget import MemoryBudget, MemoryPlan
from album2avatar.personalization.attention import (
    AttentionRecorder,
    AttentionTarget,
    attention_loss,
)
from album2avatar.personalization.losses import masked_loss, stratified_timesteps
from album2avatar.personalization.pictures import TrainingPictures
from album2avatar.personalization.preservation import ClassPicture, training_prompt
from album2avatar.personalization.second_pass import ConsistentPictures
from album2avatar.personalization.synthetic_priors import SyntheticPictures, shown_prompt
from album2avatar.personalization.unions import sample_union, union_mask
from album2avatar.prior.adapter import LowRankUpdate
from album2avatar.prior.full_update import FullUpdate
from album2avatar.prior.model import Prior
from album2avatar.prior.personalized import token_prompt
from album2avatar.prior.tokens import LearnedTokens
from album2avatar.seeding import numpy_generator, torch_generator
from album2avatar.settings.personalization import PersonalizationSettings

LAST_RATE = 0.1
"""Share of the learning rate that is left at the end of a phase."""


@dataclass(frozen=True)
class ClassPictures:
    """What the base prior sampled of other people."""

    pictures: tuple[ClassPicture, ...]
    latents: Tensor
    """(N, c, h, w)."""


@dataclass(frozen=True)
class TrainingData:
    """All that the prior is shown; None where a term of the loss is switched off."""

    subject: Subject
    assets: tuple[Asset, ...]
    pictures: TrainingPictures
    class_pictures: ClassPictures | None
    synthetic: SyntheticPictures | None


@dataclass(frozen=True)
class Batch:
    """What one term of the loss sees at one step."""

    term: str
    weight: float
    latents: Tensor
    """(B, c, h, w)."""
    masks: Tensor
    """(B, h, w) where the loss looks."""
    prompts: list[str]


@dataclass(frozen=True)
class AlbumBatch(Batch):
    """Pictures of the person, and which assets each prompt names."""

    rows: Tensor
    """(B,) in the album's pictures."""
    unions: list[tuple[int, ...]]


class Update(Protocol):
    """What learns besides the tokens: a low-rank adapter, or all weights."""

    @property
    def parameters(self) -> list[nn.Parameter]: ...
    def tensors(self) -> dict[str, Tensor]: ...
    def restore(self, tensors: Mapping[str, Tensor]) -> None: ...
    def save(self, folder: Path) -> None: ...


class Trainer:
    """State of the training: tokens, update and optimizer, and the step that changes them."""

    def __init__(
        self, prior: Prior, data: TrainingData, settings: PersonalizationSettings, seed: int
    ) -> None:
        self._prior = prior
        self._data = data
        self._settings = settings
        self._seed = seed
        self.tokens = LearnedTokens(prior, [asset.token for asset in data.assets])
        self._recorder: AttentionRecorder | None = None
        if settings.attention_weight > 0:
            self._recorder = AttentionRecorder(prior.unet, prior.latent_size)
        self._parameters: list[nn.Parameter] = [self.tokens.values]
        self._rates = [settings.token_learning_rate]
        self._optimizer = _optimizer([self._parameters])
        self._update: Update | None = None
        self._consistent: ConsistentPictures | None = None
        pictures = (
            settings.batch_size
            + settings.second_pass.batch_size
            + settings.class_batch_size
            + settings.synthetic_color_batch_size
            + settings.synthetic_normal_batch_size
        )
        self.memory = MemoryBudget(MemoryPlan(pictures))
        """How many of a step's pictures the network sees in one call."""

    def show(self, pictures: ConsistentPictures) -> None:
        """From here on, show these beside the album: the second pass."""
        self._consistent = pictures

    def train_step(self, step: int) -> Mapping[str, float]:
        """Take step number `step`, counted over all phases; return the losses."""
        if step >= self._settings.token_steps and self._update is None:
            self._begin_second_phase()
        batches = self._batches(step)
        losses = self.memory.run(lambda: self._find_gradient(batches, step))
        nn.utils.clip_grad_norm_(self._parameters, 1.0)
        for group, rate in zip(self._optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * self._decay(step)
        self._optimizer.step()
        return losses

    def tensors(self) -> dict[str, Tensor]:
        """Everything that a resumed training needs, for a checkpoint."""
        state = {"tokens": self.tokens.values, **optimizer_tensors(self._optimizer, "optimizer")}
        if self._update is not None:
            state |= {f"adapter.{name}": t for name, t in self._update.tensors().items()}
        return state

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Go back to the state that `tensors` gave."""
        with torch.no_grad():
            self.tokens.values.copy_(tensors["tokens"])
        prefix = "adapter."
        update = {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
        if update:
            self._begin_second_phase().restore(update)
        restore_optimizer(self._optimizer, tensors, "optimizer")

    def finish(self, folder: Path) -> None:
        """Leave the learned rows in the prior's table, and write the update's files.

        Raises:
            RuntimeError: the second phase was never reached.
        """
        if self._update is None:
            raise RuntimeError("Only a training that reached its second phase can be finished.")
        self.tokens.finish()
        if self._recorder is not None:
            self._recorder.remove()
        self._update.save(folder)

    def _begin_second_phase(self) -> Update:
        settings = self._settings
        if settings.method == "full":
            self._update = FullUpdate(self._prior)
        else:
            self._update = LowRankUpdate(self._prior, settings.adapter_rank, self._seed)
        learning = self._update.parameters
        self._parameters = [*learning, self.tokens.values]
        self._rates = [
            settings.adapter_learning_rate,
            settings.token_learning_rate * settings.token_rate_with_adapter,
        ]
        self._optimizer = _optimizer([learning, [self.tokens.values]])
        return self._update

    def _decay(self, step: int) -> float:
        """Half a cosine over each phase."""
        settings = self._settings
        progress = 0.0
        for steps in (settings.token_steps, settings.adapter_steps, settings.second_pass.steps):
            progress = step / max(steps, 1)
            if progress < 1:
                break
            step -= steps
        return LAST_RATE + (1 - LAST_RATE) * (0.5 + 0.5 * math.cos(math.pi * progress))

    def _batches(self, step: int) -> list[Batch]:
        """What each term sees, the album's first; the first phase sees the album alone."""
        batches: list[Batch] = [self._album_batch(step)]
        if self._update is None:
            return batches
        data, settings = self._data, self._settings
        if self._consistent is not None:
            batches.append(self._consistent_batch(self._consistent, step))
        if data.class_pictures is not None:
            batches.append(self._class_batch(data.class_pictures, step))
        if data.synthetic is not None and settings.synthetic_color_weight > 0:
            batches.append(
                self._synthetic_batch(
                    "synthetic_color_loss",
                    settings.synthetic_color_weight,
                    data.synthetic.photos,
                    data.synthetic.photo_prompts,
                    settings.synthetic_color_batch_size,
                    step,
                )
            )
        if data.synthetic is not None and settings.synthetic_normal_weight > 0:
            batches.append(
                self._synthetic_batch(
                    "synthetic_normal_loss",
                    settings.synthetic_normal_weight,
                    data.synthetic.normals,
                    data.synthetic.normal_prompts,
                    settings.synthetic_normal_batch_size,
                    step,
                )
            )
        return batches

    def _consistent_batch(self, painted: ConsistentPictures, step: int) -> Batch:
        """Pictures of the person over a body, all of which count everywhere."""
        own = self._settings.second_pass
        generator = numpy_generator(self._seed, "personalization", "consistent", step)
        chosen = generator.integers(len(painted.prompts), size=own.batch_size).tolist()
        shown = [shown_prompt(painted.prompts[i], generator) for i in chosen]
        return _whole("second_pass_loss", own.weight, painted.latents[chosen], shown)

    def _album_batch(self, step: int) -> AlbumBatch:
        """Pictures of the person, each with a prompt that names some of its visible assets."""
        data, pictures = self._data, self._data.pictures
        generator = numpy_generator(self._seed, "personalization", "album", step)
        chosen = self._choose_pictures(generator)
        prompts: list[str] = []
        masks: list[Tensor] = []
        unions: list[tuple[int, ...]] = []
        for index in chosen:
            union = sample_union(
                pictures.visible[index], data.assets, self._settings.whole_person_share, generator
            )
            prompts.append(
                token_prompt(
                    data.subject,
                    [data.assets[i] for i in union],
                    pictures.views[index],
                    pictures.framings[index],
                    background=pictures.background_words[index],
                )
            )
            masks.append(union_mask(pictures.masks[index], union, pictures.backgrounds[index]))
            unions.append(union)
        rows = torch.tensor(chosen, device=pictures.latents.device)
        return AlbumBatch(
            "album_loss", 1.0, pictures.latents[rows], torch.stack(masks), prompts, rows, unions
        )

    def _choose_pictures(self, generator: np.random.Generator) -> list[int]:
        """Draw the step's album pictures: frames, and close-ups of assets as often as is set."""
        pictures, settings = self._data.pictures, self._settings
        frames = pictures.frame_count
        chosen = generator.integers(frames, size=settings.batch_size)
        if frames < len(pictures):
            close_ups = generator.integers(frames, len(pictures), size=settings.batch_size)
            closer = generator.random(settings.batch_size) < settings.asset_close_up_share
            chosen = np.where(closer, close_ups, chosen)
        return chosen.tolist()

    def _class_batch(self, others: ClassPictures, step: int) -> Batch:
        """Pictures of other people, all of which count everywhere."""
        settings = self._settings
        generator = numpy_generator(self._seed, "personalization", "class", step)
        chosen = generator.integers(len(others.pictures), size=settings.class_batch_size).tolist()
        prompts = [training_prompt(others.pictures[i], generator) for i in chosen]
        return _whole("class_loss", settings.class_weight, others.latents[chosen], prompts)

    def _synthetic_batch(
        self,
        term: str,
        weight: float,
        latents: Tensor,
        prompts: Sequence[str],
        count: int,
        step: int,
    ) -> Batch:
        generator = numpy_generator(self._seed, "personalization", term, step)
        chosen: list[int] = generator.integers(len(prompts), size=count).tolist()
        shown = [shown_prompt(prompts[i], generator) for i in chosen]
        return _whole(term, weight, latents[chosen], shown)

    def _find_gradient(self, batches: Sequence[Batch], step: int) -> dict[str, float]:
        """Leave the gradient of a step in the parameters, part by part; return each loss."""
        count = sum(len(batch.prompts) for batch in batches)
        found: dict[str, float] = {}
        self._optimizer.zero_grad(set_to_none=True)
        for first in range(0, count, self.memory.plan.at_once):
            part = range(first, min(first + self.memory.plan.at_once, count))
            losses = self._losses(batches, step, part)
            torch.stack([weight * error for weight, error in losses.values()]).sum().backward()
            for name, (_, error) in losses.items():
                found[name] = found.get(name, 0.0) + float(error.detach())
        return found

    def _losses(
        self, batches: Sequence[Batch], step: int, part: range
    ) -> dict[str, tuple[float, Tensor]]:
        """Weight of each loss, and what some of the step's pictures add to it.

        Args:
            part: rows of all batches behind each other, seen in one call of the network.
        """
        prior, recorder = self._prior, self._recorder
        chosen = slice(part.start, part.stop)
        latents = torch.cat([batch.latents for batch in batches])
        prompts = [prompt for batch in batches for prompt in batch.prompts]
        generator = torch_generator(self._seed, "personalization", "noise", step)
        timesteps = stratified_timesteps(len(prompts), len(prior.alphas_cumprod), generator)
        timesteps = timesteps[chosen].to(prior.device)
        noise = torch.randn(latents.shape, generator=generator)[chosen].to(prior.device)
        latents, prompts = latents[chosen], prompts[chosen]
        noisy = prior.add_noise(latents, noise, timesteps)
        recording = nullcontext[list[Tensor]]([]) if recorder is None else recorder.recording()
        with (
            torch.autocast(prior.device.type, torch.bfloat16, prior.device.type == "cuda"),
            recording as maps,
        ):
            embeddings = prior.encode_prompts(prompts)
            output = prior.predict(noisy, timesteps, embeddings)
        output = output.float()
        target = prior.training_target(latents, noise, timesteps)

        losses: dict[str, tuple[float, Tensor]] = {}
        start = 0
        for batch in batches:
            size = len(batch.prompts)
            own = range(max(part.start - start, 0), min(part.stop - start, size))
            if own:
                rows = slice(own.start + start - part.start, own.stop + start - part.start)
                masks = batch.masks[own.start : own.stop]
                error = masked_loss(output[rows], target[rows], masks)
                losses[batch.term] = (batch.weight, len(own) / size * error)
            start += size
        if recorder is not None and isinstance(batches[0], AlbumBatch):
            targets = self._attention_targets(batches[0], recorder.side)
            seen = [replace(t, row=t.row - part.start) for t in targets if t.row in part]
            if seen:
                error = len(seen) / len(targets) * attention_loss(maps, seen)
                losses["attention_loss"] = (self._settings.attention_weight, error)
        return losses

    def _attention_targets(self, batch: AlbumBatch, side: int) -> list[AttentionTarget]:
        """Mask and place in the prompt of every token that the album's prompts name."""
        masks = F.adaptive_avg_pool2d(self._data.pictures.masks[batch.rows], side)
        tokenizer, assets = self._prior.tokenizer, self._data.assets
        targets: list[AttentionTarget] = []
        for row, (prompt, union) in enumerate(zip(batch.prompts, batch.unions, strict=True)):
            words = tokenizer(prompt).input_ids
            for index in union:
                column = words.index(tokenizer.convert_tokens_to_ids(assets[index].token))
                targets.append(AttentionTarget(row, column, masks[row, index]))
        return targets


def _whole(term: str, weight: float, latents: Tensor, prompts: list[str]) -> Batch:
    """A batch whose pictures count everywhere."""
    return Batch(term, weight, latents, torch.ones_like(latents[:, 0]), prompts)


def _optimizer(groups: Sequence[Sequence[nn.Parameter]]) -> torch.optim.AdamW:
    """AdamW; the rates are set at each step. Tokens and low-rank updates need no decay."""
    # Fused: one call for the adapter's many small matrices.
    return torch.optim.AdamW(
        [{"params": list(group)} for group in groups], weight_decay=0.0, fused=True
    )
