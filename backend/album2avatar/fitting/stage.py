"""The fitting stage: the template takes the person's shape, and each photo's pose."""

import logging
import math
from pathlib import Path

import torch

from album2avatar.asset_table import load_asset_table
from album2avatar.body.anny import load_anny_body
from album2avatar.body.model import BodyModel
from album2avatar.body.storage import save_body, save_poses
from album2avatar.body.types import PhotoPoses
from album2avatar.errors import SettingsError
from album2avatar.fit_report import save_fit_report
from album2avatar.fitting.assessment import assess_fit, whole_report
from album2avatar.fitting.energy import keypoint_residuals, keypoint_spreads
from album2avatar.fitting.initialization import first_guess
from album2avatar.fitting.observations import Observations, read_observations
from album2avatar.fitting.optimization import FitProblem, optimize, photo_weights
from album2avatar.fitting.preview import draw_fit
from album2avatar.fitting.silhouettes import Skin
from album2avatar.fitting.variables import FitVariables, PosedBodies, bone_transforms, cameras_of
from album2avatar.progress import JobControl
from album2avatar.settings import FittingSettings, Settings
from album2avatar.workspace import Workspace

logger = logging.getLogger(__name__)


def run(workspace: Workspace, settings: Settings, job: JobControl) -> None:
    """Fit one shape, and pose and camera of each photo, to keypoints and masks.

    Raises:
        AlbumError: no photo shows enough of the person, or a mask is missing.
        ModelError: the user's SMPL-X file can't be used.
    """
    fitting = settings.fitting
    table = load_asset_table(workspace)
    observations = read_observations(
        workspace, table, fitting.least_confidence, fitting.silhouette_resolution
    )
    model = load_body_model(fitting, job)
    problem, guess = prepare(model, observations, fitting)
    observations = problem.observations
    _report_doubtful(problem)

    def show(variables: FitVariables, step: int) -> Path:
        path = workspace.preview(job.stage, step)
        return draw_fit(path, workspace, model, observations, problem.skin, variables)

    checkpoint = workspace.checkpoint(job.stage)
    fitted = optimize(problem, lambda: guess, checkpoint, job, show)
    fits = assess_fit(model, observations, problem.skin, fitted, fitting.silhouette_resolution)
    save_fit_report(workspace.fit_report, whole_report(table, fits))
    save_body(workspace.body, model.canonical(fitted.shape))
    save_poses(workspace.poses, photo_poses(model, observations, fitted))
    checkpoint.unlink(missing_ok=True)


def load_body_model(settings: FittingSettings, job: JobControl) -> BodyModel:
    """The template that the settings ask for.

    Raises:
        SettingsError: SMPL-X without a file.
        ModelError: the file can't be used.
    """
    if settings.body == "anny":
        return load_anny_body(lambda message: job.report(0, 1, message))
    if not settings.smplx_file:
        raise SettingsError(
            "fitting.body is 'smplx' but fitting.smplx_file is empty. Give the path of your "
            "SMPL-X model (.npz), or set fitting.body to 'anny'."
        )
    from album2avatar.body.smplx import load_smplx_body  # needs an extra

    return load_smplx_body(Path(settings.smplx_file))


def prepare(
    model: BodyModel, observations: Observations, settings: FittingSettings
) -> tuple[FitProblem, FitVariables]:
    """Make the first guess, and see which photos deserve less trust."""
    shape = model.usual_shape(observations.subject)
    log_focal = -math.log(math.tan(math.radians(settings.vertical_fov) / 2))
    guess = first_guess(model, observations, shape, log_focal, settings.keypoint_spread)
    observations = guess.observations
    for photo in guess.swapped:
        logger.warning("Left and right keypoints of photo %s are taken the other way", photo)
    body = model.canonical(shape)
    with torch.no_grad():
        joints = PosedBodies.of(model, guess.variables).joints
        residuals = keypoint_residuals(model, guess.variables, joints, observations)
        spreads = keypoint_spreads(guess.variables, settings.keypoint_spread)
    problem = FitProblem(
        model=model,
        observations=observations,
        skin=Skin.of(model, body.faces, body.parts["surface"]),
        face=Skin.of(model, body.faces, body.parts["surface"] & body.parts["face"]),
        usual_shape=shape,
        log_focal=log_focal,
        photo_weights=photo_weights(residuals, observations.confidence, spreads),
        settings=settings,
    )
    return problem, guess.variables


def photo_poses(
    model: BodyModel, observations: Observations, variables: FitVariables
) -> PhotoPoses:
    """Poses and cameras as later stages read them."""
    with torch.no_grad():
        heads = model.rest(variables.shape).heads
        transforms = bone_transforms(model, variables, heads)
    return PhotoPoses(
        photos=observations.photos,
        bone_transforms=transforms,
        cameras=cameras_of(variables),
        image_sizes=observations.image_sizes,
    )


def _report_doubtful(problem: FitProblem) -> None:
    """Log the photos whose keypoints fit no body well."""
    for photo, weight in zip(
        problem.observations.photos, problem.photo_weights.tolist(), strict=True
    ):
        if weight < 0.5:
            logger.warning(
                "The keypoints of photo %s fit no body well; it counts %.0f %% for the shape",
                photo,
                100 * weight,
            )
