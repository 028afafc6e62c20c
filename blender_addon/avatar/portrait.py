"""A small picture of an avatar from the front, drawn without a graphics card or a window.

Blender draws previews of collections only with a window, and seconds later; this takes a
third of a second anywhere. Surface points are splatted in the order of their depth.
"""

# pyright: reportMissingImports=false

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .materials import base_color_node, shader_of

_SUPERSAMPLING = 2
_MARGIN = 1.06
"""Room around the avatar, as a factor of its height."""
_DENSITY = 1.2
"""Points per pixel along the longer edges: fewer leave holes."""
_MOST_POINTS_PER_EDGE = 32
_LIGHT = (0.35, -0.8, 0.5)
_AMBIENT = 0.62
_GAMMA = 1 / 2.2

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class _Triangles:
    """Surface of a mesh in the world."""

    corners: Floats
    """(T, 3, 3) metres."""
    uv: Floats
    """(T, 3, 2); zeros where the mesh has no texture coordinates."""
    materials: NDArray[np.int32]
    """(T,) slot."""


def draw_portrait(meshes: Sequence[Any], size: int) -> Floats:
    """Draw mesh objects as they stand, from the front.

    Returns:
        (size, size, 4) sRGB and alpha, 0..1; row 0 at the bottom, as Blender's images are.
    """
    surfaces = [(mesh, _triangles(mesh)) for mesh in meshes]
    points = np.concatenate([found.corners.reshape(-1, 3) for _, found in surfaces])
    lowest, highest = points.min(axis=0), points.max(axis=0)
    extent = float(max(highest[0] - lowest[0], highest[2] - lowest[2])) * _MARGIN
    pixels = size * _SUPERSAMPLING
    scale = pixels / max(extent, 1e-6)
    splats = [splat for mesh, found in surfaces for splat in _splats(mesh, found, scale)]
    places, depths, colors = zip(*splats, strict=True)
    order = np.argsort(-np.concatenate(depths), kind="stable")  # the nearest last
    middle = (lowest + highest)[[0, 2]] / 2
    at = np.floor((np.concatenate(places) - middle) * scale + pixels / 2).astype(np.int64)
    at = at.clip(0, pixels - 1)[order]
    picture = np.zeros((pixels, pixels, 4), dtype=np.float32)
    picture[at[:, 1], at[:, 0], :3] = np.concatenate(colors)[order]
    picture[at[:, 1], at[:, 0], 3] = 1.0
    return _smaller(picture)


def _triangles(mesh: Any) -> _Triangles:
    data = mesh.data
    data.calc_loop_triangles()
    count = len(data.loop_triangles)
    vertices = np.empty(3 * len(data.vertices), dtype=np.float32)
    data.vertices.foreach_get("co", vertices)
    world = np.array(mesh.matrix_world, dtype=np.float32)
    placed = vertices.reshape(-1, 3) @ world[:3, :3].T + world[:3, 3]
    corners = np.empty(3 * count, dtype=np.int32)
    data.loop_triangles.foreach_get("vertices", corners)
    loops = np.empty(3 * count, dtype=np.int32)
    data.loop_triangles.foreach_get("loops", loops)
    materials = np.empty(count, dtype=np.int32)
    data.loop_triangles.foreach_get("material_index", materials)
    uv = np.zeros(2 * len(data.loops), dtype=np.float32)
    if data.uv_layers.active is not None:
        data.uv_layers.active.data.foreach_get("uv", uv)
    return _Triangles(
        placed[corners].reshape(-1, 3, 3), uv.reshape(-1, 2)[loops].reshape(-1, 3, 2), materials
    )


def _splats(mesh: Any, found: _Triangles, scale: float) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Points on the surface: place in the picture's plane (P, 2), depth (P,), colour (P, 3).

    Triangles of like size come together, each with as many points as its pixels need.
    """
    normals = _normals(found.corners)
    edges = np.linalg.norm(found.corners - np.roll(found.corners, 1, axis=1), axis=2)
    wanted = np.ceil(_DENSITY * scale * edges.max(axis=1)).clip(1, _MOST_POINTS_PER_EDGE)
    steps = (2 * np.ceil(wanted / 2)).astype(np.int64)
    for slot in np.unique(found.materials):
        colors = _colors_of(mesh, int(slot))
        for count in np.unique(steps):
            # What looks away is behind what looks here.
            chosen = (steps == count) & (found.materials == slot) & (normals[:, 1] < 0)
            if not chosen.any():
                continue
            weights = _barycentric(int(count))
            points = weights @ found.corners[chosen]
            uv = weights @ found.uv[chosen]
            color = colors(uv) * _shade(normals[chosen])[:, None, None]
            flat = points.reshape(-1, 3)
            yield flat[:, [0, 2]], flat[:, 1], color.reshape(-1, 3)


def _barycentric(steps: int) -> Floats:
    """A regular grid on a triangle, (P, 3)."""
    grid = [(i, j, steps - i - j) for i in range(steps + 1) for j in range(steps + 1 - i)]
    return np.array(grid, dtype=np.float32) / np.float32(steps)


def _normals(corners: Floats) -> Floats:
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.linalg.norm(normals, axis=1, keepdims=True).clip(1e-12)
    return np.asarray(normals / lengths, dtype=np.float32)


def _shade(normals: Floats) -> Floats:
    """Brightness of surfaces, from their normals."""
    light = np.array(_LIGHT, dtype=np.float32)
    cosines = (normals @ light).clip(0) / math.sqrt(sum(value * value for value in _LIGHT))
    return (_AMBIENT + (1 - _AMBIENT) * cosines).astype(np.float32)


def _colors_of(mesh: Any, slot: int) -> Callable[[Floats], Floats]:
    """Looks up the sRGB of a material at places (…, 2) of its texture."""
    slots = mesh.material_slots
    material = slots[slot].material if slot < len(slots) else None
    node = base_color_node(material)
    if node is not None and node.image is not None and min(node.image.size) > 0:
        width, height = node.image.size
        pixels = np.empty(4 * width * height, dtype=np.float32)
        node.image.pixels.foreach_get(pixels)
        texture = pixels.reshape(height, width, 4)[..., :3]

        def sample(uv: Floats) -> Floats:
            columns = (uv[..., 0] % 1.0 * width).astype(np.int32).clip(0, width - 1)
            rows = (uv[..., 1] % 1.0 * height).astype(np.int32).clip(0, height - 1)
            return texture[rows, columns]

        return sample
    shader = shader_of(material)
    linear = shader.inputs["Base Color"].default_value[:3] if shader is not None else (0.6,) * 3
    encoded = np.array(linear, dtype=np.float32) ** np.float32(_GAMMA)
    return lambda uv: np.broadcast_to(encoded, (*uv.shape[:-1], 3))


def _smaller(picture: Floats) -> Floats:
    """Average blocks of pixels; colours weigh by their alpha."""
    size = picture.shape[0] // _SUPERSAMPLING
    blocks = picture.reshape(size, _SUPERSAMPLING, size, _SUPERSAMPLING, 4)
    alpha = blocks[..., 3:].mean(axis=(1, 3))
    color = (blocks[..., :3] * blocks[..., 3:]).mean(axis=(1, 3)) / alpha.clip(1e-6)
    return np.concatenate([color, alpha], axis=2).astype(np.float32)
