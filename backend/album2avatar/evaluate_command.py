"""`album2avatar evaluate`: the benchmark on synthetic people."""

import functools
from pathlib import Path
from typing import Annotated

import typer

from album2avatar.cancelling import cancelled_by_signals
from album2avatar.files import write_bytes, write_json
from album2avatar.progress_display import shown_progress


def evaluate(
    output: Annotated[
        Path, typer.Argument(help="Albums, avatars and results are written here, and found again.")
    ],
    contenders: Annotated[
        str, typer.Option(help="Who is compared, with semicolons; the first one against all.")
    ] = "ours; puzzleavatar",
    people: Annotated[int, typer.Option(min=1, help="Number of people.")] = 8,
    first: Annotated[int, typer.Option(min=0, help="Number of the first one.")] = 0,
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

    Writes synthioi.md, synthioi.json and synthioi.png. Behind "ours", the first contender, changes
    to our own settings ("ours, ...; ours, ...") get a table of what they cost; so do changes to a
    changed first one. Ctrl-C leaves a folder that the same command
    goes on with.
    """
    from album2avatar.evaluation.synthioi.contenders import (
        Budget,
        check_contenders,
        is_ablation,
        is_change_of,
    )
    from album2avatar.evaluation.synthioi.person import Reference
    from album2avatar.evaluation.synthioi.report import (
        as_json,
        contact_sheet,
        losses_table,
        markdown_table,
        published_notes,
        save_sheet,
    )
    from album2avatar.evaluation.synthioi.results import PERSON, result_of, truth_result
    from album2avatar.evaluation.synthioi.runs import Bench, Trial
    from album2avatar.model_folders import find_model
    from album2avatar.perception.model import load_perception
    from album2avatar.synthetic.ground_truth import ground_truth

    names = check_contenders([name.strip() for name in contenders.split(";")])
    budget = Budget(scale, sculpt_calls, paint_calls)
    trials = [Trial(first + index, seed) for seed in range(seeds) for index in range(people)]
    perception = load_perception(find_model("demo-perception"))
    cancelled = cancelled_by_signals()
    with shown_progress() as listener:
        bench = Bench(output, budget, listener, cancelled)
        results = {name: [] for name in (*names, PERSON)}
        for trial in trials:
            person = functools.cache(lambda own=trial: Reference.of(ground_truth(own.subject)))
            results[PERSON].append(truth_result(bench, trial, person, perception))
            for name in names:
                with_swap = trial.seed == 0 and not is_ablation(name)
                results[name].append(result_of(bench, name, trial, person, perception, with_swap))
    changed = [name for name in names if is_change_of(name, names[0])]
    table = markdown_table({name: rows for name, rows in results.items() if name not in changed})
    if changed:
        table += "\n\n" + losses_table({name: results[name] for name in (names[0], *changed)})
    report = f"{table}\n\n{published_notes(names)}".rstrip()
    write_bytes(output / "synthioi.md", f"{report}\n".encode())
    write_json(output / "synthioi.json", as_json(results))
    save_sheet(output / "synthioi.png", contact_sheet(output, names, trials))
    print(table)
