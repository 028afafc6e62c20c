"""Colour as a function of the place on the surface."""

import math

import torch
from torch import Tensor, nn

from album2avatar.mesh.gather import gather_rows

LOWEST_FREQUENCY = 0.75 * math.pi
"""Radians a metre: the lowest octave tells head from feet."""
LARGEST_FREE_LOGIT = 3.0
"""Colours from 0.05 to 0.95 cost nothing."""


class ColorField(nn.Module):
    """One colour for each asset, plus a small network of position that varies it.

    The assets' own colours settle within a few steps and keep garments apart where they
    meet; the network adds what varies within them. Fourier features: Tancik et al. 2020.
    """

    centre: Tensor

    def __init__(
        self,
        centre: Tensor,
        asset_count: int,
        frequencies: int,
        hidden_width: int,
        generator: torch.Generator,
    ) -> None:
        """Start as even grey.

        Args:
            centre: (3,) metres, around which positions are measured.
            generator: CPU generator of the network's first weights.
        """
        super().__init__()
        self.register_buffer("centre", centre.clone())
        self._scales = [LOWEST_FREQUENCY * 2.0**octave for octave in range(frequencies)]
        self.asset_logits = nn.Parameter(torch.zeros(asset_count, 3))
        width = 3 + 6 * frequencies + asset_count
        self.network = nn.Sequential(
            nn.Linear(width, hidden_width),
            nn.SiLU(),
            nn.Linear(hidden_width, hidden_width),
            nn.SiLU(),
            nn.Linear(hidden_width, 3),
        )
        with torch.no_grad():
            for layer in (self.network[0], self.network[2]):
                assert isinstance(layer, nn.Linear)
                bound = 1.0 / math.sqrt(layer.in_features)
                layer.weight.uniform_(-bound, bound, generator=generator)
                layer.bias.zero_()
            last = self.network[4]
            assert isinstance(last, nn.Linear)
            last.weight.zero_()
            last.bias.zero_()

    @torch.no_grad()
    def start_at(self, asset_colors: Tensor) -> None:
        """Set the assets' own colours, (K, 3) sRGB; black and full are kept off."""
        self.asset_logits.copy_(torch.logit(asset_colors.clamp(0.05, 0.95)))

    def forward(self, points: Tensor, assets: Tensor) -> Tensor:
        """Albedo at points of the surface.

        Args:
            points: (N, 3) metres, canonical pose.
            assets: (N,) int64 index of each point's asset.

        Returns:
            (N, 3) sRGB in 0..1.
        """
        return torch.sigmoid(self.logits(points, assets))

    def logits(self, points: Tensor, assets: Tensor) -> Tensor:
        """What `forward` squeezes into 0..1, (N, 3)."""
        place = points - self.centre
        waves = torch.cat([place * scale for scale in self._scales], 1)
        kind = nn.functional.one_hot(assets, self.asset_logits.shape[0]).to(points.dtype)
        features = torch.cat([place, waves.sin(), waves.cos(), kind], 1)
        return gather_rows(self.asset_logits, assets) + self.network(features)


def saturation_loss(logits: Tensor) -> Tensor:
    """Cost of colours that are nearly black or full, where the gradient of a colour vanishes.

    Without it a few wrong steps at the start would be final.

    Args:
        logits: (N, 3) from `ColorField.logits`.

    Returns:
        () zero while all colours lie in 0.05..0.95.
    """
    return (logits.abs() - LARGEST_FREE_LOGIT).clamp(min=0.0).square().mean()
