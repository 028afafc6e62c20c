"""CPU time of a training step, against diffusers' DreamBooth loop: one thread, taken by turns.

The peer is written from diffusers' documentation of DreamBooth with LoRA: adapters on UNet and
text encoder, prior preservation in one batch, mean squared errors, clipping, AdamW. It has the
same model, batch, rank, adapted layers and loss set as ours, where the terms that it doesn't know
are switched off. As documented it encodes its pictures anew at each step; a second one keeps their
latents, as ours does, and a third one has DoRA in LoRA's place.

    python benchmarks/training_step_speed.py
"""

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from diffusers.schedulers.scheduling_ddpm import DDPMScheduler
from peft import LoraConfig
from torch import Tensor

from album2avatar.evaluation.held_out_albums import HeldOutAlbum, make_album
from album2avatar.model_folders import find_model
from album2avatar.personalization.preparation import prepare_data
from album2avatar.personalization.stage import teach_words
from album2avatar.personalization.training import Trainer
from album2avatar.prior.adapter import TARGETS
from album2avatar.prior.model import load_prior
from album2avatar.progress import silent_job
from album2avatar.settings import PersonalizationSettings, Settings

RANK = 16
ALBUM_BATCH = 4
CLASS_BATCH = 4
ROUNDS = 15
WARM_UP = 2
PUBLISHED_TERMS: dict[str, float] = {
    "attention_weight": 0.0,
    "synthetic_color_weight": 0.0,
    "synthetic_normal_weight": 0.0,
}
"""What DreamBooth's loop doesn't know, switched off."""


def our_step(album: HeldOutAlbum, switched_off: dict[str, float]) -> Callable[[], None]:
    """A step of the second phase."""
    settings = Settings(
        device="cpu",
        personalization=PersonalizationSettings(
            adapter_rank=RANK,
            batch_size=ALBUM_BATCH,
            class_batch_size=CLASS_BATCH,
            class_pictures=8,
            synthetic_pictures=8,
            sampling_steps=2,
        ).model_copy(update=switched_off),
    )
    prior = load_prior(find_model(settings.prior))
    teach_words(prior, album.table, list(album.photos))
    data = prepare_data(prior, album.table, album.photos, settings, silent_job("bench"), None)
    trainer = Trainer(prior, data, settings.personalization, seed=0)
    step = settings.personalization.token_steps

    def take() -> None:
        trainer.train_step(step)

    return take


class DreamBoothLoop:
    """diffusers' `train_dreambooth_lora.py` without accelerate, data loader and logging."""

    def __init__(self, keeps_latents: bool, use_dora: bool) -> None:
        prior = load_prior(find_model("demo-prior"))
        self.tokenizer, self.vae = prior.tokenizer, prior.vae
        self.unet, self.text_encoder = prior.unet, prior.text_encoder
        self.unet.add_adapter(_lora("unet", use_dora))
        self.text_encoder.add_adapter(_lora("text_encoder", use_dora))
        self.unet.train()
        self.text_encoder.train()
        self.noise_scheduler: Any = DDPMScheduler.from_config(prior.scheduler.config)
        networks = (self.unet, self.text_encoder)
        self.parameters = [p for n in networks for p in n.parameters() if p.requires_grad]
        self.optimizer = torch.optim.AdamW(self.parameters, lr=1e-4, weight_decay=1e-2)
        self.lr_scheduler = torch.optim.lr_scheduler.ConstantLR(self.optimizer, factor=1.0)
        self.pixels = torch.rand(ALBUM_BATCH + CLASS_BATCH, 3, prior.image_size, prior.image_size)
        self.prompts = ["a photo of a sks woman wearing a t-shirt"] * ALBUM_BATCH
        self.prompts += ["a photo of a woman wearing a t-shirt"] * CLASS_BATCH
        self.latents = self._encode() if keeps_latents else None

    def step(self) -> None:
        """One optimisation step."""
        latents = self._encode() if self.latents is None else self.latents
        noise = torch.randn_like(latents)
        timesteps = torch.randint(
            0, self.noise_scheduler.config.num_train_timesteps, (len(latents),)
        ).long()
        noisy = self.noise_scheduler.add_noise(latents, noise, timesteps)
        tokens = self.tokenizer(
            self.prompts,
            truncation=True,
            padding="max_length",
            max_length=self.text_encoder.config.max_position_embeddings,
            return_tensors="pt",
        )
        embeddings = self.text_encoder(tokens.input_ids, return_dict=False)[0]
        predicted = self.unet(noisy, timesteps, embeddings, return_dict=False)[0]
        if self.noise_scheduler.config.prediction_type == "epsilon":
            target = noise
        else:
            target = self.noise_scheduler.get_velocity(latents, noise, timesteps)
        predicted, predicted_prior = predicted.split([ALBUM_BATCH, CLASS_BATCH])
        target, target_prior = target.split([ALBUM_BATCH, CLASS_BATCH])
        loss = F.mse_loss(predicted, target) + 1.0 * F.mse_loss(predicted_prior, target_prior)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.optimizer.step()
        self.lr_scheduler.step()
        self.optimizer.zero_grad()

    @torch.no_grad()
    def _encode(self) -> Tensor:
        distribution: Any = self.vae.encode(self.pixels * 2 - 1).latent_dist  # type: ignore[union-attr]
        return distribution.sample() * self.vae.config["scaling_factor"]


def _lora(part: str, use_dora: bool) -> LoraConfig:
    return LoraConfig(
        r=RANK,
        lora_alpha=RANK,
        init_lora_weights="gaussian",
        target_modules=list(TARGETS[part]),
        use_dora=use_dora,
    )


def main() -> None:
    """Print the CPU seconds of a step of each loop, and the ratios."""
    torch.set_num_threads(1)
    album = make_album(0)
    steps: dict[str, Callable[[], None]] = {
        "ours, DreamBooth's terms": our_step(album, PUBLISHED_TERMS),
        "ours, all terms": our_step(album, {}),
        "DreamBooth": DreamBoothLoop(keeps_latents=False, use_dora=False).step,
        "DreamBooth, latents kept": DreamBoothLoop(keeps_latents=True, use_dora=False).step,
        "DreamBooth, latents kept, DoRA": DreamBoothLoop(keeps_latents=True, use_dora=True).step,
    }
    seconds: dict[str, list[float]] = {name: [] for name in steps}
    names = list(steps)
    for number in range(WARM_UP + ROUNDS):
        # Another one goes first each time: who follows whom costs a few per cent.
        for name in names[number % len(names) :] + names[: number % len(names)]:
            began = time.process_time()
            steps[name]()
            if number >= WARM_UP:
                seconds[name].append(time.process_time() - began)
    ours = seconds["ours, DreamBooth's terms"]
    print(f"{ALBUM_BATCH} + {CLASS_BATCH} pictures a step, one thread, medians of {ROUNDS} turns")
    print("| loop | CPU s | its time / ours |\n|---|---|---|")
    for name, taken in seconds.items():
        ratio = statistics.median(t / o for t, o in zip(taken, ours, strict=True))
        print(f"| {name} | {statistics.median(taken):.3f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
