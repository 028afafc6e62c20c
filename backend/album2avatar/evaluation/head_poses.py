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
        truth = true_heads(trial)
        stems = _stems(workspace)
        fitted, refined = (
            head_errors(truth, stems, body, load_poses(path))
            for path in (workspace.poses, workspace.refined_poses)
        )
        if not fitted:
            continue
        degrees, centimetres = (
            " → ".join(
                f"{np.median(values):.1f} (worst {max(values):.0f})"
                for values in ([getattr(e, key) for e in errors] for errors in (fitted, refined))
            )
            for key in ("degrees", "centimetres")
        )
        print(f"| {number} | {len(fitted)} | {degrees} | {centimetres} |")


@dataclass(frozen=True)
class TrueHead:
    """How a person really held their head in one photo."""

    pose: HeadPose
    eyes: Floats
    """(3,) their middle in the camera's frame."""
    fov: float
    """Over the picture's height, radians."""


def true_heads(trial: Trial) -> Mapping[str, TrueHead]:
    """By the photos' file names without endings."""
    template = load_template()
    rest = rest_bodies(template, [trial.subject.phenotype])[0]
    return {
        Path(scene.shot.file_name).stem: _true_head(scene, template, rest)
        for scene in album_scenes(trial.subject, PHOTO_SIZE, f"benchmark {trial.seed}")
    }


def head_errors(
    truth: Mapping[str, TrueHead],
    stems: Mapping[str, str],
    body: CanonicalBody,
    poses: PhotoPoses,
) -> list[HeadError]:
    """Compare the photos in which a face can be seen with the truth.

    Args:
        stems: photos' ids to names in `truth`.
    """
    names = body.skeleton.names
    eyes = body.skeleton.heads[[names.index(f"eye.{side}") for side in "LR"]].mean(0)
    found: list[HeadError] = []
    for index, photo in enumerate(poses.photos):
        true = truth[stems[photo]]
        if true.pose.faces_us < math.cos(math.radians(ASIDE)):
            continue
        pose = head_pose(poses, index, names.index("head"))
        ours = pose.of(eyes.double().numpy()[None])[0]
        # The same picture may be taken from farther away; only the direction can be wrong.
        zoom = math.tan(true.fov / 2) / math.tan(float(poses.cameras.vertical_fov[index]) / 2)
        beside = (zoom * ours / -ours[2] - true.eyes / -true.eyes[2])[:2] * -true.eyes[2]
        degrees = math.degrees(pose.angle_to(true.pose))
        found.append(HeadError(degrees, 100 * float(np.linalg.norm(beside))))
    return found


def _stems(workspace: Workspace) -> Mapping[str, str]:
    """Each photo's id to its file's name without an ending."""
    photos = load_album_index(workspace.album_index).photos
    return {photo.id: Path(photo.original).stem for photo in photos}


def _true_head(scene: Scene, template: Template, rest: RestBody) -> TrueHead:
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
    return TrueHead(HeadPose(head[:3, :3], head[:3, 3]), middle, camera.vertical_fov)


if __name__ == "__main__":
    typer.run(main)
