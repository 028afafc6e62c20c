"""Which face each pixel sees, found by nvdiffrast on CUDA.

nvdiffrast's licence excludes commercial use; it is neither needed nor shipped. Only its search for
visible faces is used: barycentrics, interpolation and antialiasing stay this project's own.

Source: Laine et al. 2020, "Modular primitives for high-performance differentiable rendering".
"""

import importlib
from typing import Any

import torch
from torch import Tensor

from album2avatar.render.rasterize import Visibility
from album2avatar.render.screen import Resolution


def face_ids_by(library: Any, device: torch.device) -> Visibility:
    """A way to find faces that asks the module `nvdiffrast.torch`, with one context for all calls.

    Tensors on another device are carried there, and the answer back. Which of two faces at the same
    depth wins is the library's choice.
    """
    context = library.RasterizeCudaContext(device=device)

    def face_ids(screen: Tensor, faces: Tensor, resolution: Resolution) -> Tensor:
        parts: list[Tensor] = []
        for points, kept in drawable(screen.detach(), faces):
            clip = clip_positions(points, resolution).to(device)
            small = faces[kept].int().contiguous().to(device)
            rast, _ = library.rasterize(context, clip, small, resolution, grad_db=False)
            parts.append(original_faces(rast.to(kept.device), kept))
        return torch.cat(parts)

    return face_ids


def load_library() -> Any:
    """The module `nvdiffrast.torch`; raises ImportError where it is not installed."""
    return importlib.import_module("nvdiffrast.torch")


def drawable(screen: Tensor, faces: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Pictures that can be drawn together, with the faces that are not behind their camera.

    Args:
        screen: (B, V, 3) from `to_screen`, NaN behind the camera.
        faces: (F, 3) int64.

    Returns:
        Pairs of points (b, V, 3) without NaN and faces' numbers (f,), in the pictures' order.
    """
    in_front = torch.isfinite(screen).all(2)
    every_face = torch.arange(len(faces), device=faces.device)
    if bool(in_front.all()):
        return [(screen, every_face)]
    return [
        (torch.nan_to_num(screen[i : i + 1]), every_face[in_front[i][faces].all(1)])
        for i in range(len(screen))
    ]


def clip_positions(screen: Tensor, resolution: Resolution) -> Tensor:
    """Undo `to_screen` up to w, which the search for faces doesn't need.

    Args:
        screen: (B, V, 3) pixels, whole numbers at pixel centres, (0, 0) bottom left; then z/w.

    Returns:
        (B, V, 4) float32 with w = 1.
    """
    height, width = resolution
    size = torch.tensor([width, height], dtype=screen.dtype, device=screen.device)
    place = (2 * screen[..., :2] + 1) / size - 1
    one = torch.ones_like(screen[..., :1])
    return torch.cat([place, screen[..., 2:], one], -1).float().contiguous()


def original_faces(rast: Tensor, kept: Tensor) -> Tensor:
    """Numbers of the faces at the pixels, (B, H, W) int64; -1 where there is none.

    Args:
        rast: (B, H, W, 4), the last channel the place in `kept` + 1, or 0.
        kept: (f,) int64.
    """
    place = rast[..., 3].long()
    numbers = torch.cat([kept.new_full((1,), -1), kept])
    return numbers[place]
