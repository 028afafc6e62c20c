"""Where the time of a sculpt step and of a paint step goes, in the real stages, on one CPU thread.

    python benchmarks/step_time.py AVATAR [--steps 12]

AVATAR is a finished avatar's folder; it is copied and not changed. The stages run with its own
settings until they have taken so many steps, while a clock stands around their building blocks.
"""

import importlib
import shutil
import statistics
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any
from unittest.mock import patch

import torch
import typer
from torch import Tensor

from album2avatar.errors import CancelledError
from album2avatar.paint import stage as paint_stage
from album2avatar.paint.canvas import FieldCanvas
from album2avatar.paint.painter import Painter
from album2avatar.presets import build_settings, read_settings_file
from album2avatar.prior.model import Prior
from album2avatar.progress import JobControl, ProgressEvent
from album2avatar.sculpt import stage as sculpt_stage
from album2avatar.sculpt.field import OffsetField
from album2avatar.sculpt.sculptor import Sculptor
from album2avatar.settings import Settings
from album2avatar.workspace import Workspace

WARM_UP = 2
ENCODER_BACKWARD = "encoder, backward"
OTHER_BACKWARD = "other backward"
_BLOCKS: dict[str, tuple[tuple[object, str], ...]] = {
    "march": ((OffsetField, "offsets"), (OffsetField, "signed_distance"), (Sculptor, "surface")),
    "rasterize": ((importlib.import_module("album2avatar.render.shading"), "rasterize"),),
    "antialias": ((importlib.import_module("album2avatar.render.shading"), "antialias"),),
    "shade": (
        (importlib.import_module("album2avatar.sculpt.normal_guidance"), "render_normals"),
        (importlib.import_module("album2avatar.sculpt.sculptor"), "render_mask"),
        (importlib.import_module("album2avatar.paint.painter"), "look"),
        (importlib.import_module("album2avatar.paint.painter"), "photograph"),
    ),
    "colour field": ((FieldCanvas, "logits"),),
    "smoothness": ((Sculptor, "_regularization"),),
    "encode": ((Prior, "encode_images"),),
    "text": ((Prior, "encode_prompts"),),
    "prior": ((Prior, "predict_noise"),),
    "backward": ((Tensor, "backward"),),
    "optimiser": ((torch.optim.Adam, "step"),),
}
"""Building blocks by name; the time of one inside another belongs to the inner one alone."""


class Clock:
    """CPU seconds of each block, step by step."""

    def __init__(self) -> None:
        self._running: list[str] = []
        self._since = time.process_time()
        self._now: dict[str, float] = defaultdict(float)
        self.steps: list[dict[str, float]] = []

    def switch(self, name: str | None) -> None:
        """Enter a block, or leave the innermost one."""
        moment = time.process_time()
        self._now[self._running[-1] if self._running else "rest"] += moment - self._since
        self._since = moment
        if name is None:
            self._running.pop()
        else:
            self._running.append(name)

    def end_step(self) -> None:
        """Keep what was measured as one step."""
        self.steps.append(dict(self._now))
        self._now.clear()
        self._since = time.process_time()

    def around(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function with this clock around it."""

        def timed(*values: Any, **named: Any) -> Any:
            self.switch(name)
            try:
                return function(*values, **named)
            finally:
                self.switch(None)

        return timed

    def around_encoder(self, encode: Callable[..., Tensor]) -> Callable[..., Tensor]:
        """`encode_images`, whose backward pass is a block of its own."""

        def timed(prior: Prior, images: Tensor, size: int | None = None) -> Tensor:
            latents = encode(prior, images, size)
            if latents.requires_grad:
                latents.register_hook(lambda _: self.switch(ENCODER_BACKWARD))
                images.register_hook(lambda _: self.switch(None))
            return latents

        return self.around("encode", timed)


@contextmanager
def clocked(clock: Clock) -> Iterator[None]:
    """The building blocks with the clock around them."""
    patches = [
        patch.object(
            owner,
            attribute,
            clock.around_encoder(getattr(owner, attribute))
            if name == "encode"
            else clock.around(name, getattr(owner, attribute)),
        )
        for name, places in _BLOCKS.items()
        for owner, attribute in places
    ]
    for one in patches:
        one.start()
    try:
        yield
    finally:
        for one in patches:
            one.stop()


def measure(
    run: Callable[[Workspace, Settings, JobControl], None],
    name: str,
    worker: type[Sculptor] | type[Painter],
    avatar: Path,
    performance: dict[str, Any],
    steps: int,
) -> list[dict[str, float]]:
    """Seconds of each block in each of some steps of a stage."""
    clock, cancelled = Clock(), threading.Event()
    take_step: Any = worker.train_step

    def counted(self: Any, step: int) -> Any:
        clock.end_step()
        metrics = take_step(self, step)
        clock.end_step()
        if step + 1 >= WARM_UP + steps:
            cancelled.set()
        return metrics

    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copytree(avatar, Path(folder) / "avatar")
        workspace = Workspace(copy)
        own = {"device": "cpu", "threads": 1, "performance": performance}
        settings = build_settings([read_settings_file(workspace.settings_file), own])
        workspace.checkpoint(name).unlink(missing_ok=True)
        # Told to stop after the last step that is wanted, a stage ends by the error.
        with (
            clocked(clock),
            patch.object(worker, "train_step", counted),
            suppress(CancelledError),
        ):
            run(workspace, settings, JobControl(name, _quiet, cancelled))
    return clock.steps[1::2][WARM_UP:]


def table(found: dict[str, list[dict[str, float]]]) -> str:
    """Medians in milliseconds as a Markdown table; one column for each stage."""
    names = [*_BLOCKS, ENCODER_BACKWARD, "rest"]
    medians = {
        stage: {name: 1000 * statistics.median(s.get(name, 0.0) for s in steps) for name in names}
        for stage, steps in found.items()
    }
    totals = {
        stage: 1000 * statistics.median(sum(s.values()) for s in steps)
        for stage, steps in found.items()
    }
    lines = ["| ms | " + " | ".join(medians) + " |", "|---" * (1 + len(medians)) + "|"]
    for name in names:
        if any(values[name] > 0.05 for values in medians.values()):
            shown = OTHER_BACKWARD if name == "backward" else name
            cells = [
                f"{values[name]:.1f} ({values[name] / totals[stage]:.0%})"
                for stage, values in medians.items()
            ]
            lines.append(f"| {shown} | " + " | ".join(cells) + " |")
    lines.append("| whole step | " + " | ".join(f"{t:.0f}" for t in totals.values()) + " |")
    return "\n".join(lines)


def _quiet(event: ProgressEvent) -> None:
    pass


def main(
    avatar: Annotated[Path, typer.Argument(help="Folder of a finished avatar.")],
    steps: Annotated[int, typer.Option(help="Steps that are measured.")] = 12,
    tiny_encoder: Annotated[str, typer.Option(help="Encodes throughout instead.")] = "",
    compile_prior: Annotated[bool, typer.Option(help="Compile the prior's networks.")] = False,
) -> None:
    """Measure both stages and print the table."""
    torch.set_num_threads(1)
    performance = {
        "tiny_encoder": tiny_encoder,
        "tiny_encoder_share": 1.0,
        "compile_prior": compile_prior,
    }
    found = {
        "sculpt": measure(sculpt_stage.run, "sculpt", Sculptor, avatar, performance, steps),
        "paint": measure(paint_stage.run, "paint", Painter, avatar, performance, steps),
    }
    print(table(found))


if __name__ == "__main__":
    typer.run(main)
