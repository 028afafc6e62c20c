"""How well the fitted body lies on each photo: against its mask, and against its keypoints."""

from collections.abc import Sequence

import torch
from torch import Tensor

from album2avatar.assets import AssetTable
from album2avatar.body.model import BodyModel
from album2avatar.fit_report import FitReport, PhotoFit
from album2avatar.fitting.energy import keypoint_residuals
from album2avatar.fitting.observations import Observations
from album2avatar.fitting.silhouettes import Skin, body_coverage
from album2avatar.fitting.variables import FitVariables, PosedBodies, cameras_of

# Limits from 14 right and 10 spoilt poses of two held-out synthetic people, as
# `python -m album2avatar.evaluation.wrong_poses` shows; docs/INTAKE.md measures others.
INSIDE_MIN = 0.92
"""Nine of ten right poses have 0.95 or more, a limb turned away leaves 0.86 to 0.93."""
COVERED_MIN = 0.8
"""Nine of ten right poses have 0.87 or more, a limb turned away leaves 0.71 to 0.83."""
DISAGREEMENT_MAX = 0.08
"""Metres; right poses have 0.02, people turned round or moved 0.2 and more."""
CONFIDENCE_MIN = 0.35
"""A little above what the fit takes for seen."""


@torch.no_grad()
def assess_fit(
    model: BodyModel,
    observations: Observations,
    skin: Skin,
    variables: FitVariables,
    resolution: int,
) -> tuple[PhotoFit, ...]:
    """Compare the body with what the photos show, one record for each of P photos.

    Args:
        model: the template.
        observations: masks and keypoints.
        skin: the template's outer faces.
        variables: the fitted shape, poses and cameras.
        resolution: side of the pictures in which body and mask are compared; that of
            `observations.person`.
    """
    bodies, cameras = PosedBodies.of(model, variables), cameras_of(variables)
    coverage = body_coverage(bodies, cameras, skin, observations.aspects, resolution)
    residuals = keypoint_residuals(model, variables, bodies.joints, observations)
    fits: list[PhotoFit] = []
    for index, photo in enumerate(observations.photos):
        on_body = observations.skin[index] + observations.close_cloth[index]
        seen = observations.confidence[index] > 0
        fits.append(
            judge_fit(
                photo,
                inside=_share(coverage[index], observations.person[index]),
                covered=_share(on_body, coverage[index]),
                confidence=float(observations.confidence[index][seen].mean()),
                keypoints=int(seen.sum()),
                disagreement=float(residuals[index][seen].median()),
            )
        )
    return tuple(fits)


def judge_fit(
    photo: str,
    inside: float,
    covered: float,
    confidence: float,
    keypoints: int,
    disagreement: float,
) -> PhotoFit:
    """Say how good a fit is; arguments as in `PhotoFit`."""
    warnings: list[str] = []
    if inside < INSIDE_MIN or covered < COVERED_MIN:
        warnings.append(
            f"The body doesn't lie well on the person ({100 * inside:.0f} % of it within the "
            f"outline, {100 * covered:.0f} % of skin and close clothes covered). If the avatar's "
            "shape or colours are odd, leave this photo out."
        )
    if disagreement > DISAGREEMENT_MAX:
        warnings.append(
            f"The body's joints are {100 * disagreement:.0f} cm away from those seen in the photo. "
            "If the avatar's shape is odd, leave this photo out."
        )
    if confidence < CONFIDENCE_MIN:
        warnings.append("The person's joints are hard to see in this photo; it says little.")
    return PhotoFit(
        photo=photo,
        inside=round(inside, 4),
        covered=round(covered, 4),
        confidence=round(confidence, 4),
        keypoints=keypoints,
        disagreement=round(disagreement, 4),
        verdict="doubtful" if warnings else "good",
        warnings=tuple(warnings),
    )


def whole_report(table: AssetTable, fits: Sequence[PhotoFit]) -> FitReport:
    """The report, with the photos that show too little for a pose."""
    known = {fit.photo: fit for fit in fits}
    return FitReport(
        photos=tuple(known.get(label.photo) or _not_fitted(label.photo) for label in table.photos)
    )


def _not_fitted(photo: str) -> PhotoFit:
    return PhotoFit(
        photo=photo,
        inside=0.0,
        covered=0.0,
        confidence=0.0,
        keypoints=0,
        disagreement=0.0,
        verdict="not fitted",
        warnings=("Too few joints were seen for a pose; only the clothes are learned from it.",),
    )


def _share(of: Tensor, within: Tensor) -> float:
    """Share of a picture (R, R) that lies within another; 1 where there is nothing of it."""
    total = float(of.sum())
    return float((of * within).sum()) / total if total > 0 else 1.0
