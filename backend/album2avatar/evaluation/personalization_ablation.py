"""What each term of the personalisation's loss does, on held-out synthetic people.

    python -m album2avatar.evaluation.personalization_ablation FOLDER --preset quick

One JSON file a run; what is there is not run again.
"""

import statistics
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any

import torch
import typer

from album2avatar.checkpoint import Checkpoint
from album2avatar.errors import Album2AvatarError
from album2avatar.evaluation.held_out_albums import HeldOutAlbum, make_album
from album2avatar.evaluation.personalization_runs import (
    GARMENTS,
    Judge,
    RunResult,
    make_judge,
    prepare_once,
    run_class_words,
    run_encoded_photos,
    run_true_photos,
    run_untrained_tokens,
    run_variant,
)
from album2avatar.files import write_bytes, write_json
from album2avatar.model_folders import find_model
from album2avatar.perception.model import load_perception
from album2avatar.presets import load_preset
from album2avatar.prior.model import load_prior
from album2avatar.settings import Settings

TRUTH = "true photos"
ENCODED = "true photos through the autoencoder"
BASELINE = "class words"
START = "tokens as they start"
WHOLE = "all terms"
UNTRAINED = {
    TRUTH: run_true_photos,
    ENCODED: run_encoded_photos,
    BASELINE: run_class_words,
    START: run_untrained_tokens,
}
"""Name to how it is measured: what samples are held against."""
VARIANTS: dict[str, dict[str, Any]] = {
    WHOLE: {},
    "no attention loss": {"attention_weight": 0.0},
    "no class pictures": {"class_weight": 0.0},
    "no synthetic photos": {"synthetic_color_weight": 0.0},
    "no synthetic normal maps": {"synthetic_normal_weight": 0.0},
    "no synthetic pictures": {"synthetic_color_weight": 0.0, "synthetic_normal_weight": 0.0},
    "published synthetic weights": {
        "synthetic_color_weight": 2.0,
        "synthetic_normal_weight": 2.0,
    },
    "ten times the attention loss": {"attention_weight": 0.1},
    "with asset close-ups": {"asset_close_up_share": 0.3},
    "with 40 more steps": {"second_pass": {"steps": 40, "weight": 0.0}},
    "with a second pass": {"second_pass": {"steps": 40}},
}
"""Name to what differs from the preset."""


def settings_of(preset: str, variant: str, seed: int) -> Settings:
    """The preset with a variant's differences, on the CPU."""
    base = Settings.model_validate({**load_preset(preset), "seed": seed, "device": "cpu"})
    own = base.personalization.model_dump() | VARIANTS.get(variant, {})
    return Settings.model_validate({**base.model_dump(), "personalization": own})


def run_all(
    folder: Path,
    preset: str,
    people: Sequence[int],
    seeds: Sequence[int],
    variants: Sequence[str],
    say: Callable[[str], None],
) -> list[RunResult]:
    """Do the runs that are not done, and return the results of all.

    Raises:
        Album2AvatarError: a model is missing, or the preset is unknown.
    """
    judge: Judge | None = None
    results: list[RunResult] = []
    for seed in seeds:
        for person in people:
            todo = [
                name for name in variants if not _file(folder, preset, person, seed, name).exists()
            ]
            if todo:
                judge = judge or _judge(settings_of(preset, WHOLE, seed))
                _run_person(folder, preset, person, seed, todo, judge, say)
            results += [
                RunResult.model_validate_json(_file(folder, preset, person, seed, name).read_text())
                for name in variants
            ]
    return results


def _run_person(
    folder: Path,
    preset: str,
    person: int,
    seed: int,
    variants: Sequence[str],
    judge: Judge,
    say: Callable[[str], None],
) -> None:
    album = make_album(person)
    shared: Checkpoint | None = None
    for variant in variants:
        settings = settings_of(preset, variant, seed)
        if variant in UNTRAINED:
            result = UNTRAINED[variant](album, person, variant, settings, judge)
        else:
            shared = shared or prepare_once(album, settings_of(preset, WHOLE, seed))
            result = run_variant(album, person, variant, settings, shared, judge)
        write_json(_file(folder, preset, person, seed, variant), result.model_dump())
        say(f"person {person}, seed {seed}, {variant}: {_summary(album, result)}")


def markdown_table(results: Sequence[RunResult]) -> str:
    """One row a variant; each over the people and seeds that it was run on."""
    head = (
        "| variant | runs | ΔE all | ΔE garments | shown | view | framing | leaks | overfitting | "
        "others | normal maps | s |\n|---|---|---|---|---|---|---|---|---|---|---|---|"
    )
    names = list(dict.fromkeys(result.variant for result in results))
    rows = [_row(name, [r for r in results if r.variant == name]) for name in names]
    return "\n".join([head, *rows])


def as_json(results: Sequence[RunResult]) -> dict[str, Any]:
    """Every run, and the numbers of the table."""
    names = list(dict.fromkeys(result.variant for result in results))
    return {
        "variants": {n: _numbers([r for r in results if r.variant == n]) for n in names},
        "runs": [result.model_dump() for result in results],
    }


def _numbers(results: Sequence[RunResult]) -> dict[str, float | None]:
    overfitting = [
        result.unseen_loss - result.album_loss
        for result in results
        if result.unseen_loss is not None and result.album_loss is not None
    ]
    return {
        "runs": len(results),
        "color_difference": _median(v for r in results for v in r.color_differences.values()),
        "garment_color_difference": _median(
            v for r in results for kind, v in r.color_differences.items() if kind in GARMENTS
        ),
        "shown": _share(pair for r in results for pair in r.shown.values()),
        "views": _share(r.views for r in results),
        "framings": _share(r.framings for r in results),
        "leaks": _share(r.leaks for r in results),
        "overfitting": statistics.fmean(overfitting) if overfitting else None,
        "others_loss": statistics.fmean(r.others_loss for r in results),
        "normals_loss": statistics.fmean(r.normals_loss for r in results),
        "seconds": statistics.fmean(r.seconds for r in results),
    }


def _row(name: str, results: Sequence[RunResult]) -> str:
    n = _numbers(results)
    overfitting = "-" if n["overfitting"] is None else f"{n['overfitting']:+.4f}"
    return (
        f"| {name} | {n['runs']} | {n['color_difference']:.1f} | "
        f"{n['garment_color_difference']:.1f} | {n['shown']:.0%} | {n['views']:.0%} | "
        f"{n['framings']:.0%} | {n['leaks']:.1%} | {overfitting} | {n['others_loss']:.4f} | "
        f"{n['normals_loss']:.4f} | {n['seconds']:.0f} |"
    )


def _median(values: Iterable[float]) -> float:
    return statistics.median(values)


def _share(pairs: Iterable[tuple[int, int]]) -> float:
    counted = list(pairs)
    return sum(hit for hit, _ in counted) / max(1, sum(asked for _, asked in counted))


def _summary(album: HeldOutAlbum, result: RunResult) -> str:
    names = {asset.kind: asset.name for asset in album.table.assets}
    colors = ", ".join(f"{names[k]} {v:.0f}" for k, v in result.color_differences.items())
    return f"{result.seconds:.0f} s; {colors}; leaks {result.leaks}"


def _judge(settings: Settings) -> Judge:
    size = load_prior(find_model(settings.prior)).image_size
    return make_judge(load_perception(find_model(settings.segmentation.perception)), size)


def _file(folder: Path, preset: str, person: int, seed: int, variant: str) -> Path:
    return folder / f"{preset}-{person}-{seed}-{variant.replace(' ', '_')}.json"


def main(
    folder: Annotated[Path, typer.Argument(help="where the runs' results are kept")],
    preset: Annotated[str, typer.Option(help="whose steps and sizes to use")] = "demo",
    people: Annotated[str, typer.Option(help="held-out people, by number")] = "0,1,2,3,4,5",
    seeds: Annotated[str, typer.Option(help="seeds of each person")] = "0",
    variants: Annotated[
        str, typer.Option(help=f"of: {', '.join((*UNTRAINED, *VARIANTS))}")
    ] = ",".join((*UNTRAINED, WHOLE)),
    threads: Annotated[int, typer.Option(min=1, max=64)] = 1,
) -> None:
    """Personalise held-out people with each term of the loss switched off; print a table."""
    torch.set_num_threads(threads)
    chosen = variants.split(",")
    unknown = set(chosen) - {*UNTRAINED, *VARIANTS}
    if unknown:
        raise typer.BadParameter(f"unknown variant {', '.join(sorted(unknown))}")
    try:
        results = run_all(
            folder,
            preset,
            [int(number) for number in people.split(",")],
            [int(number) for number in seeds.split(",")],
            chosen,
            lambda text: print(text, flush=True),
        )
    except Album2AvatarError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(error.exit_code) from error
    table = markdown_table(results)
    write_json(folder / f"{preset}-table.json", as_json(results))
    write_bytes(folder / f"{preset}-table.md", (table + "\n").encode())
    print(table)


if __name__ == "__main__":
    typer.run(main)
