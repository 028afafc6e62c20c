"""What a standard avatar costs at the sizes of published models: counted, nothing is run.

    python benchmarks/counted_cost.py

The networks are built on the meta device from the configurations below, which tell shapes and
nothing else. Every operation's arithmetic, the bytes that it reads and writes, and the bytes that
are alive at once are counted. The seconds are a bound: no operation can be faster than its
arithmetic at the card's published peak or its bytes at the published bandwidth. Only networks
count; rendering, launches and what a real kernel falls short of the peak come on top.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.autoencoders.autoencoder_tiny import AutoencoderTiny
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from live_bytes import LiveBytes
from torch import Tensor, nn
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import flop_registry
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

from album2avatar.guidance.calls import mean_calls
from album2avatar.settings import PaintSettings, PersonalizationSettings, SculptSettings

PRECISION = torch.bfloat16
GIBIBYTE = 2**30
WORDS = 77
CARDS = {"H200": (989e12, 4.8e12), "RTX 4090": (165e12, 1.008e12)}
"""Published dense peak of bfloat16 with float32 sums, FLOP/s, and bandwidth, bytes/s (NVIDIA's data
sheet of the H200; NVIDIA's Ada architecture paper)."""
REACHED = 0.4
"""An assumption, not a measurement: the share of the bound's speed that is reached in practice."""
TARGET_MINUTES, TARGET_GIBIBYTES = 10, 12

_VAE: dict[str, Any] = {
    "block_out_channels": (128, 256, 512, 512),
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "layers_per_block": 2,
    "latent_channels": 4,
}
_CLIP_L: dict[str, Any] = {
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
}
_CLIP_BIG_G: dict[str, Any] = {
    "hidden_size": 1280,
    "intermediate_size": 5120,
    "num_hidden_layers": 32,
    "num_attention_heads": 20,
    "projection_dim": 1280,
    "hidden_act": "gelu",
}
_UNET_15: dict[str, Any] = {
    "sample_size": 64,
    "cross_attention_dim": 768,
    "attention_head_dim": 8,
    "block_out_channels": (320, 640, 1280, 1280),
    "layers_per_block": 2,
}
_UNET_XL: dict[str, Any] = {
    "sample_size": 128,
    "block_out_channels": (320, 640, 1280),
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
    "transformer_layers_per_block": (1, 2, 10),
    "attention_head_dim": (5, 10, 20),
    "cross_attention_dim": 2048,
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
}


@dataclass(frozen=True)
class Cost:
    """What one pass costs."""

    flops: float
    moved: float
    """Bytes read and written by all operations, unfused."""
    peak: float
    """Bytes alive at once, without weights and what was given."""
    seconds: dict[str, float]
    """Bound of each card."""


class Counter(LiveBytes):
    """Counts what happens inside of it."""

    def __init__(self) -> None:
        super().__init__()
        self.flops = self.moved = 0.0
        self.seconds = dict.fromkeys(CARDS, 0.0)

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run an operation on shapes alone, and count it."""
        out = super().__torch_dispatch__(func, types, args, kwargs)
        if func.is_view:
            return out
        touched = [t for t in tree_leaves((args, kwargs, out)) if isinstance(t, Tensor)]
        moved = sum(_bytes(t) for t in touched)
        count = flop_registry.get(func._overloadpacket)
        flops = float(count(*args, **(kwargs or {}), out_val=out)) if count else 0.0
        for card, (peak, bandwidth) in CARDS.items():
            self.seconds[card] += max(flops / peak, moved / bandwidth)
        self.flops += flops
        self.moved += moved
        return out


def fused_attention(query: Tensor, key: Tensor, value: Tensor, *_: Any, **__: Any) -> Tensor:
    """Scaled dot-product attention that doesn't write its weights out, as CUDA's kernels."""
    needs_gradient = any(t.requires_grad for t in (query, key, value))
    attend: Any = torch.ops.aten._scaled_dot_product_efficient_attention
    return attend(query, key, value, None, needs_gradient, 0.0, False)[0]


def count(work: Callable[[], object]) -> Cost:
    """Cost of some work on the meta device."""
    with (
        patch.object(nn.functional, "scaled_dot_product_attention", fused_attention),
        Counter() as counter,
    ):
        work()
    return Cost(counter.flops, counter.moved, counter.peak, counter.seconds)


@dataclass(frozen=True)
class Model:
    """The networks of one published model."""

    name: str
    unet: Any
    vae: Any
    tiny: Any
    text: tuple[Any, ...]

    @property
    def image_size(self) -> int:
        """Pixels along a side."""
        return 8 * int(self.unet.config.sample_size)

    def predict(self, rows: int, learns: bool = False) -> Cost:
        """The UNet on some rows; where it learns with gradients, with checkpointing as there."""
        size = int(self.unet.config.sample_size)
        latents = _given(rows, 4, size, size)
        words = _given(rows, WORDS, int(self.unet.config.cross_attention_dim))
        steps = torch.empty(rows, dtype=torch.int64, device="meta")
        added = None
        if self.unet.config.addition_embed_type is not None:
            added = {"text_embeds": _given(rows, 1280), "time_ids": _given(rows, 6)}
        words.requires_grad_(learns)
        if learns:
            self.unet.enable_gradient_checkpointing()
        else:
            self.unet.disable_gradient_checkpointing()

        def work() -> None:
            with torch.set_grad_enabled(learns):
                out = self.unet(latents, steps, words, added_cond_kwargs=added).sample
                if learns:
                    out.sum().backward()

        return count(work)

    def encode(self, views: int, network: str) -> Cost:
        """An encoder, forwards and backwards to the pictures: `vae` or `tiny`."""
        encoder = getattr(self, network)
        images = _given(views, 3, self.image_size, self.image_size).requires_grad_()

        def work() -> None:
            latents = encoder.encode(images, return_dict=False)[0]
            latents = latents if network == "tiny" else latents.mean
            latents.sum().backward()

        return count(work)

    def read(self) -> Cost:
        """The text encoders on one sentence."""
        ids = torch.zeros(1, WORDS, dtype=torch.int64, device="meta")

        def work() -> None:
            with torch.no_grad():
                for encoder in self.text:
                    encoder(ids)

        return count(work)

    def weights(self, *networks: Any) -> int:
        """Bytes of networks' weights."""
        return sum(_bytes(p) for network in networks for p in network.parameters())


def build_models() -> list[Model]:
    """The SD-1.5 and SDXL classes, frozen, in bfloat16, on the meta device."""
    with torch.device("meta"):
        models = [
            Model(
                "SD-1.5, 512²",
                UNet2DConditionModel(**_UNET_15),
                AutoencoderKL(**_VAE),
                AutoencoderTiny(),
                (CLIPTextModel(CLIPTextConfig(**_CLIP_L)),),
            ),
            Model(
                "SDXL, 1024²",
                UNet2DConditionModel(**_UNET_XL),
                AutoencoderKL(**_VAE),
                AutoencoderTiny(),
                (
                    CLIPTextModel(CLIPTextConfig(**_CLIP_L)),
                    CLIPTextModelWithProjection(CLIPTextConfig(**_CLIP_BIG_G)),
                ),
            ),
        ]
    for model in models:
        for network in (model.unet, model.vae, model.tiny, *model.text):
            nn.Module.to(network, PRECISION).requires_grad_(False).eval()
    return models


@dataclass(frozen=True)
class Phase:
    """A part of the work on an avatar."""

    name: str
    seconds: dict[str, float]
    peak: float
    """Bytes, with weights."""


def phases(model: Model, encoder: str) -> list[Phase]:
    """The three stages that ask the prior, with default settings."""
    result = [_personalize(model)]
    stages = {"sculpt": SculptSettings(), "paint": PaintSettings()}
    for name, settings in stages.items():
        views = settings.guidance.views_per_step
        encoding = model.encode(views, encoder)
        predicting = model.predict(3 * views)
        share = mean_calls(settings.guidance, settings.steps) / 3
        seconds = {
            card: settings.steps * (encoding.seconds[card] + share * predicting.seconds[card])
            for card in CARDS
        }
        weights = model.weights(model.unet, getattr(model, encoder), *model.text)
        result.append(Phase(name, seconds, weights + max(encoding.peak, predicting.peak)))
    return result


def _personalize(model: Model) -> Phase:
    """Learning by prediction: tokens first, then the adapter with other people's pictures beside.

    Weights that learn are few and not counted; frozen ones are in float32 here, and work in
    bfloat16 by autocast.
    """
    settings = PersonalizationSettings()
    beside = (
        settings.class_batch_size
        + settings.synthetic_color_batch_size
        + settings.synthetic_normal_batch_size
    )
    first = model.predict(settings.batch_size, learns=True)
    second = model.predict(settings.batch_size + beside, learns=True)
    sampled = model.predict(2)
    samples = settings.class_pictures * settings.sampling_steps
    seconds = {
        card: settings.token_steps * first.seconds[card]
        + settings.adapter_steps * second.seconds[card]
        + samples * sampled.seconds[card]
        for card in CARDS
    }
    weights = 2 * model.weights(model.unet, model.vae, *model.text)
    return Phase("personalize", seconds, weights + second.peak)


def main() -> None:
    """Print both tables."""
    models = build_models()
    print(_passes(models))
    print()
    print(_avatars(models))


def _passes(models: list[Model]) -> str:
    lines = [
        "| pass | GFLOP | GB moved | GiB of weights | GiB alive | "
        + " | ".join(f"{card}, ms" for card in CARDS)
        + " |"
    ]
    lines.append("|---" * (5 + len(CARDS)) + "|")
    for model in models:
        passes: dict[str, tuple[Cost, int]] = {
            "UNet, one view (2 rows)": (model.predict(2), model.weights(model.unet)),
            "VAE encoder, forwards and backwards": (
                model.encode(1, "vae"),
                model.weights(model.vae.encoder, model.vae.quant_conv),
            ),
            "tiny encoder, forwards and backwards": (
                model.encode(1, "tiny"),
                model.weights(model.tiny.encoder),
            ),
            "text encoders, one sentence": (model.read(), model.weights(*model.text)),
        }
        for name, (cost, weights) in passes.items():
            lines.append(
                f"| {model.name}: {name} | {cost.flops / 1e9:,.0f} | {cost.moved / 1e9:.2f} "
                f"| {weights / GIBIBYTE:.2f} | {cost.peak / GIBIBYTE:.2f} | "
                + " | ".join(f"{1000 * cost.seconds[card]:.2f}" for card in CARDS)
                + " |"
            )
    return "\n".join(lines)


def _avatars(models: list[Model]) -> str:
    lines = [
        "| avatar | stage | GiB | "
        + " | ".join(f"{card}, bound | {card}, at {REACHED:.0%} of it" for card in CARDS)
        + " |"
    ]
    lines.append("|---" * (3 + 2 * len(CARDS)) + "|")
    for model in models:
        for encoder in ("vae", "tiny"):
            name = model.name + (", tiny encoder throughout" if encoder == "tiny" else "")
            done = phases(model, encoder)
            total = {card: sum(p.seconds[card] for p in done) for card in CARDS}
            for phase in (*done, Phase("all", total, max(p.peak for p in done))):
                lines.append(
                    f"| {name} | {phase.name} | {phase.peak / GIBIBYTE:.1f} | "
                    + " | ".join(
                        f"{phase.seconds[c] / 60:.1f} min "
                        f"| {phase.seconds[c] / REACHED / 60:.0f} min"
                        for c in CARDS
                    )
                    + " |"
                )
    lines.append(f"\nTarget: {TARGET_MINUTES} min, {TARGET_GIBIBYTES} GiB.")
    return "\n".join(lines)


def _given(*shape: int) -> Tensor:
    return torch.empty(shape, dtype=PRECISION, device="meta")


def _bytes(tensor: Tensor) -> int:
    return tensor.numel() * tensor.element_size()


if __name__ == "__main__":
    main()
