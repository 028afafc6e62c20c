"""Which code finds the visible faces."""

import torch

from album2avatar.errors import SettingsError
from album2avatar.render import visibility_warp
from album2avatar.render.rasterize import Visibility
from album2avatar.render.visibility_nvdiffrast import face_ids_by, load_library
from album2avatar.settings.performance import Rasterizer


def choose_visibility(rasterizer: Rasterizer, device: torch.device) -> Visibility:
    """The visibility that a setting names.

    Raises:
        SettingsError: nvdiffrast is asked for without CUDA, or isn't installed.
    """
    if rasterizer == "warp":
        return visibility_warp.face_ids
    if device.type != "cuda":
        raise SettingsError(
            "performance.rasterizer is nvdiffrast, which needs a CUDA GPU, but the device is "
            f"{device.type}. Set performance.rasterizer to warp, which runs everywhere."
        )
    try:
        library = load_library()
    except ImportError as error:
        raise SettingsError(
            "performance.rasterizer is nvdiffrast, which isn't installed. Install it from source "
            "if its licence (no commercial use) fits your work, or set performance.rasterizer to "
            "warp."
        ) from error
    return face_ids_by(library, device)
