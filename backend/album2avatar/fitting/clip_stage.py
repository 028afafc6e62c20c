"""The avatar's own body in the pose of every frame of a clip, before one camera."""

import math

import torch
from torch import Tensor

from album2avatar.body.fixed import FixedBody
from album2avatar.body.rigged import load_rigged
from album2avatar.body.storage import load_body, save_poses
from album2avatar.clip.camera_motion import load_motion
from album2avatar.clip.frames import load_frame_index, load_person
from album2avatar.clip.sightings import load_sightings
from album2avatar.fitting.clip_guess import guess_poses
from album2avatar.fitting.clip_observations import observe_frames
from album2avatar.fitting.clip_tracking import TrackProblem, track
from album2avatar.fitting.silhouettes import Skin
from album2avatar.fitting.stage import photo_poses
from album2avatar.progress import JobControl
from album2avatar.settings import Settings
from album2avatar.workspace import Workspace


def run(workspace: Workspace, settings: Settings, job: JobControl) -> None:
    """Find the poses, seen from where the camera was in the middle frame.

    Raises:
        WorkspaceError: an earlier stage's file is missing or damaged.
    """
    index = load_frame_index(workspace.frames_index)
    sightings = load_sightings(workspace.sightings)
    masks = torch.stack([_person(workspace, n) for n in range(len(index.names))])
    checkpoint = workspace.checkpoint(job.stage)
    motion = load_motion(workspace.camera_motion)
    surface = load_rigged(workspace.base.rigged).parts[0]
    model = FixedBody(load_body(workspace.base.body), surface)
    fitting = settings.fitting
    observations = observe_frames(
        model,
        index.names,
        sightings,
        masks,
        motion,
        fitting.least_confidence,
        settings.clip.outline_resolution,
    )
    log_focal = -math.log(math.tan(math.radians(fitting.vertical_fov) / 2))
    seconds = torch.tensor(index.seconds)
    guess, observations = guess_poses(
        model, observations, seconds, log_focal, fitting.keypoint_spread
    )
    every = torch.ones(len(surface.mesh.vertices), dtype=torch.bool)
    problem = TrackProblem(
        model=model,
        skin=Skin.of(model, surface.mesh.faces, every),
        observations=observations,
        seconds=seconds,
        log_focal=log_focal,
        fitting=fitting,
        clip=settings.clip,
    )
    found = track(problem, guess, checkpoint, job)
    save_poses(workspace.clip_poses, photo_poses(model, observations, found))


def _person(workspace: Workspace, number: int) -> Tensor:
    return torch.tensor(load_person(workspace, number)).float() / 255
