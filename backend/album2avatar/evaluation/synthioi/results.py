"""What was measured of one avatar, as a file."""

from collections.abc import Callable, Mapping
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from album2avatar.evaluation.swap import measure_isolation
from album2avatar.evaluation.synthioi.delit import own_light
from album2avatar.evaluation.synthioi.measures import (
    VERSION,
    Measured,
    measure_avatar,
    measure_surface,
)
from album2avatar.evaluation.synthioi.person import Reference
from album2avatar.evaluation.synthioi.runs import Bench, Trial, file_name
from album2avatar.guidance.cost import DistillationCost
from album2avatar.json_models import read_model, write_model
from album2avatar.manifest import open_workspace
from album2avatar.perception.model import Perception
from album2avatar.pictures import save_picture

PERSON = "the person"
"""Stands for a contender: the truth itself, to tell how good a value can be."""
_AGAIN = "Delete it; `album2avatar evaluate` measures the avatar again."


class Result(BaseModel):
    """One avatar's values."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    contender: str
    person: int
    seed: int
    fingerprint: str
    """Of the measures and of the avatar's last stage; with another one it is measured again."""
    values: Mapping[str, float]
    """By the keys of `MEASURES`."""
    color_differences: Mapping[str, float]
    """Pixel class to its median ΔE*ab."""


def result_of(
    bench: Bench,
    contender: str,
    trial: Trial,
    person: Callable[[], Reference],
    perception: Perception,
    with_swap: bool,
) -> Result:
    """Make an avatar and measure it, or read what was measured of it before.

    Args:
        person: asked for where something is to be measured.
    """
    avatar = bench.avatar(contender, trial)
    done = open_workspace(avatar.root).done
    swapped = "with swap" if with_swap else "alone"
    fingerprint = f"{VERSION} {done['export'].fingerprint} {swapped}"
    path = result_file(bench.folder, contender, trial)
    if path.exists():
        known = read_model(path, Result, _AGAIN)
        if known.fingerprint == fingerprint:
            return known
    measured = measure_avatar(person(), avatar, perception)
    effort = {
        "prior_calls": float(sum(_calls(cost) for cost in (avatar.sculpt_cost, avatar.paint_cost))),
        "seconds": sum(record.seconds for record in done.values()),
    }
    if with_swap:
        isolation = measure_isolation(avatar, bench.swapped(avatar, trial))
        effort["swap_change"] = max(
            isolation.vertex_change,
            isolation.uv_change,
            isolation.texel_change,
            isolation.weight_change,
        )
    return _save(bench.folder, contender, trial, fingerprint, measured, effort)


def truth_result(
    bench: Bench, trial: Trial, person: Callable[[], Reference], perception: Perception
) -> Result:
    """Measure the person as if they were an avatar."""
    path = result_file(bench.folder, PERSON, trial)
    if path.exists():
        known = read_model(path, Result, _AGAIN)
        if known.fingerprint == str(VERSION):
            return known
    measured = measure_surface(person(), person().surface, perception)
    own = own_light(person().truth)
    return _save(bench.folder, PERSON, trial, str(VERSION), measured, own)


def result_file(folder: Path, contender: str, trial: Trial) -> Path:
    """Where the values of one avatar are."""
    return folder / "results" / file_name(contender) / f"{file_name(trial.name)}.json"


def strip_file(folder: Path, contender: str, trial: Trial) -> Path:
    """Where its picture from four sides is."""
    return result_file(folder, contender, trial).with_suffix(".png")


def _save(
    folder: Path,
    contender: str,
    trial: Trial,
    fingerprint: str,
    measured: Measured,
    more: Mapping[str, float],
) -> Result:
    save_picture(strip_file(folder, contender, trial), measured.strip)
    result = Result(
        contender=contender,
        person=trial.person,
        seed=trial.seed,
        fingerprint=fingerprint,
        values={**measured.values, **more},
        color_differences=measured.color_differences,
    )
    write_model(result_file(folder, contender, trial), result)
    return result


def _calls(path: Path) -> int:
    return read_model(path, DistillationCost, "Make the avatar again.").prior_calls
