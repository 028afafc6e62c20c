"""A prior whose images are Gaussians: all that it says is known in closed form."""

from dataclasses import dataclass, field

import torch
from torch import Tensor

from album2avatar.prior.embeddings import TextEmbeddings
from album2avatar.prior.parametrization import Prediction, noise_from_output


@dataclass
class GaussianPrior:
    """Images are independent Gaussians; the embedding is their (mean, variance).

    Of x_t = sqrt(a) x + sqrt(1 - a) n the expected picture is
    (variance sqrt(a) x_t + (1 - a) mean) / (a variance + 1 - a), from which noise and v follow.
    """

    alphas_cumprod: Tensor
    kind: Prediction
    asked: list[int] = field(default_factory=list)
    """Rows of each call."""

    def encode_images(self, images: Tensor, size: int) -> Tensor:
        return images.permute(0, 3, 1, 2)

    def predict_noise(
        self,
        latents: Tensor,
        timesteps: Tensor,
        embeddings: TextEmbeddings,
        conditioning: None = None,
    ) -> Tensor:
        self.asked.append(len(latents))
        signal = self.alphas_cumprod[timesteps].view(-1, 1, 1, 1)
        mean = embeddings.hidden[:, 0, 0].view(-1, 1, 1, 1)
        variance = embeddings.hidden[:, 0, 1].view(-1, 1, 1, 1)
        spread = (1 - signal).sqrt()
        total = signal * variance + 1 - signal
        noise = spread * (latents - signal.sqrt() * mean) / total
        picture = (variance * signal.sqrt() * latents + (1 - signal) * mean) / total
        v = signal.sqrt() * noise - spread * picture
        output = noise if self.kind == "epsilon" else v
        return noise_from_output(self.kind, output, latents, signal)


def gaussian_prior(kind: Prediction) -> GaussianPrior:
    """One with 1,000 timesteps."""
    return GaussianPrior(torch.cumprod(1 - torch.linspace(1e-3, 2e-2, 1000), 0), kind)


def embedding(mean: float, variance: float, count: int) -> TextEmbeddings:
    """`count` prompts whose images have this mean and variance."""
    return TextEmbeddings(torch.tensor([[[mean, variance]]])).expand(count)
