"""What the refine stage gains: avatars before and after it, in photos that they were not made from.

`python -m album2avatar.evaluation.refinement FOLDER` makes the avatars of held-out people with the
true masks of their photos, lays them into photos of another day, and prints a table. What FOLDER
holds already is not made again.
"""

import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import torch
import typer

from album2avatar.asset_table import load_asset_table
from album2avatar.assets import AssetKind
from album2avatar.body.storage import load_body
from album2avatar.evaluation.held_out_avatars import held_out_avatar
from album2avatar.evaluation.held_out_photos import TruePhotos, true_photos
from album2avatar.evaluation.reenactment import Reenactment, only, reenact
from album2avatar.files import write_json
from album2avatar.mesh.storage import load_mesh
from album2avatar.pictures import load_texture, save_picture, tiled
from album2avatar.presets import build_settings, read_settings_file
from album2avatar.refine.pose_corrections import CorrectedSkeleton
from album2avatar.refine.stage import textured_surface
from album2avatar.synthetic.people import sample_person
from album2avatar.synthetic.splits import person_seed

PEOPLE = "5,13,27,30,40,42"
PHOTO_SIZE = 384
SHOTS = (0, 1, 3, 5, 7, 8, 10)
"""Of `synthetic.album.SHOTS`: five of the whole person, an upper body, a head."""


@dataclass(frozen=True)
class Gain:
    """One person before and after."""

    person: int
    before: Reenactment
    after: Reenactment


def main(
    folder: Annotated[Path, typer.Argument(help="Everything is written here.")],
    people: Annotated[str, typer.Option(help="Held-out people, with commas.")] = PEOPLE,
    preset: Annotated[str, typer.Option(help="Preset of the avatars.")] = "quick",
) -> None:
    """Make avatars, measure them, print the table."""
    gains = [_measure(folder, int(index), preset) for index in people.split(",")]
    rows = [
        {
            "person": gain.person,
            "psnr": [statistics.mean(part.psnr) for part in (gain.before, gain.after)],
            "iou": [statistics.mean(part.ious) for part in (gain.before, gain.after)],
            "color": [dict(part.color_differences) for part in (gain.before, gain.after)],
        }
        for gain in gains
    ]
    write_json(folder / "refinement.json", rows)
    print(table(gains))


def table(gains: list[Gain]) -> str:
    """Markdown: PSNR, silhouettes and colours before → after."""
    lines = [
        "| person | PSNR, dB | silhouette IoU | median ΔE of the assets | worst asset |",
        "|---|---|---|---|---|",
    ]
    for gain in gains:
        parts = (gain.before, gain.after)
        psnr = " → ".join(f"{statistics.mean(part.psnr):.1f}" for part in parts)
        iou = " → ".join(f"{statistics.mean(part.ious):.3f}" for part in parts)
        middle = " → ".join(
            f"{statistics.median(part.color_differences.values()):.1f}" for part in parts
        )
        worst = " → ".join(f"{max(part.color_differences.values()):.1f}" for part in parts)
        kind = max(gain.after.color_differences.items(), key=lambda item: item[1])[0]
        lines.append(f"| {gain.person} | {psnr} | {iou} | {middle} | {worst} ({kind}) |")
    return "\n".join(lines)


def _measure(folder: Path, index: int, preset: str) -> Gain:
    workspace = held_out_avatar(folder, index, preset)
    body = load_body(workspace.body)
    settings = build_settings([read_settings_file(workspace.settings_file)])
    assets = load_asset_table(workspace).assets
    kinds: list[AssetKind] = [asset.kind for asset in assets]
    person = sample_person(person_seed("held-out", index))
    truth = only(true_photos(person, kinds, body.skeleton, PHOTO_SIZE, "another day"), SHOTS)
    skeleton = CorrectedSkeleton.of(body)
    painted = load_mesh(workspace.distilled)
    surface = textured_surface(painted, body, assets, len(assets), settings.rig)

    def look(mesh: Path, albedo: Path) -> Reenactment:
        vertices = load_mesh(mesh).mesh.vertices
        return reenact(surface, vertices, load_texture(albedo), skeleton, truth, kinds)

    before = look(workspace.distilled, workspace.distilled_albedo)
    after = look(workspace.painted, workspace.albedo)
    save_picture(folder / "pictures" / f"{index}.png", _sheet(truth, before, after))
    gain = Gain(index, before, after)
    print(table([gain]).splitlines()[-1], flush=True)
    return gain


def _sheet(truth: TruePhotos, before: Reenactment, after: Reenactment) -> torch.Tensor:
    photos = [photo.image for photo in truth.photos]
    return tiled(torch.stack([*photos, *before.images, *after.images]), len(photos))


if __name__ == "__main__":
    typer.run(main)
