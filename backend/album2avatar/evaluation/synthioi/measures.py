"""What SynthIOI measures, and in which words it says so."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from album2avatar.evaluation.avatar import AvatarSurface, load_avatar
from album2avatar.evaluation.comparison import Comparison, compare
from album2avatar.evaluation.image_similarity import (
    edge_deviation,
    peak_signal_to_noise,
    structural_similarity,
)
from album2avatar.evaluation.metrics import Floats
from album2avatar.evaluation.synthioi.delit import baked_light
from album2avatar.evaluation.synthioi.person import Reference
from album2avatar.evaluation.synthioi.shape import normal_errors, surface_errors
from album2avatar.evaluation.synthioi.sides import side_check
from album2avatar.evaluation.synthioi.soundness import (
    mesh_soundness,
    seam_differences,
    uv_soundness,
)
from album2avatar.mesh.storage import load_mesh
from album2avatar.perception.model import Perception
from album2avatar.workspace import Workspace

VERSION = 5
"""Raised when a measure means something else: older results are measured again."""
PICTURE_SIZE = 384
_ALIGNMENT_POINTS = 20_000

Group = Literal["geometry", "appearance", "craft", "effort"]


@dataclass(frozen=True)
class Measure:
    """One row of the table."""

    key: str
    title: str
    group: Group
    is_better_high: bool = False
    decimals: int = 2


MEASURES: tuple[Measure, ...] = (
    Measure("p2s", "P2S, cm", "geometry", decimals=3),
    Measure("chamfer", "Chamfer, cm", "geometry", decimals=3),
    Measure("normal_l2", "normals, L2", "geometry", decimals=3),
    Measure("normal_degrees", "normals, degrees", "geometry"),
    Measure("iou", "silhouette IoU", "geometry", is_better_high=True, decimals=3),
    Measure("hands", "hands, cm", "geometry", decimals=3),
    Measure("face", "face, cm", "geometry", decimals=3),
    Measure("psnr", "PSNR, dB", "appearance", is_better_high=True),
    Measure("ssim", "SSIM", "appearance", is_better_high=True, decimals=3),
    Measure("gmsd", "GMSD", "appearance", decimals=3),
    Measure("color_median", "ΔE, median asset", "appearance", decimals=1),
    Measure("color_worst", "ΔE, worst asset", "appearance", decimals=1),
    Measure(
        "sides", "sides named as the person's, %", "appearance", is_better_high=True, decimals=1
    ),
    Measure("faces_behind", "more face seen from behind, points", "appearance", decimals=1),
    Measure("baked_light", "baked light, L*", "appearance"),
    Measure("baked_share", "baked light, % of the variance", "appearance", decimals=1),
    Measure("triangle_quality", "triangle quality", "craft", is_better_high=True, decimals=3),
    Measure("needles", "needles, % of faces", "craft"),
    Measure("crossings", "faces that cross", "craft", decimals=0),
    Measure("holes", "open edges", "craft", decimals=0),
    Measure("pieces", "loose pieces", "craft", decimals=0),
    Measure("uv_stretch", "UV stretch", "craft", decimals=3),
    Measure("texels_per_mm", "texels a mm (5 % quantile)", "craft", True, decimals=3),
    Measure("seams", "ΔE across seams (95 %)", "craft", decimals=1),
    Measure("swap_change", "change beside a swap", "craft", decimals=6),
    Measure("prior_calls", "prior calls", "effort", decimals=0),
    Measure("seconds", "seconds", "effort", decimals=0),
)
"""What is not in all results is left out of the table."""


@dataclass(frozen=True)
class Measured:
    """Values by the keys of `MEASURES`, each asset's colour, and what was looked at."""

    values: Mapping[str, float]
    color_differences: Mapping[str, float]
    strip: Tensor
    """(S, 4 S, 3) the avatar from four sides, sRGB 0..1."""


def measure_avatar(person: Reference, workspace: Workspace, perception: Perception) -> Measured:
    """Lay a finished avatar on the person and measure it.

    Raises:
        WorkspaceError: the workspace holds none.
    """
    stored, avatar = load_mesh(workspace.painted), load_avatar(workspace)
    measured = measure_surface(person, avatar, perception)
    craft = mesh_soundness(stored.mesh)
    if stored.uv is not None:
        craft |= uv_soundness(stored.mesh, stored.uv, avatar.albedo.shape[0])
        craft |= seam_differences(stored.mesh, stored.uv, avatar.albedo)
        owners = stored.extras["vertex_asset"]
        craft |= baked_light(stored.mesh, stored.uv, owners, avatar.albedo)
    return replace(measured, values={**measured.values, **craft})


def measure_surface(person: Reference, avatar: AvatarSurface, perception: Perception) -> Measured:
    """What can be measured of any surface with colours."""
    comparison = compare(person.truth, avatar, None, PICTURE_SIZE, _ALIGNMENT_POINTS)
    places = comparison.similarity.apply(avatar.vertices.numpy())
    laid = replace(avatar, vertices=torch.from_numpy(places).float())
    strip = np.concatenate(comparison.avatar_pictures, 1)
    values = {
        **surface_errors(person, laid),
        **normal_errors(person.truth, laid, PICTURE_SIZE),
        "iou": comparison.silhouette_iou,
        **_likeness(np.concatenate(comparison.truth_pictures, 1), strip),
        **_colors(comparison),
        **side_check(person, laid, perception),
    }
    return Measured(values, comparison.color_differences, torch.from_numpy(strip))


def _likeness(wanted: Floats, shown: Floats) -> dict[str, float]:
    return {
        "psnr": peak_signal_to_noise(wanted, shown),
        "ssim": structural_similarity(wanted, shown),
        "gmsd": edge_deviation(wanted, shown),
    }


def _colors(comparison: Comparison) -> dict[str, float]:
    differences = list(comparison.color_differences.values())
    return {"color_median": float(np.median(differences)), "color_worst": max(differences)}
