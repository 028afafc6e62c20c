"""Anny's model data, built once and kept in the user's cache."""

from collections.abc import Callable
from pathlib import Path

import anny
import anny.paths
import platformdirs
import torch
from anny.models.model_data import ModelData
from safetensors import SafetensorError

from album2avatar.files import atomic_path

RIG = "anny-blender"
"""104 bones with tails, named as Blender likes them."""
TOPOLOGY = "anny-quads"
"""The full template in quads. Never `smplx` or `smpl`: these download non-commercial data."""


def anny_cache_file() -> Path:
    """Where the model data is kept."""
    return platformdirs.user_cache_path("album2avatar") / "anny_blender.safetensors"


def load_anny(report: Callable[[str], None] = lambda message: None) -> anny.Anny:
    """Anny with the rig and topology that the project uses, from the cache.

    The first call on a machine builds the data, which takes minutes; so does a call that
    finds the cache damaged or of another Anny release.

    Args:
        report: is told when the data has to be built.
    """
    data = load_or_build(anny_cache_file(), build_anny_data, report)
    return anny.Anny.from_model_data(
        data, skinning_method="lbs", pose_parameterization="local-ref", bone_orientation="blender",
        root_identity_orientation=False,
    )  # fmt: skip


def load_or_build(
    path: Path, build: Callable[[], ModelData], report: Callable[[str], None]
) -> ModelData:
    """Read model data from `path`; build it and write it there when that can't be done."""
    if path.exists():
        try:
            data = ModelData.load_safetensors(path)
            _check(data)
            return data
        except (SafetensorError, OSError, ValueError, TypeError, KeyError, AttributeError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            report(f"{path} is damaged ({reason}); Anny's data is built anew (about 2 minutes).")
    else:
        report("Anny's data is built for the first time on this machine (about 2 minutes).")
    data = build()
    with atomic_path(path) as temporary:
        data.save_safetensors(temporary)
    return data


def build_anny_data() -> ModelData:
    """Build the model data from the files of the Anny package; minutes and 2 GB of memory."""
    kept = anny.paths.get_anny_cache_path()
    # Anny's own cache is neither atomic nor checked: a killed build would break every later one.
    anny.paths._ANNY_CACHE_DIR[0] = None  # type: ignore[assignment, index]  # pyright: ignore
    try:
        model = anny.Anny(
            rig=RIG, topology=TOPOLOGY, facial_actions="all", local_changes="none"
        ).to(torch.float32)
    finally:
        anny.paths.set_anny_cache_path(kept)
    return model.to_model_data()


def _check(data: ModelData) -> None:
    """Refuse data that was read but can't be Anny's.

    Raises:
        ValueError: something is missing or not finite.
    """
    if len(data.metadata.bone_labels) != data.template_bone_heads.shape[0]:
        raise ValueError("bones are missing")
    for name in ("template_vertices", "blendshapes", "template_bone_heads", "vertex_bone_weights"):
        if not bool(torch.isfinite(getattr(data, name)).all()):
            raise ValueError(f"'{name}' is not finite")
