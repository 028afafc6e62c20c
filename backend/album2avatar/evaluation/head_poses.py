"""How far heads are turned wrongly in an album's photos, as fitted and as refined.

`python -m album2avatar.evaluation.head_poses FOLDER` reads what `album2avatar evaluate FOLDER` made
of our own settings and knows how each synthetic person really held their head.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer

from album2avatar.album_index import load_album_index
from album2avatar.body.storage import load_body, load_poses
from album2avatar.body.types import CanonicalBody, PhotoPoses
from album2avatar.evaluation.synthioi.runs import PHOTO_SIZE, Trial, file_name
from album2avatar.refine.head_mesh import Floats, HeadPose, head_pose
from album2avatar.render.camera import orbit
from album2avatar.synthetic.album import Scene, album_scenes
from album2avatar.synthetic.template import RestBody, Template, load_template, rest_bodies
from album2avatar.workspace import Workspace

ASIDE = 110.0
"""Degrees to which a face may look aside to be seen at all."""


@dataclass(frozen=True)
class HeadError:
    """Of one head in one photo."""

    degrees: float
    centimetres: float
    """Between where the eyes' middle is and where it should be, across the line of sight."""


def main(
    folder: Annotated[Path, typer.Argument(help="What `album2avatar evaluate` filled.")],
    first: Annotated[int, typer.Option(help="The first person.")] = 7,
    people: Annotated[int, typer.Option(help="How many.")] = 8,
    seed: Annotated[int, typer.Option(help="The occasion.")] = 0,
) -> None:
    """Print a table."""
    print("| person | photos with a face | turned wrongly, degrees | eyes beside, cm |")
    print("|---|---|---|---|")
    for number in range(first, first + people):
        trial = Trial(number, seed)
        workspace = Workspace(folder / "avatars" / "ours" / file_name(trial.name))
        if not workspace.refined_poses.exists():
            continue
        body = load_body(workspace.body)
        fitted, refined = (
            head_errors(trial, workspace, body, load_poses(path))
            for path in (workspace.poses, workspace.refined_poses)
        )
        degrees, centimetres = (
            " → ".join(
                f"{np.median(values):.1f} (worst {max(values):.0f})"
                for values in ([getattr(e, key) for e in errors] for errors in (fitted, refined))
            )
            for key in ("degrees", "centimetres")
        )
        print(f"| {number} | {len(fitted)} | {degrees} | {centimetres} |")


def head_errors(
    trial: Trial, workspace: Workspace, body: CanonicalBody, poses: PhotoPoses
) -> list[HeadError]:
    """Compare the photos in which a face can be seen with the truth."""
    template = load_template()
    rest = rest_bodies(template, [trial.subject.phenotype])[0]
    scenes = {
        Path(scene.shot.file_name).stem: scene
        for scene in album_scenes(trial.subject, PHOTO_SIZE, f"benchmark {trial.seed}")
    }
    stems = _stems(workspace)
    names = body.skeleton.names
    eyes = body.skeleton.heads[[names.index(f"eye.{side}") for side in "LR"]].mean(0)
    found: list[HeadError] = []
    for index, photo in enumerate(poses.photos):
        true, true_eyes = _true_head(scenes[stems[photo]], template, rest)
        if true.faces_us < math.cos(math.radians(ASIDE)):
            continue
        pose = head_pose(poses, index, names.index("head"))
        ours = pose.of(eyes.double().numpy()[None])[0]
        # The same picture may be taken from farther away; only the direction can be wrong.
        here = ours / -ours[2] * _focal_ratio(poses, index, scenes[stems[photo]])
        beside = (here - true_eyes / -true_eyes[2])[:2] * -true_eyes[2]
        degrees = math.degrees(pose.angle_to(true))
        found.append(HeadError(degrees, 100 * float(np.linalg.norm(beside))))
    return found


def _stems(workspace: Workspace) -> Mapping[str, str]:
    """Each photo's id to its file's name without an ending."""
    photos = load_album_index(workspace.album_index).photos
    return {photo.id: Path(photo.original).stem for photo in photos}


def _focal_ratio(poses: PhotoPoses, index: int, scene: Scene) -> float:
    fitted = float(poses.cameras.vertical_fov[index])
    return math.tan(scene.camera.vertical_fov / 2) / math.tan(fitted / 2)


def _true_head(scene: Scene, template: Template, rest: RestBody) -> tuple[HeadPose, Floats]:
    """The head, and the eyes' middle in the camera's frame."""
    camera = scene.camera
    view = orbit(
        torch.tensor([camera.azimuth]).deg2rad(),
        torch.tensor([camera.elevation]).deg2rad(),
        torch.tensor([camera.target]),
        torch.tensor([camera.frame_height]),
        camera.vertical_fov,
    ).world_to_view[0]
    moved = view.double().numpy() @ scene.bone_transforms.astype(np.float64)
    head = moved[template.bones.index("head")]
    eyes = [template.bones.index(f"eye.{side}") for side in "LR"]
    heads = np.concatenate([rest.bone_heads[eyes], np.ones((2, 1))], 1)
    middle = (moved[eyes] @ heads[..., None])[:, :3, 0].mean(0)
    return HeadPose(head[:3, :3], head[:3, 3]), middle


if __name__ == "__main__":
    typer.run(main)
