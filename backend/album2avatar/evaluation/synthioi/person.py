"""The person as if they were an avatar."""

import numpy as np
import torch

from album2avatar.evaluation.avatar import AvatarSurface
from album2avatar.synthetic.ground_truth import GroundTruth, labelled_mesh


def person_surface(truth: GroundTruth) -> AvatarSurface:
    """The dressed surface, each triangle in the first colour of what it is made of."""
    mesh = labelled_mesh(truth)
    count = len(mesh.faces)
    return AvatarSurface(
        vertices=torch.from_numpy(mesh.vertices).float(),
        faces=torch.from_numpy(mesh.faces.astype(np.int64)),
        corner_uv=torch.zeros(count, 3, 2),
        face_colors=torch.from_numpy(mesh.face_colors).float(),
        albedo=torch.zeros(2, 2, 3),
    )
