"""Warp kernels that find the pairs of boxes that overlap."""

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
def _count(
    tree: wp.uint64,
    low: wp.array(dtype=wp.vec3),
    high: wp.array(dtype=wp.vec3),
    counts: wp.array(dtype=wp.int32),
):
    i = wp.tid()
    query = wp.bvh_query_aabb(tree, low[i], high[i])
    other = wp.int32(0)
    found = wp.int32(0)
    while wp.bvh_query_next(query, other):
        if other > i:
            found += 1
    counts[i] = found


@wp.kernel
def _list(
    tree: wp.uint64,
    low: wp.array(dtype=wp.vec3),
    high: wp.array(dtype=wp.vec3),
    starts: wp.array(dtype=wp.int32),
    others: wp.array(dtype=wp.int32),
):
    i = wp.tid()
    query = wp.bvh_query_aabb(tree, low[i], high[i])
    other = wp.int32(0)
    place = starts[i]
    while wp.bvh_query_next(query, other):
        if other > i:
            others[place] = other
            place += 1


def overlapping_boxes(low: Tensor, high: Tensor) -> Tensor:
    """Pairs (P, 2) int64 of axis-aligned boxes that overlap or touch, the smaller number first,
    in rising order.

    Args:
        low: (N, 3) least corners.
        high: (N, 3) greatest corners.
    """
    wp.init()
    count = low.shape[0]
    low, high = low.detach().float().contiguous(), high.detach().float().contiguous()
    boxes = [wp.from_torch(low, dtype=wp.vec3), wp.from_torch(high, dtype=wp.vec3)]
    tree = wp.Bvh(*boxes)
    device = wp.device_from_torch(low.device)
    counts = torch.zeros(count, dtype=torch.int32, device=low.device)
    inputs = [tree.id, *boxes]
    wp.launch(_count, dim=count, inputs=[*inputs, wp.from_torch(counts)], device=device)
    ends = counts.cumsum(0)
    starts = (ends - counts).int()
    others = torch.zeros(int(counts.sum()), dtype=torch.int32, device=low.device)
    if others.numel() == 0:
        return others.long().reshape(0, 2)
    inputs += [wp.from_torch(starts), wp.from_torch(others)]
    wp.launch(_list, dim=count, inputs=inputs, device=device)
    first = torch.arange(count, device=low.device).repeat_interleave(counts.long())
    keys = (first * count + others).sort().values
    return torch.stack([torch.div(keys, count, rounding_mode="floor"), keys % count], dim=1)
