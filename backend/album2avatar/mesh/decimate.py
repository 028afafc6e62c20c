"""Fewer faces for the same surface."""

import fast_simplification
import numpy as np
import torch

from album2avatar.mesh.storage import check_mesh
from album2avatar.mesh.types import Mesh


def decimate(mesh: Mesh, face_count: int) -> Mesh:
    """Collapse edges by quadric error until at most about `face_count` faces are left.

    A mesh that is small enough comes back as it is.

    Raises:
        MeshError: nothing is left of the mesh.

    Source: Garland and Heckbert 1997, "Surface simplification using quadric error metrics".
    """
    if mesh.faces.shape[0] <= face_count:
        return mesh
    simplified = fast_simplification.simplify(
        mesh.vertices.detach().cpu().numpy().astype(np.float64),
        mesh.faces.cpu().numpy().astype(np.int32),
        target_count=face_count,
    )
    device = mesh.vertices.device
    smaller = Mesh(
        torch.from_numpy(np.asarray(simplified[0], np.float32)).to(device),
        torch.from_numpy(np.asarray(simplified[1], np.int64)).to(device),
    )
    check_mesh(smaller, "the decimation")
    return smaller
