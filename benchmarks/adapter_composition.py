"""Ways to put two albums' adapters together, on held-out synthetic people, in one run.

python benchmarks/adapter_composition.py FOLDER

FOLDER is one of benchmarks/swap_quality.py: its avatars' personalisations are used. Each way is
asked for samples of the benchmark's outfits; a table tells how near the garment comes to its
giver's album, how near the rest stays to the wearer's, and how often colours leak.
"""

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import torch
import typer
from swap_quality import SWAPS

from album2avatar.evaluation.adapter_composition import (
    Outfit,
    OutfitResult,
    measure_outfit,
    summed,
    trained_together,
)
from album2avatar.evaluation.held_out_albums import make_album
from album2avatar.model_folders import find_model
from album2avatar.perception.model import load_perception
from album2avatar.presets import load_preset
from album2avatar.prior.model import Prior
from album2avatar.settings import Settings
from album2avatar.workspace import Workspace

JOINT_STEPS = 30


def _sum(wearer: float, giver: float) -> Callable[[Outfit, Settings], Prior]:
    return lambda outfit, settings: summed(outfit, settings, wearer, giver)


WAYS: dict[str, Callable[[Outfit, Settings], Prior]] = {
    "wearer's alone": _sum(1.0, 0.0),
    "1 and 0.25": _sum(1.0, 0.25),
    "1 and 0.5": _sum(1.0, 0.5),
    "1 and 1": _sum(1.0, 1.0),
    "mean of both": _sum(0.5, 0.5),
    "giver's alone": _sum(0.0, 1.0),
    f"1 and 0.5, {JOINT_STEPS} joint steps": lambda outfit, settings: trained_together(
        outfit, settings, JOINT_STEPS
    ),
}


def main(
    folder: Annotated[Path, typer.Argument(help="Folder of the swap benchmark.")],
    preset: Annotated[str, typer.Option(help="Whose sampling and rates to use.")] = "quick",
) -> None:
    """Measure every way on every outfit, and print a table."""
    torch.set_num_threads(1)
    settings = Settings.model_validate({**load_preset(preset), "device": "cpu"})
    perception = load_perception(find_model(settings.segmentation.perception))
    albums = {n: make_album(n) for n in sorted({n for swap in SWAPS for n in swap[:2]})}
    found: dict[str, list[tuple[OutfitResult, float]]] = {name: [] for name in WAYS}
    for wearer, giver, kind in SWAPS:
        roots = (Workspace(folder / f"a{number}") for number in (wearer, giver))
        outfit = Outfit(*roots, albums[wearer], albums[giver], kind)
        for name, compose in WAYS.items():
            began = time.process_time()
            prior = compose(outfit, settings)
            seconds = time.process_time() - began
            result = measure_outfit(prior, outfit, perception, settings)
            found[name].append((result, seconds))
            print(f"{kind} of {giver} on {wearer}, {name}: {result}", flush=True)
    print(_table(found))


def _table(found: dict[str, list[tuple[OutfitResult, float]]]) -> str:
    lines = [
        "| adapters of wearer and giver | ΔE garment | ΔE of what is kept | leaks | CPU s |\n"
        "|---|---|---|---|---|"
    ]
    for name, runs in found.items():
        results = [result for result, _ in runs]
        leaks, asked = (sum(r.leaks[i] for r in results) for i in (0, 1))
        lines.append(
            f"| {name} | {statistics.median(r.garment for r in results):.1f} "
            f"| {statistics.median(r.kept for r in results):.1f} | {leaks / asked:.1%} "
            f"| {statistics.median(seconds for _, seconds in runs):.0f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    typer.run(main)
