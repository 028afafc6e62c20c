"""The decompose stage: a clean plate, and soft masks."""

import math

import torch
from torch import Tensor

from album2avatar.body.rigged import RiggedPart, load_rigged
from album2avatar.body.skinning import skin_points
from album2avatar.body.storage import load_poses
from album2avatar.body.types import PhotoPoses
from album2avatar.checkpoint import load_checkpoint, save_checkpoint
from album2avatar.clip.camera_motion import load_motion
from album2avatar.clip.frames import FrameIndex, load_frame, load_frame_index, load_person
from album2avatar.clip.homography import displacement, warp
from album2avatar.clip.report import ClipReport, save_clip_report
from album2avatar.decomposition.decomposer import Decomposer
from album2avatar.decomposition.plate import Plate
from album2avatar.decomposition.scenes import MeshView
from album2avatar.mesh.topology import edge_table
from album2avatar.pictures import save_grey, save_picture
from album2avatar.progress import JobControl
from album2avatar.render.shading import render_mask
from album2avatar.render.visibility_warp import face_ids
from album2avatar.settings import Settings
from album2avatar.workspace import Workspace

UNSEEN_MAX = 0.05
AGREEMENT_MIN = 0.7


def run(workspace: Workspace, settings: Settings, job: JobControl) -> None:
    """Take every frame apart into plate and person.

    Raises:
        WorkspaceError: an earlier stage's file is missing or damaged.
    """
    index = load_frame_index(workspace.frames_index)
    poses, motion = load_poses(workspace.clip_poses), load_motion(workspace.camera_motion)
    surface = load_rigged(workspace.base.rigged).parts[0]
    frames = torch.stack([torch.tensor(load_frame(workspace, n)) for n in _numbers(index)])
    priors = torch.stack([torch.tensor(load_person(workspace, n)) for n in _numbers(index)])
    views = mesh_views(surface, poses, motion)
    decomposer = Decomposer(frames, priors, views, motion, settings.clip)

    checkpoint_path = workspace.checkpoint(job.stage)
    checkpoint = load_checkpoint(checkpoint_path)
    start = 0
    if checkpoint is not None:
        start = checkpoint.step
        decomposer.masks = checkpoint.tensors["masks"].clone()
        decomposer.before = checkpoint.tensors["before"].clone()
    for step in job.steps(decomposer.steps, start):
        decomposer.step(step)
        if (step + 1) % settings.clip.checkpoint_every == 0:
            tensors = {"masks": decomposer.masks, "before": decomposer.before}
            save_checkpoint(checkpoint_path, step + 1, tensors)
        job.report(step + 1, decomposer.steps)
    plate = decomposer.finish()
    _save_masks(workspace, decomposer.masks)
    _save_plate(workspace, plate)
    save_clip_report(workspace.clip_report, _report(index, plate, motion, decomposer.masks, views))


@torch.no_grad()
def mesh_views(surface: RiggedPart, poses: PhotoPoses, motion: Tensor) -> list[MeshView]:
    """Where the posed avatar is in every frame, in the frame's own pixels."""
    height, width = poses.image_sizes[0].tolist()
    edges = edge_table(surface.mesh.faces)
    views: list[MeshView] = []
    for index in range(len(poses.photos)):
        transforms = poses.bone_transforms[index : index + 1]
        posed = skin_points(surface.mesh.vertices, surface.weights, transforms)
        camera = poses.cameras.at(index)
        mask = render_mask(posed, surface.mesh.faces, camera, (height, width), edges, face_ids)
        coverage = mask[0, ..., 0]
        one = motion[index]
        if not torch.equal(one, torch.eye(3).to(one)):
            coverage = warp(coverage[None], torch.linalg.inv(one), (height, width))[0]
        to_view = camera.world_to_view[0]
        depth = -float((to_view[2, :3] * posed[0].mean(0)).sum() + to_view[2, 3])
        metres = 2 * max(depth, 0.1) * math.tan(float(camera.vertical_fov) / 2) / height
        views.append(MeshView(coverage, metres))
    return views


def _save_masks(workspace: Workspace, masks: Tensor) -> None:
    for number, mask in enumerate(masks):
        save_grey(workspace.clip_mask(number), mask.float() / 255)
    for path in workspace.clip_masks.glob("*.png"):
        if int(path.stem) >= len(masks):
            path.unlink()


def _save_plate(workspace: Workspace, plate: Plate) -> None:
    save_picture(workspace.clip_plate, plate.color)
    if bool(plate.seen.all()):
        workspace.clip_plate_unseen.unlink(missing_ok=True)
    else:
        save_grey(workspace.clip_plate_unseen, 1 - plate.seen.float())


def _report(
    index: FrameIndex, plate: Plate, motion: Tensor, masks: Tensor, views: list[MeshView]
) -> ClipReport:
    covered = torch.stack([view.coverage > 0.5 for view in views])
    person = masks > 127
    either = int((covered | person).sum())
    agreement = int((covered & person).sum()) / either if either else 0.0
    unseen = 1 - float(plate.seen.float().mean())
    moved = float(displacement(motion, (index.height, index.width)).max()) / index.width
    warnings: list[str] = []
    if unseen > UNSEEN_MAX:
        warnings.append(
            f"{100 * unseen:.0f} % of the background is never seen and was filled smoothly; "
            "plate_unseen.png shows where. A longer clip, or one in which the person moves more, "
            "shows more."
        )
    if agreement < AGREEMENT_MIN:
        warnings.append(
            f"Avatar and masks agree on {100 * agreement:.0f} % only: the poses may be wrong. Is "
            "it the same person, in the same clothes, and whole in the picture?"
        )
    return ClipReport(
        frames=len(index.names),
        seconds=index.seconds[-1],
        unseen=round(unseen, 4),
        camera_motion=round(moved, 4),
        noise=round(plate.noise, 4),
        agreement=round(agreement, 4),
        warnings=tuple(warnings),
    )


def _numbers(index: FrameIndex) -> range:
    return range(len(index.names))
