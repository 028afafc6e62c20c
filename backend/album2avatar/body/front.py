"""Where the face and its eyes are."""

import torch
from torch import Tensor

from album2avatar.body.types import CanonicalBody


def eye_middles(body: CanonicalBody) -> Tensor | None:
    """The eyeballs' middles (2, 3), metres, left and right; None where the template has none."""
    both = [body.vertices[body.parts[name]] for name in ("eye.L", "eye.R")]
    if any(len(eyeball) == 0 for eyeball in both):
        return None
    return torch.stack([(eyeball.amax(0) + eyeball.amin(0)) / 2 for eyeball in both])


def in_front(vertices: Tensor, left_eye: Tensor, right_eye: Tensor) -> Tensor:
    """Box of the face from hairline to chin, measured in distances between the eyes.

    Args:
        vertices: (V, 3) of a head in the rest pose.
        left_eye, right_eye: (V,) bool, the eyeballs. Without them there is no face.

    Returns:
        (V,) bool.
    """
    if not (bool(left_eye.any()) and bool(right_eye.any())):
        return left_eye & right_eye
    left, right = vertices[left_eye].mean(0), vertices[right_eye].mean(0)
    between, unit = (left + right) / 2, (left - right).norm()
    offset = (vertices - between) / unit
    return (offset[:, 1] < 0.8) & (offset[:, 2] > -2.2) & (offset[:, 2] < 1.1)
