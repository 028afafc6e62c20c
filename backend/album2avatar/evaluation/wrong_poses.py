"""How well the fit's report tells poses that are right from wrong ones.

`python -m album2avatar.evaluation.wrong_poses FOLDER` fits the body to albums of held-out synthetic
people as the pipeline does, spoils the poses of half of the photos, and asks the report about all.
FOLDER keeps the albums and what was measured of them.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer

from album2avatar.album import stage as album_stage
from album2avatar.album_choice import AlbumChoice, write_album_choice
from album2avatar.asset_table import load_asset_table
from album2avatar.body.model import BodyModel
from album2avatar.evaluation.held_out_files import write_held_out_album
from album2avatar.files import write_json
from album2avatar.fit_report import PhotoFit
from album2avatar.fitting import stage as fitting_stage
from album2avatar.fitting.assessment import assess_fit, judge_fit
from album2avatar.fitting.observations import read_observations
from album2avatar.fitting.optimization import optimize
from album2avatar.fitting.variables import FitVariables, joint_spreads
from album2avatar.presets import build_settings, load_preset
from album2avatar.progress import silent_job
from album2avatar.seeding import numpy_generator
from album2avatar.segmentation import stage as segmentation_stage
from album2avatar.settings import Settings
from album2avatar.synthetic.people import sample_person
from album2avatar.synthetic.splits import person_seed
from album2avatar.workspace import Workspace

FIRST_CHOSEN, FIRST_MEASURED = 7500, 8500
PHOTO_SIZE = 384
_LIMBS = ("upperarm01.L", "upperarm01.R", "upperleg01.L", "upperleg01.R")


@dataclass(frozen=True)
class Judged:
    """A photo, and whether its pose was spoilt."""

    fault: str
    fit: PhotoFit


def main(
    folder: Annotated[Path, typer.Argument(help="Keeps albums and measures.")],
    chosen: Annotated[int, typer.Option(help="People of whom the limits are read off.")] = 2,
    measured: Annotated[int, typer.Option(help="People who are measured.")] = 4,
) -> None:
    """Fit, spoil, ask, print the tables."""
    for title, first, count in (
        ("People of whom the limits are read off", FIRST_CHOSEN, chosen),
        ("People who are measured", FIRST_MEASURED, measured),
    ):
        found = [
            judged
            for index in range(first, first + count)
            for judged in judge_person(index, folder / str(index))
        ]
        print(f"\n{title}: {count}, {len(found)} photos\n")
        print(table(found))


def judge_person(index: int, folder: Path) -> list[Judged]:
    """Fit one person, and judge the right poses and the spoilt ones."""
    path = folder / "judged.json"
    if not path.exists():
        write_json(
            path,
            [
                {"fault": judged.fault, "fit": judged.fit.model_dump()}
                for judged in _fit_and_spoil(index, folder)
            ],
        )
    rows = json.loads(path.read_text())
    return [Judged(row["fault"], _by_present_limits(row["fit"])) for row in rows]


def spoil(
    model: BodyModel, variables: FitVariables, generator: np.random.Generator
) -> tuple[FitVariables, list[str]]:
    """Spoil about half of the poses: a limb is turned away, the person turned round or moved.

    Returns:
        The poses, and what was done to each; empty where nothing was.
    """
    turns, yaw, place = (
        value.detach().clone() for value in (variables.turns, variables.yaw, variables.place)
    )
    bones = [joint.bone for joint in model.joints]
    spreads = joint_spreads(model)
    faults: list[str] = []
    for photo in range(len(yaw)):
        fault = ("", "limb", "", "turned round", "", "moved")[int(generator.integers(6))]
        if fault == "limb":
            bone = bones.index(str(generator.choice(_LIMBS)))
            angle = float(np.radians(generator.uniform(50, 90)) * generator.choice([-1, 1]))
            axis = int(generator.choice([0, 2]))
            turns[photo, bone, axis] += angle / float(spreads[bone, axis])
        elif fault == "turned round":
            yaw[photo] += float(np.radians(generator.uniform(60, 180)))
        elif fault == "moved":
            place[photo, :2] += torch.tensor(generator.choice([-0.04, 0.04], 2)).float()
        faults.append(fault)
    return replace(variables, turns=turns, yaw=yaw, place=place), faults


def table(found: Sequence[Judged]) -> str:
    """Markdown: each fault with the measures' medians and how often it is found."""
    lines = [
        "| pose | photos | called doubtful | inside | covered | joints apart, cm |",
        "|---|---|---|---|---|---|",
    ]
    for fault in dict.fromkeys(("", *sorted({judged.fault for judged in found}))):
        fits = [judged.fit for judged in found if judged.fault == fault]
        doubtful = sum(fit.verdict == "doubtful" for fit in fits)
        lines.append(
            f"| {fault or 'as fitted'} | {len(fits)} | {doubtful} | "
            f"{_spread([fit.inside for fit in fits])} | {_spread([fit.covered for fit in fits])} | "
            f"{_spread([100 * fit.disagreement for fit in fits])} |"
        )
    alarms = [judged for judged in found if judged.fit.verdict == "doubtful"]
    hits = sum(bool(judged.fault) for judged in alarms)
    faults = sum(bool(judged.fault) for judged in found)
    lines.append(
        f"\nprecision {hits / max(1, len(alarms)):.2f}, recall {hits / max(1, faults):.2f} of "
        f"{faults} spoilt poses; 10th, 50th and 90th percentile of each measure"
    )
    return "\n".join(lines)


def _fit_and_spoil(index: int, folder: Path) -> list[Judged]:
    person = sample_person(person_seed("held-out", index))
    write_held_out_album(folder / "album", person, PHOTO_SIZE)
    settings = _settings(folder)
    workspace = Workspace(folder / "avatar")
    write_album_choice(workspace, AlbumChoice((folder / "album" / "photos").resolve(), None))
    album_stage.run(workspace, settings, silent_job("intake"))
    segmentation_stage.run(workspace, settings, silent_job("segment"))
    fitting = settings.fitting
    seen = read_observations(
        workspace,
        load_asset_table(workspace),
        fitting.least_confidence,
        fitting.silhouette_resolution,
    )
    job = silent_job("fit")
    model = fitting_stage.load_body_model(fitting, job)
    problem, guess = fitting_stage.prepare(model, seen, fitting)
    checkpoint, picture = workspace.checkpoint("fit"), workspace.preview("fit", 0)
    fitted = optimize(problem, lambda: guess, checkpoint, job, lambda variables, step: picture)
    spoilt, faults = spoil(model, fitted, numpy_generator(person.seed, "wrong poses"))
    fits = assess_fit(
        model, problem.observations, problem.skin, spoilt, fitting.silhouette_resolution
    )
    return [Judged(fault, fit) for fault, fit in zip(faults, fits, strict=True)]


def _by_present_limits(fit: dict[str, Any]) -> PhotoFit:
    return judge_fit(**{name: fit[name] for name in fit if name not in ("verdict", "warnings")})


def _settings(folder: Path) -> Settings:
    everything = {"album": {"leave_out": []}, "threads": 1}
    masks = {"provider": "masks", "masks_folder": str((folder / "album" / "masks").resolve())}
    return build_settings([load_preset("demo"), everything, {"segmentation": masks}])


def _spread(values: Sequence[float]) -> str:
    return ", ".join(f"{value:.3g}" for value in np.percentile(values, (10, 50, 90)))


if __name__ == "__main__":
    typer.run(main)
