"""Parts of Anny's template: what is seen from outside, head, face, hands, feet, eyes."""

import anny
import torch
from anny.face_segmentation import get_face_segmentation_mask
from torch import Tensor

from album2avatar.body.front import in_front

_SURFACE_LABELS = ("body", "head", "hand.L", "hand.R", "foot.L", "foot.R")
"""Labels of Anny's own segmentation whose faces are seen from outside."""


def anny_parts(model: anny.Anny, vertices: Tensor) -> dict[str, Tensor]:
    """Vertex masks of the template's parts.

    Args:
        vertices: (V, 3) the template in its default shape and rest pose.

    Returns:
        Part name to (V,) bool, the names that `CanonicalBody.parts` promises.
    """
    labels = {
        "surface": _SURFACE_LABELS,
        "head": ("head",),
        "hand.L": ("hand.L",),
        "hand.R": ("hand.R",),
        "foot.L": ("foot.L",),
        "foot.R": ("foot.R",),
        "eye.L": ("eye_front.L", "eye_back.L"),
        "eye.R": ("eye_front.R", "eye_back.R"),
    }
    parts = {name: _vertices_of(model, wanted) for name, wanted in labels.items()}
    parts["head"] &= parts["surface"]
    parts["face"] = parts["head"] & in_front(vertices, parts["eye.L"], parts["eye.R"])
    return parts


def _vertices_of(model: anny.Anny, labels: tuple[str, ...]) -> Tensor:
    """Vertices of the faces that carry one of `labels`."""
    faces = model.faces[get_face_segmentation_mask(model, list(labels))]
    mask = torch.zeros(model.template_vertices.shape[0], dtype=torch.bool)
    mask[faces.flatten()] = True
    return mask
