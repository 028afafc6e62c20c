"""The fitted body, apart from the parametric model that it came from."""

from dataclasses import dataclass

import torch
from torch import Tensor

from album2avatar.render.camera import Cameras


@dataclass(frozen=True)
class Skeleton:
    """Bones in the canonical pose. Metres, Z up, the person faces -Y."""

    names: tuple[str, ...]
    parents: tuple[int, ...]
    """Index of each bone's parent; -1 for the root. Parents come first."""
    heads: Tensor
    """(J, 3)."""
    tails: Tensor
    """(J, 3)."""
    matrices: Tensor
    """(J, 4, 4) rest matrices, bone to world; columns are the bone's axes and its head."""


@dataclass(frozen=True)
class CanonicalBody:
    """The template in the person's shape and in the rest pose (A-pose)."""

    kind: str
    """`anny` or `smplx`."""
    vertices: Tensor
    """(V, 3) float32, metres."""
    faces: Tensor
    """(F, 3) int64, counter-clockwise seen from outside."""
    uv_coordinates: Tensor
    """(T, 2) float32; (0, 2) where the template has none."""
    uv_faces: Tensor
    """(F, 3) int64; (0, 3) where the template has none."""
    skeleton: Skeleton
    weights: Tensor
    """(V, J) float32, rows sum to 1."""
    parts: dict[str, Tensor]
    """Part name to (V,) bool. Always there: `surface` (vertices of the outer skin; eyes,
    teeth and tongue are not), `head`, `face`, `hand.L`, `hand.R`, `foot.L`, `foot.R`,
    `eye.L`, `eye.R` (eyeballs; all False where the template has none)."""


@dataclass(frozen=True)
class PhotoPoses:
    """How the canonical body stands in each photo."""

    photos: tuple[str, ...]
    bone_transforms: Tensor
    """(P, J, 4, 4): moves a canonical point that hangs on bone j to where it is in photo p."""
    cameras: Cameras
    """P cameras."""
    image_sizes: Tensor
    """(P, 2) int64, (height, width) of the album's photos."""

    def take(self, rows: list[int]) -> "PhotoPoses":
        """Those of some photos."""
        picked = torch.tensor(rows, dtype=torch.int64)
        return PhotoPoses(
            tuple(self.photos[row] for row in rows),
            self.bone_transforms[picked],
            self.cameras.take(picked),
            self.image_sizes[picked],
        )
