"""Whether torch.compile pays for the demo prior: time to compile, and of each call after that.

    TORCHINDUCTOR_COMPILE_THREADS=1 python benchmarks/compile_prior.py

CPU time of one thread, the compiler's processes included. The UNet is compiled as
`performance.compile_prior` does it, the encoder alike. Nothing is read from an earlier run's cache.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable

import torch

from album2avatar.model_folders import find_model
from album2avatar.prior.model import Prior, load_prior

VIEWS = 4
REPEATS = 9


def main() -> None:
    """Print eager and compiled times, and how many calls pay for the compilation."""
    torch.set_num_threads(1)
    prior = load_prior(find_model("demo-prior"))
    plain = {name: measured(work) for name, work in works(prior).items()}
    with tempfile.TemporaryDirectory() as cache:
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = cache
        prior.compile()
        prior.vae.encoder.compile(dynamic=True)
        for name, work in works(prior).items():
            began = _seconds()
            work()
            work()
            compiling = _seconds() - began
            seconds = measured(work)
            saved = plain[name] - seconds
            calls = f"{compiling / saved:,.0f} calls pay for it" if saved > 0 else "never pays"
            print(
                f"{name}: {1000 * plain[name]:.1f} ms, compiled {1000 * seconds:.1f} ms after "
                f"{compiling:.0f} s; {calls}",
                flush=True,
            )


def works(prior: Prior) -> dict[str, Callable[[], object]]:
    """What a step asks of the prior."""
    rows, size = 2 * VIEWS, prior.image_size
    latents = torch.randn(rows, prior.latent_channels, prior.latent_size, prior.latent_size)
    timesteps = torch.full((rows,), 500)
    with torch.no_grad():
        words = prior.encode_prompts(["a photo of a woman"]).expand(rows)
    images = torch.rand(VIEWS, size, size, 3, requires_grad=True)

    def encode() -> object:
        return torch.autograd.grad(prior.encode_images(images).square().mean(), images)

    return {
        "encoder and its gradient": encode,
        "UNet": lambda: prior.predict_noise(latents, timesteps, words),
    }


def measured(work: Callable[[], object]) -> float:
    """Median CPU seconds."""
    work()
    times: list[float] = []
    for _ in range(REPEATS):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return statistics.median(times)


def _seconds() -> float:
    """CPU seconds of this process and of those that it has waited for."""
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


if __name__ == "__main__":
    main()
