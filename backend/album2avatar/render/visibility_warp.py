"""Which face each pixel sees, as one Warp kernel: the same rules as `visibility_torch`, faster.

Warp compiles the kernel once for the machine (seconds) and keeps it in its cache.
"""

# Warp reads kernels by their annotations, which are no Python types.
# pyright: reportUnknownParameterType=false, reportMissingParameterType=false
# pyright: reportUnknownLambdaType=false, reportInvalidTypeForm=false
# pyright: reportOperatorIssue=false, reportArgumentType=false, reportIndexIssue=false

import torch
import warp as wp
from torch import Tensor

from album2avatar.render.screen import Resolution
from album2avatar.render.visibility_torch import DEPTH_LEVELS, EMPTY

wp.config.log_level = wp.LOG_ERROR
# Fused multiply-add rounds once where torch rounds twice; pixel centres exactly on an edge
# would then fall to another face than in the torch code.
wp.set_module_options({"enable_backward": False, "fuse_fp": False})

_LEVELS = wp.constant(wp.float64(DEPTH_LEVELS))


@wp.func
def _edge_crossing(p: wp.vec3d, q: wp.vec3d, y: wp.float64) -> wp.vec2d:
    """x where the edge p-q crosses row y, as (left, right) bound; an empty bound if it doesn't."""
    low = wp.min(p[1], q[1])
    high = wp.max(p[1], q[1])
    if low <= y and y < high:
        slope = (q[0] - p[0]) / (q[1] - p[1])
        x = p[0] + (y - p[1]) * slope
        return wp.vec2d(x, x)
    return wp.vec2d(wp.float64(1.0e30), wp.float64(-1.0e30))


@wp.func
def _ordered_crossing(
    i: wp.int64, j: wp.int64, p: wp.vec3d, q: wp.vec3d, y: wp.float64
) -> wp.vec2d:
    """The crossing, from the end with the smaller index, so that both faces round alike."""
    if i < j:
        return _edge_crossing(p, q, y)
    return _edge_crossing(q, p, y)


@wp.kernel  # pyright: ignore[reportUntypedFunctionDecorator]
def _draw_faces(
    screen: wp.array2d(dtype=wp.vec3d),
    faces: wp.array2d(dtype=wp.int64),
    height: int,
    width: int,
    buffer: wp.array2d(dtype=wp.int64),
):
    picture, face = wp.tid()  # pyright: ignore
    i = faces[face, 0]
    j = faces[face, 1]
    k = faces[face, 2]
    a = screen[picture, int(i)]
    b = screen[picture, int(j)]
    c = screen[picture, int(k)]
    if wp.isnan(a[0]) or wp.isnan(b[0]) or wp.isnan(c[0]):
        return
    u = b - a
    v = c - a
    area = u[0] * v[1] - u[1] * v[0]
    if area == wp.float64(0.0):
        return
    slope_x = (u[2] * v[1] - u[1] * v[2]) / area
    slope_y = (u[0] * v[2] - u[2] * v[0]) / area
    constant = a[2] - slope_x * a[0] - slope_y * a[1]

    rows = wp.float64(height)
    columns = wp.float64(width)
    zero = wp.float64(0.0)
    half = wp.float64(0.5)
    first = int(wp.clamp(wp.ceil(wp.min(a[1], wp.min(b[1], c[1]))), zero, rows))
    last = int(wp.clamp(wp.ceil(wp.max(a[1], wp.max(b[1], c[1]))), zero, rows))
    for row in range(first, last):
        y = wp.float64(row)
        ab = _ordered_crossing(i, j, a, b, y)
        bc = _ordered_crossing(j, k, b, c, y)
        ca = _ordered_crossing(k, i, c, a, y)
        left = int(wp.clamp(wp.ceil(wp.min(ab[0], wp.min(bc[0], ca[0]))), zero, columns))
        right = int(wp.clamp(wp.ceil(wp.max(ab[1], wp.max(bc[1], ca[1]))), zero, columns))
        for column in range(left, right):
            z = constant + slope_x * wp.float64(column) + slope_y * y
            if z > wp.float64(-1.0) and z < wp.float64(1.0):
                level = wp.int64((z * half + half) * _LEVELS)
                key = wp.lshift(level, wp.int64(32)) + wp.int64(face)
                wp.atomic_min(buffer, picture, row * width + column, key)


def face_ids(screen: Tensor, faces: Tensor, resolution: Resolution) -> Tensor:
    """Find the nearest face at every pixel centre; see `visibility_torch.face_ids`."""
    wp.init()
    height, width = resolution
    points = screen.detach().contiguous()
    batch = points.shape[0]
    buffer = torch.full((batch, height * width), EMPTY, dtype=torch.int64, device=points.device)
    wp.launch(
        _draw_faces,
        dim=(batch, faces.shape[0]),
        inputs=[
            wp.from_torch(points, dtype=wp.vec3d),
            wp.from_torch(faces.contiguous()),
            height,
            width,
            wp.from_torch(buffer),
        ],
        device=wp.device_from_torch(points.device),
    )
    ids = torch.where(buffer == EMPTY, -1, buffer & 0xFFFFFFFF)
    return ids.view(batch, height, width)
