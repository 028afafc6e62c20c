"""What a clip is worth: masks, plate and poses against the truth, with the losses and without.

`python -m album2avatar.evaluation.clips FOLDER` films a held-out person before a room, before a
white wall and with a hand-held camera, puts the films on the person's avatar, and prints a table.
What FOLDER holds already is not made again.
"""

import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from torch import Tensor

from album2avatar.body.joints import fitted_joints
from album2avatar.body.kinematics import transform_heads
from album2avatar.body.storage import load_body, load_poses
from album2avatar.body.types import Skeleton
from album2avatar.clip.camera_motion import load_motion
from album2avatar.clip.frames import load_frame, load_frame_index, load_person
from album2avatar.clip.homography import displacement
from album2avatar.clip.report import load_clip_report
from album2avatar.decomposition.plate import Plate
from album2avatar.decomposition.scenes import plate_behind
from album2avatar.evaluation.filmed_people import (
    FilmedFrame,
    before,
    camera_view,
    film,
    room,
    warp_picture,
    write_film,
)
from album2avatar.evaluation.held_out_avatars import held_out_avatar
from album2avatar.evaluation.held_out_photos import carry_poses
from album2avatar.files import write_json
from album2avatar.manifest import open_workspace
from album2avatar.pipeline.making import animate_avatar
from album2avatar.png_files import read_png
from album2avatar.presets import build_settings, load_preset
from album2avatar.progress import ProgressEvent
from album2avatar.synthetic.people import Person, sample_person
from album2avatar.synthetic.splits import person_seed
from album2avatar.synthetic.template import load_template, rest_bodies
from album2avatar.workspace import Workspace

FRAMES = 60
SHAKE = 1.2
"""Degrees by which the hand-held camera turns."""
CHANGED = 0.06
"""Difference in sRGB from the plate at which the plain baseline sees the person."""
SCENES = ("room", "white", "held")


@dataclass(frozen=True)
class ClipMeasure:
    """One film."""

    person: int
    scene: str
    segmented_iou: float
    """Of the segmentation's own masks: the same pipeline with all losses off."""
    difference_iou: float
    """Of what differs from the clean plate by more than CHANGED."""
    decomposed_iou: float
    segmented_error: float
    """Mean absolute difference of opacities over the pixels that either calls person."""
    decomposed_error: float
    plate_psnr: float
    """Decibels over what some frame shows."""
    unseen: float
    joint_degrees: float
    """Mean angle of the joints' turns against their parents."""
    root_degrees: float
    """Mean angle of the whole body's turn."""
    joint_centimetres: float
    """Mean distance of joints, with the bodies' middles laid on one another."""
    camera_pixels: float
    """Largest error of the camera's motion at the corners and in the middle."""
    seconds: float
    """Of all stages."""


def main(
    folder: Annotated[Path, typer.Argument(help="Everything is written here.")],
    people: Annotated[str, typer.Option(help="Held-out people, with commas.")] = "13",
    scenes: Annotated[str, typer.Option(help="Of room, white, held.")] = ",".join(SCENES),
    avatars: Annotated[
        Path | None, typer.Option(help="Folder with finished avatars a13 and so on.")
    ] = None,
    preset: Annotated[str, typer.Option(help="Preset of avatars and clips.")] = "demo",
) -> None:
    """Film, animate, measure; print the table."""
    measures: list[ClipMeasure] = []
    for index in map(int, people.split(",")):
        if avatars is not None:
            avatar = Workspace(avatars / f"a{index}")
        else:
            avatar = held_out_avatar(folder, index, preset)
        for scene in scenes.split(","):
            measures.append(_measure(folder, avatar, index, scene, preset))
            print(measures[-1], flush=True)
    write_json(folder / "clips.json", [vars(measure) for measure in measures])
    print(table(measures))


def table(measures: list[ClipMeasure]) -> str:
    """The measures as a table in Markdown."""
    lines = [
        "| person | scene | IoU segmentation | IoU difference | IoU decomposed | opacity error "
        "segmentation → decomposed | plate dB | unseen | joints ° | body ° | joints cm | camera px "
        "| seconds |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for m in measures:
        lines.append(
            f"| {m.person} | {m.scene} | {m.segmented_iou:.3f} | {m.difference_iou:.3f} | "
            f"{m.decomposed_iou:.3f} | {m.segmented_error:.3f} → {m.decomposed_error:.3f} | "
            f"{m.plate_psnr:.1f} | {100 * m.unseen:.1f} % | {m.joint_degrees:.1f} | "
            f"{m.root_degrees:.1f} | {m.joint_centimetres:.1f} | {m.camera_pixels:.2f} | "
            f"{m.seconds:.0f} |"
        )
    return "\n".join(lines)


def _measure(folder: Path, avatar: Workspace, index: int, scene: str, preset: str) -> ClipMeasure:
    person = sample_person(person_seed("held-out", index))
    frames = list(film(person, FRAMES, SHAKE if scene == "held" else 0.0))
    background = room(index) if scene != "white" else np.ones_like(room(index))
    path = folder / f"{scene}{index}.mp4"
    if not path.exists():
        write_film(path, (before(frame, background) for frame in frames))
    clip = animate_avatar(
        avatar.root,
        path,
        folder / f"clip_{scene}{index}",
        build_settings([load_preset(preset), {"threads": 1}]),
        _quiet,
        threading.Event(),
    )
    return measure_clip(clip, person, index, scene, frames, background)


def measure_clip(
    clip: Workspace,
    person: Person,
    index: int,
    scene: str,
    frames: list[FilmedFrame],
    background: np.ndarray,
) -> ClipMeasure:
    """Hold a finished clip against what was filmed."""
    numbers = range(len(load_frame_index(clip.frames_index).milliseconds))
    truth = np.stack([frames[n].alpha for n in numbers])
    segmented = np.stack([load_person(clip, n) for n in numbers]) / 255
    decomposed = np.stack([read_png(clip.clip_mask(n), "L", "") for n in numbers]) / 255
    motion = load_motion(clip.camera_motion)
    true_motion = _true_motion(frames, len(numbers))
    height, width = truth.shape[1:]
    joints, root, away = _pose_errors(clip, person, frames)
    moved = displacement(motion @ torch.linalg.inv(true_motion), (height, width))
    return ClipMeasure(
        person=index,
        scene=scene,
        segmented_iou=_iou(segmented, truth),
        difference_iou=_iou(_difference_masks(clip, motion), truth),
        decomposed_iou=_iou(decomposed, truth),
        segmented_error=_error(segmented, truth),
        decomposed_error=_error(decomposed, truth),
        plate_psnr=_plate_psnr(clip, frames, background),
        unseen=load_clip_report(clip.clip_report).unseen,
        joint_degrees=joints,
        root_degrees=root,
        joint_centimetres=away,
        camera_pixels=float(moved.max()),
        seconds=sum(stage.seconds for stage in open_workspace(clip.root).done.values()),
    )


def _true_motion(frames: list[FilmedFrame], count: int) -> Tensor:
    """(T, 3, 3) from the middle frame's pixels to each frame's."""
    every = torch.tensor(np.stack([frame.from_first for frame in frames[:count]]))
    return every @ torch.linalg.inv(every[count // 2])


def _difference_masks(clip: Workspace, motion: Tensor) -> np.ndarray:
    """(T, H, W) 1 where a frame differs from the clean plate."""
    color = torch.tensor(read_png(clip.clip_plate, "RGB", "")).float() / 255
    count = len(motion)
    plate = Plate(color, torch.ones(color.shape[:2]) > 0, torch.ones(count, 3), 0.0)
    masks: list[np.ndarray] = []
    for number in range(count):
        image = torch.tensor(load_frame(clip, number)).float() / 255
        behind, _ = plate_behind(plate, number, motion[number], (image.shape[0], image.shape[1]))
        masks.append(((image - behind).abs().amax(-1) > CHANGED).float().numpy())
    return np.stack(masks)


def _plate_psnr(clip: Workspace, frames: list[FilmedFrame], background: np.ndarray) -> float:
    """Against the middle frame's background, where some frame shows it."""
    plate = read_png(clip.clip_plate, "RGB", "").astype(np.float32) / 255
    count = len(load_frame_index(clip.frames_index).milliseconds)
    true = warp_picture(background, frames[count // 2].from_first)
    seen = np.ones(plate.shape[:2], bool)
    if clip.clip_plate_unseen.exists():
        seen = read_png(clip.clip_plate_unseen, "L", "") == 0
    return float(-10 * np.log10(np.square(plate - true)[seen].mean()))


def _pose_errors(
    clip: Workspace, person: Person, frames: list[FilmedFrame]
) -> tuple[float, float, float]:
    """Degrees of joints, degrees of the whole body, centimetres of joints."""
    poses, skeleton = load_poses(clip.clip_poses), load_body(clip.base.body).skeleton
    count = len(poses.photos)
    filmed = torch.tensor(np.stack([frame.bone_transforms for frame in frames[:count]])).float()
    heads = torch.from_numpy(rest_bodies(load_template(), [person.phenotype])[0].bone_heads)
    still = torch.tensor(camera_view()[0]).float()
    true = still @ carry_poses(filmed, heads.float(), skeleton)
    found = poses.cameras.world_to_view[:, None] @ poses.bone_transforms
    bones = [
        skeleton.names.index(joint.bone) for joint in fitted_joints(load_body(clip.base.body).kind)
    ]
    turned = _angles(_local(true, skeleton), _local(found, skeleton))
    places = [transform_heads(each, skeleton.heads)[:, bones] for each in (true, found)]
    centred = [place - place.mean(1, keepdim=True) for place in places]
    away = (centred[0] - centred[1]).norm(dim=-1)
    return float(turned[:, bones].mean()), float(turned[:, 0].mean()), 100 * float(away.mean())


def _local(transforms: Tensor, skeleton: Skeleton) -> Tensor:
    """(T, J, 3, 3) turns against the parents; the root's own."""
    parents = torch.tensor([max(parent, 0) for parent in skeleton.parents])
    turned = transforms[..., :3, :3]
    local = turned[:, parents].transpose(-1, -2) @ turned
    local[:, 0] = turned[:, 0]
    return local


def _angles(a: Tensor, b: Tensor) -> Tensor:
    """Degrees between rotations (..., 3, 3)."""
    trace = (a.transpose(-1, -2) @ b).diagonal(dim1=-2, dim2=-1).sum(-1)
    return torch.rad2deg(torch.acos(((trace - 1) / 2).clamp(-1, 1)))


def _iou(found: np.ndarray, truth: np.ndarray) -> float:
    """Mean over frames of intersection over union, cut at one half."""
    a, b = found > 0.5, truth > 0.5
    both, either = (a & b).sum((1, 2)), (a | b).sum((1, 2))
    return float((both / np.maximum(either, 1)).mean())


def _error(found: np.ndarray, truth: np.ndarray) -> float:
    either = (found > 0.02) | (truth > 0.02)
    return float(np.abs(found - truth)[either].mean())


def _quiet(event: ProgressEvent) -> None:
    pass


if __name__ == "__main__":
    typer.run(main)
