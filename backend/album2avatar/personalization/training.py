"""The two phases in which the prior learns one person."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from album2avatar.assets import Asset, Subject
from album2avatar.checkpoint import optimizer_tensors, restore_optimizer
from album2avatar.personalization.losses import masked_loss, stratified_timesteps
from album2avatar.personalization.pictures import TrainingPictures
from album2avatar.personalization.preservation import ClassPicture, training_prompt
from album2avatar.personalization.unions import sample_union, union_mask
from album2avatar.prior.adapter import adapter_tensors, add_adapter, restore_adapter
from album2avatar.prior.model import Prior
from album2avatar.prior.personalized import token_prompt
from album2avatar.prior.tokens import LearnedTokens
from album2avatar.seeding import numpy_generator, torch_generator
from album2avatar.settings.personalization import PersonalizationSettings

LAST_RATE = 0.1
"""Share of the learning rate that is left at the end of a phase."""


@dataclass(frozen=True)
class TrainingData:
    """All that the prior is shown."""

    subject: Subject
    assets: tuple[Asset, ...]
    pictures: TrainingPictures
    class_pictures: tuple[ClassPicture, ...]
    class_latents: Tensor
    """(N, c, h, w)."""


@dataclass(frozen=True)
class Batch:
    """What one step shows."""

    latents: Tensor
    """(B, c, h, w)."""
    masks: Tensor
    """(B, h, w) where the loss looks."""
    prompts: list[str]


class Trainer:
    """State of the training: tokens, adapter and optimizer, and the step that changes them."""

    def __init__(
        self, prior: Prior, data: TrainingData, settings: PersonalizationSettings, seed: int
    ) -> None:
        self._prior = prior
        self._data = data
        self._settings = settings
        self._seed = seed
        self.tokens = LearnedTokens(prior, [asset.token for asset in data.assets])
        self._parameters: list[nn.Parameter] = [self.tokens.values]
        self._rates = [settings.token_learning_rate]
        self._optimizer = _optimizer([self._parameters])
        self._has_adapter = False

    def train_step(self, step: int) -> Mapping[str, float]:
        """Take step number `step`, counted over both phases; return the losses."""
        with_adapter = step >= self._settings.token_steps
        if with_adapter and not self._has_adapter:
            self._begin_second_phase()
        album = self._album_batch(step)
        others = self._class_batch(step) if with_adapter else None
        shown = album if others is None else _joined(album, others)
        errors = self._losses(shown, step, len(album.prompts))
        loss = sum(weight * error for weight, error in errors.values())
        assert isinstance(loss, Tensor)
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self._parameters, 1.0)
        for group, rate in zip(self._optimizer.param_groups, self._rates, strict=True):
            group["lr"] = rate * self._decay(step)
        self._optimizer.step()
        return {name: float(error.detach()) for name, (_, error) in errors.items()}

    def tensors(self) -> dict[str, Tensor]:
        """Everything that a resumed training needs, for a checkpoint."""
        state = {"tokens": self.tokens.values, **optimizer_tensors(self._optimizer, "optimizer")}
        if self._has_adapter:
            state |= {f"adapter.{name}": t for name, t in adapter_tensors(self._prior).items()}
        return state

    def restore(self, step: int, tensors: Mapping[str, Tensor]) -> None:
        """Go back to the state after `step` steps."""
        with torch.no_grad():
            self.tokens.values.copy_(tensors["tokens"])
        prefix = "adapter."
        adapter = {n.removeprefix(prefix): t for n, t in tensors.items() if n.startswith(prefix)}
        if adapter:
            self._begin_second_phase()
            restore_adapter(self._prior, adapter)
        restore_optimizer(self._optimizer, tensors, "optimizer")

    def _begin_second_phase(self) -> None:
        settings = self._settings
        adapter = add_adapter(self._prior, settings.adapter_rank, self._seed)
        self._parameters = [*adapter, self.tokens.values]
        self._rates = [
            settings.adapter_learning_rate,
            settings.token_learning_rate * settings.token_rate_with_adapter,
        ]
        self._optimizer = _optimizer([adapter, [self.tokens.values]])
        self._has_adapter = True

    def _decay(self, step: int) -> float:
        """Half a cosine over each phase."""
        first = self._settings.token_steps
        progress = step / first if step < first else (step - first) / self._settings.adapter_steps
        return LAST_RATE + (1 - LAST_RATE) * (0.5 + 0.5 * math.cos(math.pi * progress))

    def _album_batch(self, step: int) -> Batch:
        """Pictures of the person, each with a prompt that names some of its visible assets."""
        data, pictures = self._data, self._data.pictures
        generator = numpy_generator(self._seed, "personalization", "album", step)
        chosen = generator.integers(len(pictures), size=self._settings.batch_size)
        prompts: list[str] = []
        masks: list[Tensor] = []
        for index in chosen.tolist():
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
        rows = torch.from_numpy(chosen).to(pictures.latents.device)
        return Batch(pictures.latents[rows], torch.stack(masks), prompts)

    def _class_batch(self, step: int) -> Batch:
        """Pictures of other people, all of which count everywhere."""
        data = self._data
        generator = numpy_generator(self._seed, "personalization", "class", step)
        chosen = generator.integers(len(data.class_pictures), size=self._settings.class_batch_size)
        prompts = [training_prompt(data.class_pictures[i], generator) for i in chosen.tolist()]
        latents = data.class_latents[torch.from_numpy(chosen).to(data.class_latents.device)]
        return Batch(latents, torch.ones_like(latents[:, 0]), prompts)

    def _losses(self, batch: Batch, step: int, album_count: int) -> dict[str, tuple[float, Tensor]]:
        """Weight and value of each loss, from one call of the network."""
        prior = self._prior
        generator = torch_generator(self._seed, "personalization", "noise", step)
        count = len(batch.prompts)
        timesteps = stratified_timesteps(count, len(prior.alphas_cumprod), generator)
        timesteps = timesteps.to(prior.device)
        noise = torch.randn(batch.latents.shape, generator=generator).to(prior.device)
        noisy = prior.add_noise(batch.latents, noise, timesteps)
        with torch.autocast(prior.device.type, torch.bfloat16, prior.device.type == "cuda"):
            embeddings = prior.encode_prompts(batch.prompts)
            output = prior.predict(noisy, timesteps, embeddings)
        output = output.float()
        target = prior.training_target(batch.latents, noise, timesteps)

        def loss_of(rows: slice) -> Tensor:
            return masked_loss(output[rows], target[rows], batch.masks[rows])

        losses = {"album_loss": (1.0, loss_of(slice(0, album_count)))}
        if count > album_count:
            others = loss_of(slice(album_count, count))
            losses["class_loss"] = (self._settings.class_weight, others)
        return losses


def _joined(first: Batch, second: Batch) -> Batch:
    return Batch(
        torch.cat([first.latents, second.latents]),
        torch.cat([first.masks, second.masks]),
        first.prompts + second.prompts,
    )


def _optimizer(groups: Sequence[Sequence[nn.Parameter]]) -> torch.optim.AdamW:
    """AdamW; the rates are set at each step. Tokens and low-rank updates need no decay."""
    return torch.optim.AdamW([{"params": list(group)} for group in groups], weight_decay=0.0)
