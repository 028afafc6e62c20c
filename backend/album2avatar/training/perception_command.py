"""Command line of the perception network's training; `scripts/train_perception` calls it."""

from pathlib import Path
from typing import Annotated

import torch
import typer

from album2avatar.training.loop import Loop, RateSchedule
from album2avatar.training.perception import Part, train_perception
from album2avatar.training.perception_data import PeopleDataset


def main(
    small: Annotated[Path, typer.Option(help="data set of 64-pixel pictures, seen first")],
    large: Annotated[Path, typer.Option(help="data set of 128-pixel pictures, seen after it")],
    output: Annotated[Path, typer.Option(help="model folder to write")],
    small_steps: Annotated[int, typer.Option(min=0, help="steps on the small pictures")] = 900,
    large_steps: Annotated[int, typer.Option(min=1, help="steps on the large pictures")] = 1800,
    batch_size: Annotated[int, typer.Option(min=1, help="pictures a step")] = 16,
    seed: Annotated[int, typer.Option(min=0, help="of weights, order and changes")] = 0,
    threads: Annotated[int, typer.Option(min=1, help="CPU threads")] = 1,
) -> None:
    """Train on small pictures, then on large ones; the checkpoint lies beside the model."""
    torch.set_num_threads(threads)
    parts = [
        Part(PeopleDataset(small), small_steps, 3 * batch_size // 2),
        Part(PeopleDataset(large), large_steps, batch_size),
    ]
    schedule = RateSchedule(small_steps + large_steps, peak=2.5e-3, rise_steps=60, fall_share=0.5)
    checkpoint = output.with_name(output.name + "-checkpoint.safetensors")
    train_perception(parts, Loop(schedule, checkpoint, save_every=200), output, seed)


if __name__ == "__main__":
    typer.run(main)
