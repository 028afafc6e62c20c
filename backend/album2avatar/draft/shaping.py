"""The body widened to the masks: looked at and solved for, until outlines meet."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from album2avatar.body.skinning import skin_points
from album2avatar.body.types import PhotoPoses
from album2avatar.draft.limbs import Limbs, shift_limbs
from album2avatar.draft.offsets import OffsetProblem, Outlines
from album2avatar.draft.outlines import OutlineGaps, measure_gaps
from album2avatar.draft.template import DraftTemplate
from album2avatar.projection.observations import MaskedPhoto

ROUNDS = 3
"""Outlines turn as the surface grows: after three looks they rest."""
_TIP = 0.01
"""Metres along the directions at which their posed ends are looked up."""


def shrink_mask(photo: MaskedPhoto, height: int) -> Tensor:
    """How much of each pixel the person covers, (height, W) float 0..1, row 0 at the top."""
    rows, columns = photo.mask.shape
    width = max(1, round(height * columns / rows))
    person = (photo.mask > 0).float()[None, None]
    return F.interpolate(person, (height, width), mode="area")[0, 0]


def meet_outlines(
    template: DraftTemplate,
    assets: Tensor,
    limbs: Limbs,
    mirror: Tensor,
    poses: PhotoPoses,
    masks: Sequence[Tensor],
    before_look: Callable[[int], None],
) -> Outlines:
    """Find the offsets and shifts that bring the template to the masks.

    Args:
        assets: (V,) int64, what the photos see each vertex covered by.
        mirror: (V,) int64, see `mirroring.mirror_vertices`.
        poses: as fitted; P photos.
        masks: (H, W) float 0..1 of each photo, in the same order.
        before_look: called with the number of each look at a photo, `ROUNDS` times P in all; may
            raise to stop.
    """
    problem = OffsetProblem(template.edges, template.freedom, assets, limbs, mirror)
    found = Outlines(
        torch.zeros(len(template.mesh.vertices)), torch.zeros(len(masks), limbs.count, 2)
    )
    for number in range(ROUNDS):
        moved = template.moved(found.offsets)
        shifted = shift_limbs(poses, limbs, found.shifts)
        seen: list[OutlineGaps] = []
        for index, mask in enumerate(masks):
            before_look(number * len(masks) + index)
            seen.append(_look(template, moved, shifted, index, mask))
        found = problem.solve(found, seen)
    return found


def _look(
    template: DraftTemplate, vertices: Tensor, poses: PhotoPoses, index: int, mask: Tensor
) -> OutlineGaps:
    one = slice(index, index + 1)
    transforms = poses.bone_transforms[one]
    posed = skin_points(vertices, template.weights, transforms)[0]
    tips = skin_points(vertices + _TIP * template.directions, template.weights, transforms)[0]
    directions = F.normalize(tips - posed, dim=-1, eps=1e-12)
    camera = poses.cameras.at(index)
    mesh = template.mesh
    return measure_gaps(posed, directions, mesh.faces, template.edges, camera, mask)
