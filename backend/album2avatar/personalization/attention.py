"""Where the UNet looks for each token, and how far that is from where the asset is."""

import math
import re
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from diffusers.models.attention_processor import Attention
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import Tensor

PUBLISHED_SIDE = 16
"""Side of the attention maps that PuzzleBooth compares with masks."""


@dataclass(frozen=True)
class AttentionTarget:
    """Where one token of one prompt belongs."""

    row: int
    """Of the batch."""
    column: int
    """Place of the token in the encoded prompt."""
    mask: Tensor
    """(s, s) in 0..1, how much of each place the asset covers."""


class AttentionRecorder:
    """Cross-attention of a UNet at the resolution nearest to 16 x 16.

    The layers there get an attention processor that computes what torch's fused attention does
    and keeps the probabilities; all other layers stay as they are. It stays in the network until
    `remove`, because gradient checkpointing runs a layer a second time.
    """

    def __init__(self, unet: UNet2DConditionModel, latent_size: int) -> None:
        layers = _cross_attention_layers(unet, latent_size)
        self.side = min(layers, key=lambda side: (abs(math.log2(side / PUBLISHED_SIDE)), -side))
        self._layers = layers[self.side]
        self._before = [layer.processor for layer in self._layers]
        self._maps: list[Tensor] | None = None
        for layer in self._layers:
            layer.set_processor(_RecordingProcessor(self))  # type: ignore[arg-type]

    @contextmanager
    def recording(self) -> Generator[list[Tensor]]:
        """Collect the maps (B, s * s, L) of the calls inside, one for each layer."""
        self._maps = []
        try:
            yield self._maps
        finally:
            self._maps = None

    def keep(self, probabilities: Tensor) -> None:
        """Take a layer's probabilities (B, heads, s * s, L), if they are being collected."""
        if self._maps is not None:
            self._maps.append(probabilities.mean(1))

    def remove(self) -> None:
        """Put the processors back that were there before."""
        for layer, processor in zip(self._layers, self._before, strict=True):
            layer.set_processor(processor)


class _RecordingProcessor:
    """Cross-attention written out, so that its probabilities can be seen."""

    def __init__(self, recorder: AttentionRecorder) -> None:
        self._recorder = recorder

    def __call__(
        self,
        attn: Attention,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor,
        attention_mask: Tensor | None = None,
        temb: Tensor | None = None,
    ) -> Tensor:
        """Attend from (B, N, C) to (B, L, C'); prompts are padded, so that there is no mask."""
        query, key, value = (
            states.unflatten(-1, (attn.heads, -1)).transpose(1, 2)
            for states in (
                attn.to_q(hidden_states),
                attn.to_k(encoder_hidden_states),  # pyright: ignore[reportOptionalCall]
                attn.to_v(encoder_hidden_states),  # pyright: ignore[reportOptionalCall]
            )
        )
        probabilities = (query @ key.transpose(-1, -2) * attn.scale).softmax(-1)
        self._recorder.keep(probabilities)
        attended = (probabilities.to(value) @ value).transpose(1, 2).flatten(2)
        for layer in attn.to_out:  # type: ignore[union-attr]
            attended = layer(attended)
        return attended


def attention_loss(maps: Sequence[Tensor], targets: Sequence[AttentionTarget]) -> Tensor:
    """Mean squared difference between where tokens are looked for and where they belong.

    Each token's map is the mean over layers and heads, divided by its largest value, so that a
    mask of any size can be met.

    Args:
        maps: of each layer, (B, s * s, L) attention probabilities.
        targets: at least one.

    Source: Avrahami et al. 2023, "Break-A-Scene", section 3.3, from which PuzzleBooth took it.
    """
    mean = torch.stack(list(maps)).mean(0)
    rows = [target.row for target in targets]
    columns = [target.column for target in targets]
    looked = mean[rows, :, columns]
    looked = looked / looked.amax(1, keepdim=True).clamp(min=1e-6)
    wanted = torch.stack([target.mask for target in targets]).flatten(1)
    return (looked - wanted).square().mean()


def _cross_attention_layers(
    unet: UNet2DConditionModel, latent_size: int
) -> dict[int, list[Attention]]:
    """Cross-attention layers by the side of the grid on which they stand."""
    last = len(unet.config["block_out_channels"]) - 1
    layers: dict[int, list[Attention]] = {}
    for name, module in unet.named_modules():
        if not (name.endswith(".attn2") and isinstance(module, Attention)):
            continue
        block = re.match(r"(down|up)_blocks\.(\d+)\.", name)
        halvings = last  # the middle block
        if block is not None:
            halvings = int(block[2]) if block[1] == "down" else last - int(block[2])
        layers.setdefault(latent_size >> halvings, []).append(module)
    return layers
