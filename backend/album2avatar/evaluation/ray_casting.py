"""What a camera sees of a surface, by casting rays; shares nothing with the rasterizer."""

# Warp reads kernels by their annotations, which are no Python types.
# pyright: reportUnknownParameterType=false, reportMissingParameterType=false
# pyright: reportInvalidTypeForm=false, reportIndexIssue=false, reportOperatorIssue=false
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false
# pyright: reportUntypedFunctionDecorator=false

import torch
import warp as wp
from torch import Tensor

from album2avatar.mesh.types import Mesh

wp.config.log_level = wp.LOG_ERROR
wp.set_module_options({"enable_backward": False})


@wp.kernel
def _hit(
    mesh: wp.uint64,
    starts: wp.array(dtype=wp.vec3),
    directions: wp.array(dtype=wp.vec3),
    furthest: wp.array(dtype=wp.float32),
    blocked: wp.array(dtype=wp.int32),
):
    i = wp.tid()
    query = wp.mesh_query_ray(mesh, starts[i], directions[i], furthest[i])
    if query.result:
        blocked[i] = 1


def is_blocked(mesh: Mesh, points: Tensor, eye: Tensor, slack: float) -> Tensor:
    """Whether the surface is between points and an eye, (N,) bool.

    Args:
        points: (N, 3) on the surface.
        eye: (3,).
        slack: metres from a point within which the surface is the point's own.
    """
    wp.init()
    vertices = mesh.vertices.float().contiguous()
    indices = mesh.faces.to(torch.int32).reshape(-1).contiguous()
    hierarchy = wp.Mesh(
        points=wp.from_torch(vertices, dtype=wp.vec3), indices=wp.from_torch(indices)
    )
    away = eye - points
    length = away.norm(dim=-1)
    directions = (away / length[:, None]).float().contiguous()
    starts = (points + slack * directions).float().contiguous()
    furthest = (length - slack).float().contiguous()
    blocked = torch.zeros(len(points), dtype=torch.int32)
    wp.launch(
        _hit,
        dim=len(points),
        inputs=[
            hierarchy.id,
            wp.from_torch(starts, dtype=wp.vec3),
            wp.from_torch(directions, dtype=wp.vec3),
            wp.from_torch(furthest),
            wp.from_torch(blocked),
        ],
        device="cpu",
    )
    return blocked > 0
