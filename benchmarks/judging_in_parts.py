"""What judging views in parts saves of memory, and costs in time, with the demo prior on the CPU.

python benchmarks/judging_in_parts.py
"""

import torch
from bench_scenes import cpu_milliseconds
from live_bytes import LiveBytes

from album2avatar.assets import Framing
from album2avatar.guidance.personal import PersonalGuidance
from album2avatar.model_folders import find_model
from album2avatar.prior.model import load_prior
from album2avatar.prior.personalized import PersonalizedPrior
from album2avatar.settings import GuidanceSettings

VIEWS = 8


def main() -> None:
    """Print MiB of tensors alive at once and CPU milliseconds for each size of the parts."""
    torch.set_num_threads(1)
    prior = PersonalizedPrior(load_prior(find_model("demo-prior")), "woman", ())
    guidance = PersonalGuidance(prior, GuidanceSettings(), steps=1)
    size = prior.prior.image_size
    images = torch.rand(VIEWS, size, size, 3, generator=torch.Generator().manual_seed(0))

    framings: list[Framing] = ["full body"] * VIEWS

    def gradient(at_once: int) -> torch.Tensor:
        seen = images.clone().requires_grad_()
        guidance.distil(
            0,
            framings,
            seen,
            ["a photo of a woman"] * VIEWS,
            torch.Generator().manual_seed(1),
            at_once=at_once,
        ).loss.backward()
        assert seen.grad is not None
        return seen.grad

    whole = gradient(VIEWS)
    print("| views at once | MiB | ms | largest difference of the gradient |\n|---|---|---|---|")
    for at_once in (8, 4, 2, 1):
        with LiveBytes() as memory:
            found = gradient(at_once)
        off = float((found - whole).abs().max() / whole.abs().max())
        time = cpu_milliseconds(lambda: gradient(at_once), repeats=3)  # noqa: B023
        print(f"| {at_once} | {memory.peak / 2**20:.1f} | {time:.0f} | {off:.0e} |")


if __name__ == "__main__":
    main()
