"""Garment swaps between held-out synthetic people, against the people really re-dressed.

python benchmarks/swap_quality.py FOLDER [--preset quick]

Makes the avatars of six people (with the true masks of their photos), swaps garments between them,
and prints a table with the ratio of the times; what FOLDER holds already is not made again.
"""

import threading
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import torch
import typer

from album2avatar.assets import AssetKind
from album2avatar.evaluation.avatar import load_avatar, render_avatar
from album2avatar.evaluation.held_out_files import write_held_out_album
from album2avatar.evaluation.report import comparison_strip
from album2avatar.evaluation.swap import match_garment, measure_isolation, redressed_truth
from album2avatar.files import atomic_path, write_json
from album2avatar.manifest import open_workspace
from album2avatar.pictures import save_picture, tiled
from album2avatar.pipeline.making import create_avatar, swap_garment
from album2avatar.presets import build_settings, load_preset, read_settings_file
from album2avatar.progress import ProgressEvent
from album2avatar.render.camera import orbit
from album2avatar.synthetic.backgrounds import Light
from album2avatar.synthetic.ground_truth import ground_truth
from album2avatar.synthetic.people import Person, sample_person
from album2avatar.synthetic.splits import person_seed
from album2avatar.wardrobe.garment import GarmentChoice
from album2avatar.wardrobe.library import Wardrobe
from album2avatar.workspace import Workspace

SWAPS: tuple[tuple[int, int, AssetKind], ...] = (
    (5, 40, "top"),
    (40, 42, "top"),
    (42, 27, "bottom"),
    (27, 13, "bottom"),
    (13, 27, "hair"),
    (5, 42, "headwear"),
    (40, 30, "outerwear"),
    (27, 13, "shoes"),
)
"""Who puts on whose garment: long to short sleeves and back, trousers to skirt and skirt to shorts,
short to long hair, a cap and a jacket that were not there, shoes to boots."""
PHOTO_SIZE = 512
PICTURE_SIZE = 384


def main(
    folder: Annotated[Path, typer.Argument(help="Everything is written here.")],
    preset: Annotated[str, typer.Option(help="Preset of the avatars.")] = "quick",
) -> None:
    """Make avatars and swaps, measure them, print the table."""
    people = {index for swap in SWAPS for index in swap[:2]}
    for index in sorted(people):
        _make_avatar(folder, index, preset)
    wardrobe = Wardrobe(folder / "wardrobe")
    rows = [_swap(folder, wardrobe, *swap) for swap in SWAPS]
    write_json(folder / "swaps.json", rows)
    print(_table(rows))


def _person(index: int) -> Person:
    return sample_person(person_seed("held-out", index))


def _make_avatar(folder: Path, index: int, preset: str) -> None:
    album, root = folder / f"p{index}", folder / f"a{index}"
    if not (album / "masks" / "names.json").exists():
        write_held_out_album(album, _person(index), PHOTO_SIZE)
    masks = {"provider": "masks", "masks_folder": str(album / "masks")}
    settings = build_settings(
        [load_preset(preset), {"segmentation": masks, "threads": 1, "album": {"leave_out": []}}]
    )
    print(f"avatar of person {index}", flush=True)
    create_avatar(album / "photos", root, settings, _quiet, threading.Event())


def _swap(
    folder: Path, wardrobe: Wardrobe, wearer: int, giver: int, kind: AssetKind
) -> dict[str, Any]:
    base = Workspace(folder / f"a{wearer}")
    entries = wardrobe.add(Workspace(folder / f"a{giver}"), f"Person {giver}")
    entry = next(entry for entry in entries if entry.kind == kind)
    choice = GarmentChoice(kind=kind, entry=entry.id)
    root = folder / f"v{wearer}_{giver}_{kind}"
    settings = build_settings([read_settings_file(base.settings_file)])
    print(f"{kind} of person {giver} on person {wearer}", flush=True)
    variant = swap_garment(base.root, choice, wardrobe, root, settings, _quiet, threading.Event())
    truth = redressed_truth(_person(wearer), _person(giver), kind)
    match = match_garment(variant, truth, kind, PICTURE_SIZE)
    own = ground_truth(_person(giver))
    source = match_garment(Workspace(folder / f"a{giver}"), own, kind, PICTURE_SIZE)
    strip = folder / "pictures" / f"{root.name}_truth.png"
    with atomic_path(strip) as path:
        comparison_strip(match.comparison).save(path)
    isolation = measure_isolation(base, variant)
    _save_pictures(folder, wearer, giver, variant)
    return {
        "swap": f"{kind}: {giver} → {wearer}",
        "color_difference": match.color_difference,
        "region_iou": match.region_iou,
        "source_color_difference": source.color_difference,
        "source_region_iou": source.region_iou,
        **asdict(isolation),
        "seconds": _seconds(variant),
        "avatar_seconds": _seconds(base),
    }


def _seconds(workspace: Workspace) -> float:
    return sum(record.seconds for record in open_workspace(workspace.root).done.values())


def _quiet(event: ProgressEvent) -> None:
    pass


def _save_pictures(folder: Path, wearer: int, giver: int, variant: Workspace) -> None:
    """Before, who gave, and after, from three sides."""
    roots = (folder / f"a{wearer}", folder / f"a{giver}", variant.root)
    rows: list[torch.Tensor] = []
    for root in roots:
        avatar = load_avatar(Workspace(root))
        low, high = avatar.vertices.amin(0), avatar.vertices.amax(0)
        tall = float((high - low)[2])
        cameras = orbit(
            torch.tensor([0.0, 0.7, 3.1]),
            torch.zeros(3),
            ((low + high) / 2).expand(3, 3),
            torch.full((3,), 1.08 * tall),
            0.4,
        )
        light = Light((0.24, 0.41, 0.88), 0.75)
        rows.append(render_avatar(avatar, cameras, light, torch.full((3,), 0.93), 320, 2)[0])
    save_picture(folder / "pictures" / f"{variant.root.name}.png", tiled(torch.cat(rows), 9))


def _table(rows: list[dict[str, Any]]) -> str:
    head = (
        "| swap | ΔE*ab | region IoU | on its own avatar | kept faces | change outside "
        "| seconds | of an avatar |\n|---|---|---|---|---|---|---|---|"
    )
    lines = [head]
    for row in rows:
        changes = ("vertex_change", "uv_change", "texel_change", "weight_change")
        outside = max(row[name] for name in changes)
        lines.append(
            f"| {row['swap']} | {row['color_difference']:.1f} | {row['region_iou']:.2f} "
            f"| {row['source_color_difference']:.1f}, {row['source_region_iou']:.2f} "
            f"| {row['kept_share']:.0%} | {outside:g} | {row['seconds']:.0f} "
            f"| {row['seconds'] / row['avatar_seconds']:.2f} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    typer.run(main)
