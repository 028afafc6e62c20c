"""Warp kernels that ask a mesh's bounding volume hierarchy about points."""

# Warp reads kernels by their annotations, which are no Python types.
# pyright: reportUnknownParameterType=false, reportMissingParameterType=false
# pyright: reportInvalidTypeForm=false, reportIndexIssue=false, reportOperatorIssue=false
# pyright: reportArgumentType=false, reportAttributeAccessIssue=false
# pyright: reportUntypedFunctionDecorator=false

import torch
import warp as wp
from torch import Tensor

wp.config.log_level = wp.LOG_ERROR
wp.set_module_options({"enable_backward": False})


@wp.kernel
def _closest(
    mesh: wp.uint64,
    furthest: float,
    points: wp.array(dtype=wp.vec3),
    distances: wp.array(dtype=wp.float32),
    faces: wp.array(dtype=wp.int32),
    barycentric: wp.array(dtype=wp.vec3),
):
    i = wp.tid()
    query = wp.mesh_query_point_no_sign(mesh, points[i], furthest)
    nearest = wp.mesh_eval_position(mesh, query.face, query.u, query.v)
    distances[i] = wp.length(points[i] - nearest)
    faces[i] = query.face
    barycentric[i] = wp.vec3(query.u, query.v, 1.0 - query.u - query.v)


@wp.kernel
def _closest_signed(
    mesh: wp.uint64,
    furthest: float,
    points: wp.array(dtype=wp.vec3),
    distances: wp.array(dtype=wp.float32),
    faces: wp.array(dtype=wp.int32),
    barycentric: wp.array(dtype=wp.vec3),
):
    i = wp.tid()
    query = wp.mesh_query_point_sign_winding_number(mesh, points[i], furthest)
    nearest = wp.mesh_eval_position(mesh, query.face, query.u, query.v)
    distances[i] = query.sign * wp.length(points[i] - nearest)
    faces[i] = query.face
    barycentric[i] = wp.vec3(query.u, query.v, 1.0 - query.u - query.v)


class Hierarchy:
    """Bounding volume hierarchy over triangles, for any number of queries."""

    def __init__(self, vertices: Tensor, faces: Tensor) -> None:
        wp.init()
        # Warp reads the tensors in place: they live as long as the hierarchy.
        self._vertices = vertices.detach().float().contiguous()
        self._indices = faces.to(torch.int32).reshape(-1).contiguous()
        self._device = wp.device_from_torch(self._vertices.device)
        self._mesh = wp.Mesh(
            points=wp.from_torch(self._vertices, dtype=wp.vec3),
            indices=wp.from_torch(self._indices),
            support_winding_number=True,
        )

    def closest(self, points: Tensor, furthest: float) -> tuple[Tensor, Tensor, Tensor]:
        """Distances (N,), faces (N,) int32 and barycentric coordinates (N, 3)."""
        return self._ask(_closest, points, furthest)

    def closest_signed(self, points: Tensor, furthest: float) -> tuple[Tensor, Tensor, Tensor]:
        """Signed distances (N,), faces (N,) int32 and barycentric coordinates (N, 3)."""
        return self._ask(_closest_signed, points, furthest)

    def _ask(
        self, kernel: wp.Kernel, points: Tensor, furthest: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        queries = points.detach().float().contiguous()
        count = queries.shape[0]
        distances = queries.new_empty(count)
        faces = torch.empty(count, dtype=torch.int32, device=queries.device)
        barycentric = queries.new_empty(count, 3)
        wp.launch(
            kernel,
            dim=count,
            inputs=[
                self._mesh.id,
                furthest,
                wp.from_torch(queries, dtype=wp.vec3),
                wp.from_torch(distances),
                wp.from_torch(faces),
                wp.from_torch(barycentric, dtype=wp.vec3),
            ],
            device=self._device,
        )
        return distances, faces, barycentric
