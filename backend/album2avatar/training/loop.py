"""The training loop that all networks share: averaged weights, schedule, checkpoint, resume."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from album2avatar.checkpoint import (
    load_checkpoint,
    optimizer_tensors,
    restore_optimizer,
    save_checkpoint,
)


@dataclass(frozen=True)
class RateSchedule:
    """Learning rate: short rise, long plateau, linear fall.

    The plateau doesn't depend on the number of steps, so a run can be resumed with more or
    fewer steps than it began with.
    """

    steps: int
    peak: float
    rise_steps: int = 150
    fall_share: float = 0.4
    floor: float = 0.02

    def at(self, step: int) -> float:
        """Rate of one step, 0-based."""
        fall_steps = max(1, round(self.steps * self.fall_share))
        rising = (step + 1) / self.rise_steps
        falling = self.floor + (1 - self.floor) * (self.steps - step) / fall_steps
        return self.peak * min(1.0, rising, falling)


class Trainee:
    """Networks under training, with optimizer and averaged weights.

    Args:
        networks: name to network; all of their parameters are trained.
        rate_scales: name to a factor on the learning rate, 1 where not given.
        average: decay of the exponential moving average of the weights per step.
    """

    def __init__(
        self,
        networks: Mapping[str, nn.Module],
        weight_decay: float,
        rate_scales: Mapping[str, float] | None = None,
        average: float = 0.998,
    ) -> None:
        self.networks = dict(networks)
        self.average = average
        self.parameters = {
            f"{network}.{name}": parameter
            for network, module in self.networks.items()
            for name, parameter in module.named_parameters()
        }
        self.averages = {name: p.detach().clone() for name, p in self.parameters.items()}
        scales = rate_scales or {}
        groups = [
            {"params": list(module.parameters()), "scale": scales.get(network, 1.0)}
            for network, module in self.networks.items()
        ]
        self.optimizer = torch.optim.AdamW(
            groups, lr=0.0, betas=(0.9, 0.98), weight_decay=weight_decay, fused=True
        )

    def step(self, loss: Tensor, rate: float, step: int) -> float:
        """Take one step down the gradient; returns the gradient's norm before clipping."""
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["scale"]
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # pyright: ignore[reportUnknownMemberType]
        norm = nn.utils.clip_grad_norm_(self.parameters.values(), 1.0)
        self.optimizer.step()
        # Early weights are forgotten sooner, so that the average of a young run is useful.
        decay = min(self.average, (step + 1) / (step + 20))
        with torch.no_grad():
            for name, parameter in self.parameters.items():
                self.averages[name].lerp_(parameter, 1 - decay)
        return float(norm)

    def averaged(self, network: str) -> dict[str, Tensor]:
        """Averaged weights of one network, with its buffers."""
        prefix = network + "."
        whole: dict[str, Tensor] = self.networks[network].state_dict()
        latest = {name: self.averages.get(prefix + name, whole[name]) for name in whole}
        return {name: tensor.detach().clone() for name, tensor in latest.items()}

    def save(self, path: Path, step: int) -> None:
        """Write everything that the next step depends on."""
        tensors = {f"weights.{name}": p for name, p in self.parameters.items()}
        tensors |= {f"average.{name}": t for name, t in self.averages.items()}
        save_checkpoint(path, step, tensors | optimizer_tensors(self.optimizer, "optimizer"))

    def restore(self, path: Path) -> int:
        """Go back to a checkpoint; returns its step, 0 where there is none."""
        checkpoint = load_checkpoint(path)
        if checkpoint is None:
            return 0
        with torch.no_grad():
            for name, parameter in self.parameters.items():
                parameter.copy_(checkpoint.tensors[f"weights.{name}"])
                self.averages[name].copy_(checkpoint.tensors[f"average.{name}"])
        restore_optimizer(self.optimizer, checkpoint.tensors, "optimizer")
        return checkpoint.step


@dataclass(frozen=True)
class Loop:
    """How long a training runs, and how often it looks up."""

    schedule: RateSchedule
    checkpoint: Path
    log_every: int = 50
    save_every: int = 300


def train(
    trainee: Trainee,
    loop: Loop,
    loss_of_step: Callable[[int], tuple[Tensor, Mapping[str, float]]],
    on_save: Callable[[int], None] | None = None,
) -> None:
    """Train from the checkpoint, or from the start, to the schedule's last step.

    Args:
        loss_of_step: loss and metrics of a step. It must draw only from generators that are
            seeded by the step, so that a resumed run equals an uninterrupted one.
        on_save: called after each checkpoint with the number of steps taken.
    """
    start = trainee.restore(loop.checkpoint)
    began, recent = time.monotonic(), list[Mapping[str, float]]()
    for step in range(start, loop.schedule.steps):
        loss, metrics = loss_of_step(step)
        norm = trainee.step(loss, loop.schedule.at(step), step)
        recent.append({"loss": float(loss.detach()), **metrics, "gradient": norm})
        done = step + 1
        if done % loop.log_every == 0 or done == loop.schedule.steps:
            print(_report(done, start, began, loop.schedule, recent), flush=True)
            recent.clear()
        if done % loop.save_every == 0 or done == loop.schedule.steps:
            trainee.save(loop.checkpoint, done)
            if on_save is not None:
                on_save(done)


def _report(
    done: int,
    start: int,
    began: float,
    schedule: RateSchedule,
    recent: Sequence[Mapping[str, float]],
) -> str:
    seconds = time.monotonic() - began
    means = {
        name: sum(row[name] for row in recent if name in row) / sum(name in row for row in recent)
        for name in recent[-1]
    }
    left = seconds / (done - start) * (schedule.steps - done)
    numbers = " ".join(f"{name} {value:.4f}" for name, value in means.items())
    return (
        f"{time.strftime('%H:%M:%S')} step {done}/{schedule.steps} {numbers} "
        f"rate {schedule.at(done - 1):.1e} {seconds / (done - start):.2f} s/step "
        f"{left / 60:.1f} min left"
    )
