"""`scripts/train_tiny_encoder`: the demo prior's tiny encoder, and how near it comes."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import torch
import typer

from album2avatar.errors import Album2AvatarError
from album2avatar.model_folders import find_model
from album2avatar.prior.model import Prior, load_prior
from album2avatar.prior.tiny_encoder import load_tiny_encoder
from album2avatar.training.dataset import PeopleDataset, open_dataset
from album2avatar.training.loop import Loop, RateSchedule
from album2avatar.training.publishing import save_network
from album2avatar.training.tiny_encoder import (
    TinyEncoderTraining,
    measure_agreement,
    train_tiny_encoder,
)


def main(
    work: Annotated[Path, typer.Option(help="folder of the checkpoint")],
    data: Annotated[Path, typer.Option(help="data set of training people")],
    held_out: Annotated[Path, typer.Option(help="data set of held-out people")],
    output: Annotated[Path, typer.Option(help="folder of the finished tiny encoder")],
    prior: Annotated[str, typer.Option(help="name or folder of the prior")] = "demo-prior",
    steps: Annotated[int, typer.Option(min=1, help="steps in all; may change when resumed")] = 2000,
    threads: Annotated[int, typer.Option(min=1, max=64, help="CPU threads")] = 1,
) -> None:
    """Train the tiny encoder, write its folder, and measure it. Resumable."""
    torch.set_num_threads(threads)
    try:
        people, measured = open_dataset(data), open_dataset(held_out)
        teacher = load_prior(find_model(prior))
    except Album2AvatarError as error:
        raise SystemExit(f"Error: {error}") from None
    schedule = RateSchedule(steps, peak=2e-3, rise_steps=50)
    loop = Loop(schedule, work / "tiny_encoder.safetensors")
    save_network(train_tiny_encoder(teacher, people, loop, TinyEncoderTraining()), output)
    reduction = teacher.image_size // teacher.latent_size
    tiny = load_tiny_encoder(output, teacher.latent_channels, reduction)
    quick = replace(teacher, tiny_encoder=tiny)
    quick.move("cpu", torch.float32)
    print(report(teacher, quick, measured))


def report(teacher: Prior, quick: Prior, people: PeopleDataset) -> str:
    """A Markdown table of agreement and time."""
    lines = ["| pictures | latent error | gradient cosine | of 4 x 4 pixels |", "|---|---|---|---|"]
    for name, normals in (("photos", False), ("normal maps", True)):
        found = measure_agreement(teacher, quick, people, normals)
        lines.append(
            f"| {name} | {found.latent_error:.3f} | {found.pixel_cosine:.3f} "
            f"| {found.coarse_cosine:.3f} |"
        )
    own, tiny = (milliseconds_a_picture(asked) for asked in (teacher, quick))
    lines.append(f"\n{own:.1f} ms a picture with its gradient by the prior's own, {tiny:.1f} ms.")
    return "\n".join(lines)


def milliseconds_a_picture(prior: Prior, batch: int = 4, repeats: int = 9) -> float:
    """Least CPU time of encoding a picture and of the gradient to it."""
    size = prior.image_size
    images = torch.rand(batch, size, size, 3, requires_grad=True)
    times: list[float] = []
    for _ in range(repeats):
        began = time.process_time()
        torch.autograd.grad(prior.encode_images(images).square().mean(), images)
        times.append(time.process_time() - began)
    return 1000 * min(times) / batch


if __name__ == "__main__":
    typer.run(main)
