"""`album2avatar evaluate`: the benchmark on synthetic people."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from album2avatar.cancelling import cancelled_by_signals
from album2avatar.progress_display import shown_progress


def evaluate(
    output: Annotated[
        Path, typer.Argument(help="Albums, avatars and results are written here, and found again.")
    ],
    contenders: Annotated[
        str, typer.Option(help="Who is compared, with semicolons; the first one against all.")
    ] = "ours; ours/4; puzzleavatar; avatarbooth; tech",
    people: Annotated[int, typer.Option(min=1, help="Number of people.")] = 8,
    first: Annotated[
        int,
        typer.Option(min=0, help="Number of the first one; those before 23 chose our defaults."),
    ] = 23,
    seeds: Annotated[
        int, typer.Option(min=1, help="Albums and runs of each person, with seeds from 0 on.")
    ] = 2,
    scale: Annotated[
        str, typer.Option(help="Preset with the models, sizes and learning rates of all.")
    ] = "quick",
    sculpt_calls: Annotated[
        int, typer.Option(min=1, help="Pictures that the prior judges for the shape.")
    ] = 480,
    paint_calls: Annotated[int, typer.Option(min=1, help="The same for the colours.")] = 960,
) -> None:
    """Compare our settings with published ones on people whose shape is known (SynthIOI).

    Writes synthioi.md, synthioi.json and synthioi.png after every trial. Behind "ours", the first
    contender, changes to our own settings ("ours, ...; ours, ...") get a table of what they cost;
    so do changes to a changed first one. An avatar that can't be made leaves its trial out for
    everybody; the report says why. Ctrl-C leaves a folder that the same command goes on with.
    """
    from album2avatar.evaluation.synthioi.benchmark import run_benchmark
    from album2avatar.evaluation.synthioi.contenders import Budget, check_contenders
    from album2avatar.evaluation.synthioi.report import write_report
    from album2avatar.evaluation.synthioi.runs import Bench, Trial
    from album2avatar.model_folders import find_model
    from album2avatar.perception.model import load_perception

    names = check_contenders([name.strip() for name in contenders.split(";")])
    budget = Budget(scale, sculpt_calls, paint_calls)
    trials = [Trial(first + index, seed) for seed in range(seeds) for index in range(people)]
    perception = load_perception(find_model("demo-perception"))
    cancelled = cancelled_by_signals()
    failures = 0
    with shown_progress() as listener:
        bench = Bench(output, budget, listener, cancelled)
        for outcome in run_benchmark(bench, names, trials, perception):
            write_report(bench, outcome)
            for failure in outcome.failures[failures:]:
                print(failure.told, file=sys.stderr)
            failures = len(outcome.failures)
    print((output / "synthioi.md").read_text(encoding="utf-8"))
    if failures:
        raise typer.Exit(1)
