"""What a comparison says: Markdown for people, JSON for programs, pictures for both."""

from typing import Any

import numpy as np
from PIL import Image

from album2avatar.evaluation.comparison import VIEW_AZIMUTHS, Comparison

COLOR_TARGET = 20.0
IOU_TARGET = 0.9


def markdown_table(comparison: Comparison) -> str:
    """One row a number, with its target."""
    rows = [
        _row(
            f"{name}: median ΔE*ab", f"{value:.1f}", f"≤ {COLOR_TARGET:.0f}", value <= COLOR_TARGET
        )
        for name, value in comparison.color_differences.items()
    ]
    iou = comparison.silhouette_iou
    rows.append(_row("silhouette IoU", f"{iou:.3f}", f"≥ {IOU_TARGET:.2f}", iou >= IOU_TARGET))
    avatar, body = comparison.avatar_chamfer_cm, comparison.body_chamfer_cm
    if body is None:
        rows.append(_row("Chamfer distance, cm", f"{avatar:.2f}", "no fitted body", True))
    else:
        target = f"< {body:.2f} (body alone)"
        rows.append(_row("Chamfer distance, cm", f"{avatar:.2f}", target, avatar < body))
    return "\n".join(["| measured | value | target | |", "|---|---|---|---|", *rows])


def as_json(comparison: Comparison) -> dict[str, Any]:
    """Every number of a comparison."""
    return {
        "median_color_difference": comparison.color_differences,
        "silhouette_iou": {"mean": comparison.silhouette_iou, **comparison.silhouette_ious},
        "avatar_chamfer_cm": comparison.avatar_chamfer_cm,
        "body_chamfer_cm": comparison.body_chamfer_cm,
        "alignment_scale": comparison.similarity.scale,
        "views": list(VIEW_AZIMUTHS),
    }


def comparison_strip(comparison: Comparison) -> Image.Image:
    """The person above, the avatar below, one column a view."""
    above = np.concatenate(comparison.truth_pictures, 1)
    below = np.concatenate(comparison.avatar_pictures, 1)
    pixels = (np.concatenate([above, below]) * 255).round().clip(0, 255).astype(np.uint8)
    return Image.fromarray(pixels)


def _row(name: str, value: str, target: str, is_met: bool) -> str:
    return f"| {name} | {value} | {target} | {'✓' if is_met else '✗'} |"
