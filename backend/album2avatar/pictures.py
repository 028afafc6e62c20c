"""Pictures and textures as PNG files: a stage's previews, and the base colour."""

import io
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from album2avatar.errors import WorkspaceError
from album2avatar.files import atomic_path


def tiled(pictures: Tensor, columns: int) -> Tensor:
    """Put pictures side by side, row by row.

    Args:
        pictures: (B, H, W, C), B a multiple of `columns`.

    Returns:
        (B / columns * H, columns * W, C).
    """
    rows = pictures.split(columns)
    return torch.cat([torch.cat(list(row), dim=1) for row in rows], dim=0)


def save_picture(path: Path, image: Tensor) -> None:
    """Write an image (H, W, 3), 0..1, row 0 at the top, as an 8-bit PNG, atomically."""
    pixels = (image.detach().cpu().clamp(0, 1) * 255.0).round().to(torch.uint8).numpy()
    with atomic_path(path) as temporary:
        Image.fromarray(np.ascontiguousarray(pixels)).save(temporary)


def save_grey(path: Path, values: Tensor) -> None:
    """Write values (H, W), 0..1, row 0 at the top, as an 8-bit grey PNG, atomically."""
    pixels = (values.detach().cpu().clamp(0, 1) * 255.0).round().to(torch.uint8).numpy()
    with atomic_path(path) as temporary:
        Image.fromarray(np.ascontiguousarray(pixels), "L").save(temporary)


def save_texture(path: Path, texture: Tensor) -> None:
    """Write a texture (H, W, 3), row 0 at v = 0, as an 8-bit PNG, whose row 0 is at the top."""
    save_picture(path, texture.flip(0))


def texture_png(texture: Tensor) -> bytes:
    """The bytes that `save_texture` would write."""
    pixels = (texture.detach().cpu().clamp(0, 1) * 255.0).round().to(torch.uint8).flip(0).numpy()
    content = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(content, "PNG")
    return content.getvalue()


def load_texture(path: Path) -> Tensor:
    """Read what `save_texture` wrote: (H, W, 3) float32, 0..1, row 0 at v = 0.

    Raises:
        WorkspaceError: the file is missing or damaged.
    """
    try:
        with Image.open(path) as image:
            pixels = np.asarray(image.convert("RGB"), np.float32) / 255.0
    except OSError as error:
        raise WorkspaceError(
            f"{path} can't be read ({error}). Run the same command again; the paint stage makes "
            "it anew."
        ) from error
    return torch.from_numpy(pixels).flip(0)
