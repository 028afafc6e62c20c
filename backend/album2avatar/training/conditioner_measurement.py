"""How well the conditioner leads the prior: held-out people, judged by perception.

Each picture is painted twice from the same noise and the same words, once led by the body under
the true person's clothes and once not.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from torch import Tensor

from album2avatar.assets import FRAMINGS, PIXEL_CLASSES
from album2avatar.errors import Album2AvatarError
from album2avatar.files import write_json
from album2avatar.model_folders import find_model
from album2avatar.perception.model import Perceived, Perception, load_perception
from album2avatar.pictures import save_picture, tiled
from album2avatar.prior.conditioner import Conditioner, Conditioning, load_conditioner
from album2avatar.prior.model import Prior, load_prior
from album2avatar.prior.sampling import sample_images
from album2avatar.seeding import torch_generator
from album2avatar.training.conditioner import LedPeople, open_led_people
from album2avatar.training.prior_measurement import (
    GUIDANCE_SCALE,
    SAMPLING_STEPS,
    Order,
    judge,
    rendered_orders,
    tally,
)

_BATCH = 20
_NO_SURFACE = 128
"""Value of all three channels of a body's normals where there is no body."""


@dataclass(frozen=True)
class Outcome:
    """What was seen in one set of pictures."""

    overlaps: NDArray[np.float64]
    """(N,) share of the union of person and body that is both."""
    answers: Mapping[str, tuple[int, int]]
    """Question to (obeyed, asked)."""


def paint_led(
    prior: Prior, orders: Sequence[Order], bodies: Tensor, conditioner: Conditioner | None
) -> Tensor:
    """Pictures (N, H, W, 3) of orders, led by bodies (N, S, S, 3) where there is a conditioner."""
    pictures: list[Tensor] = []
    for start in range(0, len(orders), _BATCH):
        rows = slice(start, start + _BATCH)
        pictures.append(
            sample_images(
                prior,
                [order.prompt for order in orders[rows]],
                SAMPLING_STEPS,
                GUIDANCE_SCALE,
                torch_generator(0, "led measurement", start),
                Conditioning(conditioner, bodies[rows]) if conditioner else None,
            )
        )
    return torch.cat(pictures)


@torch.no_grad()
def judge_pictures(
    judging: Perception,
    orders: Sequence[Order],
    pictures: NDArray[np.float32],
    bodies: NDArray[np.uint8],
) -> Outcome:
    """Compare pictures (N, H, W, 3) in 0..1 with the orders and with bodies (N, S, S, 3)."""
    seen = [judging.perceive(torch.from_numpy(picture)) for picture in pictures]
    return Outcome(
        overlaps=np.array([overlap(s, body) for s, body in zip(seen, bodies, strict=True)]),
        answers=tally([judge(o, s, p) for o, s, p in zip(orders, seen, pictures, strict=True)]),
    )


def overlap(seen: Perceived, body: NDArray[np.uint8]) -> float:
    """Intersection over union of the person that is seen and the body's silhouette."""
    person = seen.labels.numpy() != PIXEL_CLASSES.index("background")
    silhouette = (body != _NO_SURFACE).any(-1)
    return float((person & silhouette).sum() / max(1, (person | silhouette).sum()))


def report(orders: Sequence[Order], outcomes: Mapping[str, Outcome]) -> list[str]:
    """A table's lines: overlap by framing, then every question."""
    lines = ["| | " + " | ".join(outcomes) + " |", "|---" * (len(outcomes) + 1) + "|"]
    for framing in FRAMINGS:
        rows = [row for row, order in enumerate(orders) if order.framing == framing]
        means = [f"{outcome.overlaps[rows].mean():.3f}" for outcome in outcomes.values()]
        lines.append(f"| silhouette, {framing} ({len(rows)}) | " + " | ".join(means) + " |")
    questions = sorted({q for outcome in outcomes.values() for q in outcome.answers})
    for question in questions:
        counts = [outcome.answers.get(question) for outcome in outcomes.values()]
        cells = [f"{100 * c[0] / c[1]:.0f} % of {c[1]}" if c else "-" for c in counts]
        lines.append(f"| {question} | " + " | ".join(cells) + " |")
    return lines


def draw_sheet(data: LedPeople, pictures: Sequence[Tensor], count: int) -> Tensor:
    """Rows of true picture, body, and each painted picture; a column a person."""
    true = torch.from_numpy(data.people.images[:count]).float() / 255
    bodies = data.led_by(np.arange(count))
    rows = torch.cat([true, bodies, *(painted[:count] for painted in pictures)])
    return tiled(rows.repeat_interleave(2, 1).repeat_interleave(2, 2), count)


def main(
    held_out: Annotated[Path, typer.Option(help="data set of held-out people, with bare bodies")],
    conditioner: Annotated[str, typer.Option(help="name or folder")] = "demo-conditioner",
    prior: Annotated[str, typer.Option(help="name or folder of the prior")] = "demo-prior",
    perception: Annotated[str, typer.Option(help="the judge")] = "demo-perception",
    count: Annotated[int, typer.Option(min=1, help="pictures")] = 200,
    sheet: Annotated[Path | None, typer.Option(help="PNG file of samples to write")] = None,
    output: Annotated[Path | None, typer.Option(help="JSON file to write")] = None,
    threads: Annotated[int, typer.Option(min=1, max=64)] = 1,
) -> None:
    """Paint held-out people with and without their bodies, and print what is seen."""
    torch.set_num_threads(threads)
    try:
        data = open_led_people(held_out)
        painter, judging = load_prior(find_model(prior)), load_perception(find_model(perception))
        leading = load_conditioner(find_model(conditioner), painter.unet)
    except Album2AvatarError as error:
        raise SystemExit(f"Error: {error}") from None
    orders, true = rendered_orders(data.people, count)
    bodies = data.bodies[: len(orders)]
    led_by = data.led_by(np.arange(len(orders)))
    painted = {
        "words alone": paint_led(painter, orders, led_by, None),
        "words and body": paint_led(painter, orders, led_by, leading),
    }
    outcomes = {
        name: judge_pictures(judging, orders, pictures.numpy(), bodies)
        for name, pictures in painted.items()
    }
    outcomes["true renders"] = judge_pictures(judging, orders, true, bodies)
    print("\n".join(report(orders, outcomes)))
    if sheet is not None:
        save_picture(sheet, draw_sheet(data, list(painted.values()), min(12, len(orders))))
    if output is not None:
        overlaps = {name: outcome.overlaps.tolist() for name, outcome in outcomes.items()}
        answers = {name: dict(outcome.answers) for name, outcome in outcomes.items()}
        write_json(output, {"overlaps": overlaps, "answers": answers})


if __name__ == "__main__":
    typer.run(main)
