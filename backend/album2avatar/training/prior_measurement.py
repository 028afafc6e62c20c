"""How often the prior paints what the prompt says: 200 held-out people, judged by perception."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from numpy.typing import NDArray

from album2avatar.assets import FRAMINGS, VIEWS, AssetKind, Framing, Subject, View
from album2avatar.errors import Album2AvatarError
from album2avatar.files import write_json
from album2avatar.model_folders import find_model
from album2avatar.perception.model import Perceived, Perception, load_perception
from album2avatar.prior.model import Prior, load_prior
from album2avatar.prior.prompts import AssetPhrase, compose_prompt
from album2avatar.prior.sampling import sample_images
from album2avatar.seeding import numpy_generator, torch_generator
from album2avatar.synthetic.captions import person_phrases
from album2avatar.synthetic.people import sample_person
from album2avatar.synthetic.splits import person_seed
from album2avatar.training.dataset import PeopleDataset, open_dataset
from album2avatar.training.phrases import palette_of, parts_of

SHOWN_KINDS: dict[Framing, tuple[AssetKind, ...]] = {
    "full body": ("skin", "hair", "headwear", "top", "dress", "outerwear", "bottom", "shoes"),
    "upper body": ("skin", "hair", "headwear", "top", "dress", "outerwear"),
    "lower body": ("dress", "bottom", "shoes"),
    "head close-up": ("skin", "hair", "glasses", "headwear"),
}
"""What a prompt of each framing names."""
NAMED: dict[AssetKind, str] = {
    "hair": "hair",
    "headwear": "headwear",
    "glasses": "glasses",
    "top": "top",
    "outerwear": "outerwear",
    "bottom": "bottom",
    "shoes": "shoes",
}
"""Kinds whose name the perception network can tell, and its word for the question."""
GARMENTS: tuple[AssetKind, ...] = ("top", "dress", "outerwear", "bottom", "shoes", "headwear")
SAMPLING_STEPS = 20
GUIDANCE_SCALE = 4.0
_LEAST_PIXELS = 12
_BATCH = 20


@dataclass(frozen=True)
class Order:
    """One picture to paint."""

    subject: Subject
    phrases: tuple[AssetPhrase, ...]
    view: View
    framing: Framing

    @property
    def prompt(self) -> str:
        """The sentence, in front of grey."""
        return compose_prompt(self.subject, self.phrases, self.view, self.framing, "grey")


def draw_orders(count: int) -> list[Order]:
    """Held-out people in random views and framings; half of them full body."""
    return [_draw_order(index, numpy_generator(0, "orders", index)) for index in range(count)]


def _draw_order(index: int, generator: np.random.Generator) -> Order:
    person = sample_person(person_seed("held-out", 500_000 + index))
    view = VIEWS[int(generator.integers(len(VIEWS)))]
    other = FRAMINGS[int(generator.integers(len(FRAMINGS)))]
    framing: Framing = "full body" if generator.random() < 0.5 else other
    hidden = {"top"} if person.outerwear and view != "front" else set[str]()
    hidden |= {"glasses"} if view == "back" else set()
    phrases = tuple(
        phrase
        for phrase in person_phrases(person)
        if phrase.kind in SHOWN_KINDS[framing] and phrase.kind not in hidden
    )
    return Order(person.subject, phrases, view, framing)


def judge(order: Order, seen: Perceived, image: NDArray[np.float32]) -> dict[str, bool]:
    """Which parts of an order the picture obeys: question to verdict.

    Colours are judged where the garment covers enough pixels; a garment that is missing is
    counted under `garment is there`.
    """
    verdicts = {
        "view": seen.word("view") == order.view,
        "framing": seen.word("framing") == order.framing,
    }
    labels = seen.labels.numpy()
    for phrase in order.phrases:
        parts = parts_of(phrase)
        if phrase.kind == "hair" and order.framing != "lower body":
            verdicts["hair style"] = seen.word("hair") in parts["name"]
            if "color" in parts:
                verdicts["hair colour"] = seen.word("hair colour") == parts["color"]
        elif phrase.kind == "skin":
            verdicts["skin tone"] = seen.word("skin") == parts["color"]
        if phrase.kind in GARMENTS and "color" in parts:
            verdicts |= _judge_garment(phrase, parts, seen, image, labels)
    return verdicts


def _judge_garment(
    phrase: AssetPhrase,
    parts: dict[str, str],
    seen: Perceived,
    image: NDArray[np.float32],
    labels: NDArray[Any],
) -> dict[str, bool]:
    mask = labels == seen.pixel_classes.index(phrase.kind)
    verdicts = {f"{phrase.kind} is there": bool(mask.sum() >= _LEAST_PIXELS)}
    if phrase.kind in NAMED:
        verdicts[f"{phrase.kind} name"] = seen.word(NAMED[phrase.kind]) == parts["name"]
    if mask.sum() >= _LEAST_PIXELS:
        if "pattern" not in parts:
            color = np.median(image[mask], axis=0)
            palette = palette_of(phrase)
            verdicts[f"{phrase.kind} colour"] = parts["color"] == nearest_color(color, palette)
        elif phrase.kind in ("bottom", "top", "dress"):
            question = "lower pattern" if phrase.kind == "bottom" else "upper pattern"
            verdicts["pattern"] = seen.word(question) == parts["pattern"]
    return verdicts


def nearest_color(color: NDArray[Any], palette: Mapping[str, tuple[int, int, int]]) -> str:
    """The palette word nearest to an sRGB colour (3,) in 0..1.

    Light darkens a garment, so each palette colour is tried at several strengths.
    """
    strengths = np.linspace(0.6, 1.05, 10)[:, None]
    here = lab(color[None])
    distances = {
        word: float(np.linalg.norm(lab(strengths * np.array(value) / 255) - here, axis=1).min())
        for word, value in palette.items()
    }
    return min(distances, key=lambda word: distances[word])


def lab(colors: NDArray[Any]) -> NDArray[np.float64]:
    """CIELAB (N, 3) of sRGB colours (N, 3) in 0..1, white point D65."""
    clipped = np.clip(colors.astype(np.float64), 0, 1)
    linear = np.where(clipped <= 0.04045, clipped / 12.92, ((clipped + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    )
    ratio = linear @ to_xyz.T / np.array([0.9505, 1.0, 1.089])
    root = np.where(ratio > 0.008856, np.cbrt(ratio), 7.787 * ratio + 16 / 116)
    x, y, z = root.T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)


def tally(verdicts: Sequence[dict[str, bool]]) -> dict[str, tuple[int, int]]:
    """Question to (obeyed, asked)."""
    questions = sorted({question for verdict in verdicts for question in verdict})
    return {
        question: (
            sum(verdict[question] for verdict in verdicts if question in verdict),
            sum(question in verdict for verdict in verdicts),
        )
        for question in questions
    }


def rendered_orders(dataset: PeopleDataset, count: int) -> tuple[list[Order], NDArray[np.float32]]:
    """Pictures of a data set as if they had been ordered: what the judge says of the truth."""
    records = dataset.records[:count]
    orders = [
        Order(
            record["subject"],
            tuple(
                AssetPhrase(kind, words)
                for kind, words in record["phrases"].items()
                if kind in SHOWN_KINDS[record["framing"]]
            ),
            record["view"],
            record["framing"],
        )
        for record in records
    ]
    return orders, dataset.images[: len(orders)].astype(np.float32) / np.float32(255)


def paint_orders(prior: Prior, orders: Sequence[Order]) -> torch.Tensor:
    """Pictures (N, H, W, 3) of orders."""
    return torch.cat(
        [
            sample_images(
                prior,
                [order.prompt for order in orders[start : start + _BATCH]],
                SAMPLING_STEPS,
                GUIDANCE_SCALE,
                torch_generator(0, "measurement", start),
            )
            for start in range(0, len(orders), _BATCH)
        ]
    )


def main(
    prior: Annotated[str, typer.Option(help="name or folder of the prior")] = "demo-prior",
    perception: Annotated[str, typer.Option(help="the judge")] = "demo-perception",
    truth: Annotated[
        Path | None, typer.Option(help="data set of held-out people, judged for comparison")
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="prompts")] = 200,
    output: Annotated[Path | None, typer.Option(help="JSON file to write")] = None,
    threads: Annotated[int, typer.Option(min=1, max=64)] = 1,
) -> None:
    """Paint held-out people and print how often each part of the prompt shows."""
    torch.set_num_threads(threads)
    try:
        painter, judging = load_prior(find_model(prior)), load_perception(find_model(perception))
    except Album2AvatarError as error:
        raise SystemExit(f"Error: {error}") from None
    orders = draw_orders(count)
    tables = [_judge_all(judging, orders, paint_orders(painter, orders).numpy())]
    if truth is not None:
        tables.append(_judge_all(judging, *rendered_orders(open_dataset(truth), count)))
    print("| what the prompt says | shown by the prior | shown by true renders |\n|---|---|---|")
    for question in tables[0]:
        cells = [table.get(question) for table in tables]
        print(f"| {question} | " + " | ".join(_share(cell) for cell in cells) + " |")
    if output is not None:
        write_json(output, {q: {"shown": s, "asked": a} for q, (s, a) in tables[0].items()})


@torch.no_grad()
def _judge_all(
    judging: Perception, orders: Sequence[Order], images: NDArray[np.float32]
) -> dict[str, tuple[int, int]]:
    return tally(
        [
            judge(order, judging.perceive(torch.from_numpy(image)), image)
            for order, image in zip(orders, images, strict=True)
        ]
    )


def _share(counts: tuple[int, int] | None) -> str:
    return f"{100 * counts[0] / counts[1]:.0f} % of {counts[1]}" if counts else "-"


if __name__ == "__main__":
    typer.run(main)
