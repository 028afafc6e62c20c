"""`scripts/train_conditioner`: the network that leads the demo prior by a body."""

import time
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from diffusers.models.controlnets.controlnet import ControlNetModel

from album2avatar.errors import Album2AvatarError
from album2avatar.model_folders import find_model
from album2avatar.prior.conditioner import Conditioner
from album2avatar.prior.model import load_prior
from album2avatar.training.conditioner import (
    ConditionerTraining,
    held_out_led_loss,
    make_conditioner,
    open_led_people,
    train_conditioner,
)
from album2avatar.training.loop import Loop, RateSchedule
from album2avatar.training.publishing import save_network


def main(
    work: Annotated[Path, typer.Option(help="folder of the checkpoint")],
    data: Annotated[Path, typer.Option(help="data set of training people, with bare bodies")],
    held_out: Annotated[Path, typer.Option(help="data set of held-out people, with bare bodies")],
    output: Annotated[Path, typer.Option(help="folder of the finished conditioner")],
    prior: Annotated[str, typer.Option(help="name or folder of the prior")] = "demo-prior",
    steps: Annotated[int, typer.Option(min=1, help="steps in all; may change when resumed")] = 1500,
    save_every: Annotated[int, typer.Option(min=1, help="steps between two versions")] = 150,
    threads: Annotated[int, typer.Option(min=1, max=64, help="CPU threads")] = 1,
) -> None:
    """Train the conditioner; writes its folder again with every checkpoint. Resumable."""
    torch.set_num_threads(threads)
    try:
        led, measured = open_led_people(data), open_led_people(held_out)
        leading = load_prior(find_model(prior))
    except Album2AvatarError as error:
        raise SystemExit(f"Error: {error}") from None
    training = ConditionerTraining()

    def measure(network: Any) -> float:
        return held_out_led_loss(leading, Conditioner(network), measured, training)

    def publish(network: ControlNetModel, step: int) -> None:
        save_network(network, output)
        now = time.strftime("%H:%M:%S")
        print(f"{now} wrote {output}, held-out loss {measure(network):.4f}", flush=True)

    print(f"held-out loss of the prior alone {measure(make_conditioner(leading.unet)):.4f}")
    schedule = RateSchedule(steps, peak=1e-3, rise_steps=50)
    loop = Loop(schedule, work / "conditioner.safetensors", save_every=save_every)
    train_conditioner(leading, led, loop, training, publish)


if __name__ == "__main__":
    typer.run(main)
