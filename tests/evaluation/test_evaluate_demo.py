"""The evaluation of the demo avatar, on avatars whose faults are known."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from album2avatar.assets import PIXEL_CLASSES
from album2avatar.errors import WorkspaceError
from album2avatar.evaluation.avatar import AvatarSurface
from album2avatar.evaluation.comparison import compare
from album2avatar.evaluation.evaluate_demo import evaluate
from album2avatar.mesh.storage import save_mesh
from album2avatar.mesh.types import Mesh, UvMap
from album2avatar.synthetic.album import demo_person
from album2avatar.synthetic.ground_truth import (
    GroundTruth,
    LabelledMesh,
    ground_truth,
    labelled_mesh,
)
from album2avatar.workspace import Workspace

SOLES = 15.0
"""Bound on ΔE*ab of the true mesh at a few pixels a shoe: it has no colour for the white soles."""


@pytest.fixture(scope="module")
def truth() -> GroundTruth:
    return ground_truth(demo_person())


def as_avatar(mesh: LabelledMesh) -> AvatarSurface:
    count = len(mesh.faces)
    return AvatarSurface(
        vertices=torch.from_numpy(mesh.vertices),
        faces=torch.from_numpy(mesh.faces).long(),
        corner_uv=torch.zeros(count, 3, 2),
        face_colors=torch.from_numpy(mesh.face_colors).float(),
        albedo=torch.zeros(2, 2, 3),
    )


def test_the_person_herself_scores_well_at_any_scale(truth: GroundTruth):
    """Scaled and moved, the true mesh is laid back on itself and meets every target."""
    avatar = as_avatar(labelled_mesh(truth))
    moved = replace(avatar, vertices=avatar.vertices * 1.05 + 0.03)
    comparison = compare(truth, moved, None, size=96, point_count=4000)
    assert comparison.similarity.scale == pytest.approx(1 / 1.05, rel=5e-3)
    assert comparison.silhouette_iou > 0.95
    assert max(comparison.color_differences.values()) < SOLES
    assert {"top", "bottom", "hair", "shoes", "face"} <= comparison.color_differences.keys()


def test_a_garment_of_another_color_is_noticed_alone(truth: GroundTruth):
    """A red sweater instead of the true one fails its own row and no other."""
    mesh = labelled_mesh(truth)
    colors = mesh.face_colors.copy()
    colors[mesh.face_labels == PIXEL_CLASSES.index("top")] = (0.9, 0.1, 0.1)
    avatar = as_avatar(replace(mesh, face_colors=colors))
    differences = compare(truth, avatar, None, size=96, point_count=2000).color_differences
    assert differences.pop("top") > 40
    assert max(differences.values()) < SOLES


def test_a_workspace_is_read_and_reported(truth: GroundTruth, tmp_path: Path):
    """A painted mesh and its texture become a table, a JSON file and a picture."""
    workspace = Workspace(tmp_path)
    mesh = labelled_mesh(truth)
    faces = torch.from_numpy(mesh.faces).long()
    uv = UvMap(torch.tensor([[0.5, 0.5]]), torch.zeros_like(faces))
    save_mesh(workspace.painted, Mesh(torch.from_numpy(mesh.vertices), faces), uv)
    Image.new("RGB", (4, 4), (22, 140, 146)).save(workspace.albedo)
    table = evaluate(workspace, tmp_path / "evaluation", size=64, points=2000)
    assert "silhouette IoU" in table
    numbers = json.loads((tmp_path / "evaluation" / "evaluation.json").read_text())
    assert numbers["median_color_difference"]["top"] < 15
    assert numbers["median_color_difference"]["bottom"] > 30
    strip = np.asarray(Image.open(tmp_path / "evaluation" / "evaluation.png"))
    assert strip.shape == (128, 256, 3)


def test_a_workspace_without_avatar_says_what_to_do(tmp_path: Path):
    """No avatar yet is an artist's error, not a traceback."""
    with pytest.raises(WorkspaceError, match="has no avatar yet"):
        evaluate(Workspace(tmp_path), tmp_path, size=64, points=2000)
