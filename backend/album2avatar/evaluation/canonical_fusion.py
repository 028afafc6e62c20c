"""One mesh, many photos and poses: do they come to agree, from where they are known to be wrong?

`python -m album2avatar.evaluation.canonical_fusion FOLDER` makes the painted avatars of held-out
people with the true masks of their photos, puts them on the people's true skeletons, turns every
joint of every photo by 5 to 10 degrees, moves the surface, lets the refine stage do what it does,
and prints tables. What FOLDER holds already is not made again.
"""

import json
import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from pydantic import BaseModel, ConfigDict

from album2avatar.assets import AssetKind
from album2avatar.body.anny import load_anny_body
from album2avatar.body.kinematics import transform_heads
from album2avatar.body.storage import load_poses
from album2avatar.body.types import PhotoPoses
from album2avatar.evaluation.disturbed_avatars import TruePerson, true_person, write_disturbed
from album2avatar.evaluation.held_out_avatars import ALBUM_SIZE, held_out_avatar
from album2avatar.evaluation.held_out_photos import true_photos
from album2avatar.evaluation.joint_angles import (
    GROUPS,
    joint_errors,
    joints_in_picture,
    mean_degrees,
)
from album2avatar.evaluation.metrics import Floats, chamfer_distance
from album2avatar.evaluation.reenactment import Reenactment, look_into, only
from album2avatar.evaluation.refinement import SHOTS
from album2avatar.files import write_bytes, write_json
from album2avatar.mesh.storage import load_mesh
from album2avatar.mesh.types import Mesh
from album2avatar.pictures import load_texture, save_picture, tiled
from album2avatar.presets import build_settings, load_preset
from album2avatar.progress import silent_job
from album2avatar.refine import stage as refine_stage
from album2avatar.seeding import numpy_generator
from album2avatar.settings import Settings
from album2avatar.synthetic.ground_truth import ground_truth, outer_surface
from album2avatar.synthetic.outer_surface import outer_points, plain_surface
from album2avatar.synthetic.people import sample_person
from album2avatar.synthetic.splits import person_seed
from album2avatar.workspace import Workspace

PEOPLE = "5,13,30,42"
ORDER = (0, 4, 2, 6, 1, 5, 3, 7, 8, 9, 10, 11)
"""Of `synthetic.album.SHOTS`, in which they are added: front, back, both sides, then between."""
COUNTS = (1, 2, 3, 5, 12)
FEW = 5
"""Photos with which it is tried what poses that stay wrong cost."""
STILL = "still"
PHOTO_SIZE = 384
SURFACE_POINTS = 50_000
UNTURNED = ("collarbones", "wrists", "ankles")
"""Joints that synthetic people hold still; what is put right there is what is usual, not seen."""


class Turned(BaseModel):
    """Mean errors of joints in degrees: whole, and its parts as in `JointErrors`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    angle: float
    across: float
    depth: float
    twist: float


class Measured(BaseModel):
    """One person before refining, or after."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    chamfer_cm: float
    """To the true clothed surface, where both are."""
    joints: dict[str, Turned]
    """Group of joints, or `all` or `moving`, to their errors."""
    place_cm: float
    """Mean distance of the joints from where they are."""
    shown: float
    """Share of the joints that the photos have in the picture; others are not counted."""
    psnr: float | None = None
    """Of photos of another day in their true poses, decibels."""
    color: float | None = None
    """Median ΔE of the assets there."""
    worst_color: float | None = None


@dataclass(frozen=True)
class Study:
    """One person's truth, and what it is compared with."""

    avatar: Workspace
    truth: TruePerson
    surface: Floats
    """(N, 3) points of the true clothed surface."""
    folder: Path
    settings: Settings


def main(
    folder: Annotated[Path, typer.Argument(help="Everything is written here.")],
    people: Annotated[str, typer.Option(help="Held-out people, with commas.")] = PEOPLE,
    preset: Annotated[str, typer.Option(help="Preset of avatars and refining.")] = "quick",
    avatars: Annotated[
        Path | None, typer.Option(help="Where painted avatars are, a5, a13 …; else in FOLDER.")
    ] = None,
) -> None:
    """Disturb, refine, measure, print the tables."""
    found = {
        int(index): _measure_person(folder, avatars or folder, int(index), preset)
        for index in people.split(",")
    }
    rows = {
        str(index): {name: measured.model_dump() for name, measured in runs.items()}
        for index, runs in found.items()
    }
    write_json(folder / "canonical_fusion.json", rows)
    text = tables(found)
    write_bytes(folder / "canonical_fusion.md", f"{text}\n".encode())
    print(text)


def tables(found: dict[int, dict[str, Measured]]) -> str:
    """Markdown: angles, angles by group, Chamfer by photos, and what still poses cost.

    Args:
        found: person to name of run to what was measured; `start N` and `N` for N photos.
    """
    most = str(max(COUNTS))
    return "\n\n".join(
        [
            _angle_table(found, (str(FEW), most)),
            _group_table(list(found.values()), most),
            _photo_table(found),
            _still_table(found),
        ]
    )


def _angle_table(found: dict[int, dict[str, Measured]], counts: tuple[str, ...]) -> str:
    lines = [
        "| person | photos | joint angle, degrees | across the picture | in depth | about itself "
        "| moving joints | place, cm |",
        "|---|---|---|---|---|---|---|---|",
    ]

    def arrow(runs: list[tuple[Measured, Measured]], value: Callable[[Measured], float]) -> str:
        return " → ".join(
            f"{statistics.mean(value(pair[side]) for pair in runs):.1f}" for side in (0, 1)
        )

    people = [(str(index), [runs]) for index, runs in found.items()]
    for count in counts:
        for name, several in (*people, ("mean", list(found.values()))):
            runs = [(each[f"start {count}"], each[count]) for each in several]
            cells = [
                arrow(runs, lambda m, part=part: float(getattr(m.joints["all"], part)))
                for part in Turned.model_fields
            ]
            cells.append(arrow(runs, lambda m: m.joints["moving"].angle))
            cells.append(arrow(runs, lambda m: m.place_cm))
            lines.append(f"| {name} | {count} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _group_table(people: list[dict[str, Measured]], count: str) -> str:
    lines = [
        f"| joints, {count} photos | joint angle, degrees | across the picture | in depth "
        "| about itself |",
        "|---|---|---|---|---|",
    ]
    for group in GROUPS:
        cells = [
            " → ".join(
                f"{statistics.mean(getattr(runs[name].joints[group], part) for runs in people):.1f}"
                for name in (f"start {count}", count)
            )
            for part in Turned.model_fields
        ]
        lines.append(f"| {group} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _photo_table(found: dict[int, dict[str, Measured]]) -> str:
    counts = [str(count) for count in COUNTS]
    lines = [
        "| Chamfer in cm, by photos | start | " + " | ".join(counts) + " |",
        "|---|---|" + "---|" * len(counts),
    ]
    rows = [(str(index), [runs]) for index, runs in found.items()]
    for name, several in (*rows, ("mean", list(found.values()))):
        values = [
            statistics.mean(runs[column].chamfer_cm for runs in several)
            for column in (f"start {counts[0]}", *counts)
        ]
        lines.append(f"| {name} | " + " | ".join(f"{value:.2f}" for value in values) + " |")
    return "\n".join(lines)


def _still_table(found: dict[int, dict[str, Measured]]) -> str:
    lines = [
        f"| person, {FEW} photos: poses stay → poses move | Chamfer, cm | PSNR, dB "
        "| median ΔE of the assets | worst asset's ΔE |",
        "|---|---|---|---|---|",
    ]
    for index, runs in found.items():
        still, moved = runs[STILL], runs[str(FEW)]
        lines.append(
            f"| {index} | {still.chamfer_cm:.2f} → {moved.chamfer_cm:.2f} "
            f"| {still.psnr:.1f} → {moved.psnr:.1f} | {still.color:.1f} → {moved.color:.1f} "
            f"| {still.worst_color:.1f} → {moved.worst_color:.1f} |"
        )
    return "\n".join(lines)


def _measure_person(folder: Path, avatars: Path, index: int, preset: str) -> dict[str, Measured]:
    avatar = Workspace(avatars / f"a{index}")
    if not (avatar.distilled.exists() and avatar.distilled_albedo.exists()):
        avatar = held_out_avatar(avatars, index, preset, last_stage="paint")
    person = sample_person(person_seed("held-out", index))
    truth = true_person(load_anny_body(), person, avatar, ALBUM_SIZE)
    known = ground_truth(person)
    # The body stands on its soles, the synthetic people's template doesn't.
    lift = truth.body.skeleton.heads[0].numpy() - known.body.bone_heads[0]
    study = Study(
        avatar=avatar,
        truth=truth,
        surface=outer_surface(known, SURFACE_POINTS) + lift,
        folder=folder / f"f{index}",
        settings=build_settings([load_preset(preset)]),
    )
    runs: dict[str, Measured] = {}
    for count in COUNTS:
        runs |= _refined(study, str(count), count, study.settings)
    refine = study.settings.refine.model_copy(update={"turn_rate": 0.0})
    unturned = study.settings.model_copy(update={"refine": refine})
    runs |= {STILL: _refined(study, STILL, FEW, unturned)[STILL]}
    return runs


def _refined(study: Study, name: str, count: int, settings: Settings) -> dict[str, Measured]:
    """Measure before refining, as `start N`, and after, as `name`."""
    path = study.folder / f"{name}.json"
    if not path.exists():
        workspace = Workspace(study.folder / name)
        chosen = ORDER[:count]
        write_disturbed(workspace, study.avatar, study.truth, chosen)
        start = _measure(study, study.truth.start.mesh, load_poses(workspace.poses), chosen)
        refine_stage.run(workspace, settings, silent_job("refine"))
        poses, mesh = load_poses(workspace.refined_poses), load_mesh(workspace.painted).mesh
        after = _measure(study, mesh, poses, chosen)
        seen = _look(study, workspace)
        differences = list(seen.color_differences.values())
        after = after.model_copy(
            update={
                "psnr": statistics.mean(seen.psnr),
                "color": statistics.median(differences),
                "worst_color": max(differences),
            }
        )
        save_picture(study.folder / f"{name}.png", tiled(torch.stack(seen.images), len(SHOTS)))
        write_json(path, {"start": start.model_dump(), "after": after.model_dump()})
        print(f"{study.folder.name} {name}: {start.joints['all']} -> {after}", flush=True)
    rows = json.loads(path.read_text(encoding="utf-8"))
    start, after = (Measured.model_validate(rows[part]) for part in ("start", "after"))
    return {f"start {count}": start, name: after}


def _measure(study: Study, mesh: Mesh, poses: PhotoPoses, chosen: tuple[int, ...]) -> Measured:
    truth, skeleton = study.truth, study.truth.body.skeleton
    true = only(truth.album, chosen).poses
    rows, limbs = list(truth.joints), truth.limbs
    errors = joint_errors(
        poses.bone_transforms, true.bone_transforms, skeleton, rows, limbs, true.cameras
    )
    shown = joints_in_picture(true, skeleton, rows, limbs)
    names = [skeleton.names[joint] for joint in rows]
    groups = {"all": names, "moving": [n for n in names if not _is_unturned(n)]} | GROUPS
    turned = {
        group: Turned(
            **{
                part: mean_degrees(
                    getattr(errors, part),
                    shown & torch.tensor([name in members for name in names]),
                )
                for part in Turned.model_fields
            }
        )
        for group, members in groups.items()
    }
    away = transform_heads(poses.bone_transforms, skeleton.heads) - transform_heads(
        true.bone_transforms, skeleton.heads
    )
    points = outer_points(
        plain_surface(mesh.vertices.numpy(), mesh.faces.numpy()),
        SURFACE_POINTS,
        numpy_generator(0, "evaluation", "surface points"),
    )
    return Measured(
        chamfer_cm=100 * chamfer_distance(points, study.surface),
        joints=turned,
        place_cm=100 * mean_degrees(away[:, rows].norm(dim=-1), shown),
        shown=float(np.mean(shown.numpy())),
    )


def _is_unturned(bone: str) -> bool:
    return any(bone in GROUPS[group] for group in UNTURNED)


def _look(study: Study, workspace: Workspace) -> Reenactment:
    """The refined avatar in photos of another day, in their true poses."""
    truth, assets = study.truth, study.truth.table.assets
    kinds: list[AssetKind] = [asset.kind for asset in assets]
    photos = true_photos(truth.person, kinds, truth.body.skeleton, PHOTO_SIZE, "another day")
    painted = load_mesh(workspace.painted)
    surface = refine_stage.textured_surface(
        painted, truth.body, assets, len(assets), study.settings.rig
    )
    albedo = load_texture(workspace.albedo)
    return look_into(surface, painted.mesh.vertices, albedo, only(photos, SHOTS), kinds)


if __name__ == "__main__":
    typer.run(main)
