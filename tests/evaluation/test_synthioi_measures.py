"""The benchmark's measures on people and shapes whose faults are known."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
import trimesh

from album2avatar.body.anny_parts import anny_parts
from album2avatar.evaluation.avatar import AvatarSurface
from album2avatar.evaluation.synthioi.person import Reference
from album2avatar.evaluation.synthioi.shape import normal_errors, surface_errors
from album2avatar.evaluation.synthioi.sides import side_check
from album2avatar.evaluation.synthioi.soundness import (
    mesh_soundness,
    seam_differences,
    uv_soundness,
)
from album2avatar.mesh.types import Mesh, UvMap
from album2avatar.model_folders import find_model
from album2avatar.perception.model import load_perception
from album2avatar.synthetic.album import demo_person
from album2avatar.synthetic.ground_truth import GroundTruth, ground_truth
from album2avatar.synthetic.people import sample_person
from album2avatar.synthetic.splits import person_seed


@pytest.fixture(scope="module")
def person() -> Reference:
    return Reference.of(ground_truth(demo_person()))


@pytest.fixture(scope="module")
def truth(person: Reference) -> GroundTruth:
    return person.truth


@pytest.fixture(scope="module")
def likeness(person: Reference) -> AvatarSurface:
    return person.surface


def test_a_person_lies_on_herself(person: Reference, likeness: AvatarSurface):
    errors = surface_errors(person, likeness)
    assert max(errors.values()) < 0.02


def test_swollen_by_a_centimetre_is_a_centimetre_away(
    person: Reference, truth: GroundTruth, likeness: AvatarSurface
):
    """Distances across folds are a little less than the way along the normals."""
    normals = torch.from_numpy(truth.dressed.normals).float()
    errors = surface_errors(person, replace(likeness, vertices=likeness.vertices + 0.01 * normals))
    assert errors["p2s"] == pytest.approx(0.9, abs=0.1)
    assert errors["face"] == pytest.approx(0.9, abs=0.1)


def test_hands_are_measured_apart(person: Reference, truth: GroundTruth, likeness: AvatarSurface):
    """Hands that were moved away hardly change the whole, and not the face."""
    body = torch.from_numpy(truth.body.vertices).float()
    parts = anny_parts(truth.template.model, body)
    hands = parts["hand.L"] | parts["hand.R"]
    nearest = torch.cdist(likeness.vertices, body[hands]).amin(1) < 1e-3
    moved = likeness.vertices + 0.05 * nearest[:, None] * torch.tensor([0.0, -1.0, 0.0])
    errors = surface_errors(person, replace(likeness, vertices=moved))
    assert errors["hands"] > 1.0
    assert errors["face"] < 0.02
    assert errors["p2s"] < 0.2


def test_normals_of_the_person_agree_and_turned_ones_dont(
    truth: GroundTruth, likeness: AvatarSurface
):
    same = normal_errors(truth, likeness, 128)
    swollen = likeness.vertices * torch.tensor([1.2, 1.2, 1.0])
    bloated = normal_errors(truth, replace(likeness, vertices=swollen), 128)
    assert same["normal_l2"] < 0.12
    assert bloated["normal_l2"] > 2 * same["normal_l2"]


def test_the_back_of_the_head_is_no_face_unless_the_person_stands_turned(
    person: Reference, likeness: AvatarSurface
):
    """Turned by 180°, the face is behind, and no side is named right."""
    perception = load_perception(find_model("demo-perception"))
    right = side_check(person, likeness, perception)
    turned = likeness.vertices * torch.tensor([-1.0, -1.0, 1.0])
    wrong = side_check(person, replace(likeness, vertices=turned), perception)
    assert right == {"sides": 100, "faces_behind": 0}
    assert wrong["sides"] < 20
    assert wrong["faces_behind"] > 10


def test_bald_heads_are_not_searched_for_faces():
    """The network takes their backs for faces, the person's own too."""
    bald = Reference.of(ground_truth(sample_person(person_seed("held-out", 1001))))
    assert "faces_behind" not in side_check(
        bald, bald.surface, load_perception(find_model("demo-perception"))
    )


def as_mesh(shape: trimesh.Trimesh) -> Mesh:
    return Mesh(
        torch.from_numpy(np.array(shape.vertices)).float(),
        torch.from_numpy(np.array(shape.faces)).long(),
    )


def test_a_sphere_is_sound_and_two_that_cross_are_not():
    sphere = trimesh.creation.icosphere(subdivisions=3)
    sound = mesh_soundness(as_mesh(sphere))
    assert sound["triangle_quality"] > 0.95
    assert [sound[key] for key in ("needles", "crossings", "holes", "pieces")] == [0, 0, 0, 0]
    other = sphere.copy()
    other.apply_translation([1.0, 0.0, 0.0])
    crossed = mesh_soundness(as_mesh(trimesh.util.concatenate([sphere, other])))
    assert crossed["crossings"] > 20
    assert crossed["pieces"] == 1


def test_a_hole_is_counted_by_its_edges():
    sphere = trimesh.creation.icosphere(subdivisions=1)
    sphere.update_faces(np.arange(len(sphere.faces)) > 0)
    assert mesh_soundness(as_mesh(sphere))["holes"] == 3


def test_a_seam_shows_where_its_sides_have_other_colors():
    """Two triangles apart in the texture: one half white, the other grey or white too."""
    vertices = torch.tensor([[0, 0, 0], [0.5, 0, 0], [0.5, 0, 0.5], [0, 0, 0.5]])
    mesh = Mesh(vertices, torch.tensor([[0, 1, 2], [0, 2, 3]]))
    flat = torch.tensor([[0.1, 0.1], [0.4, 0.1], [0.4, 0.4], [0.6, 0.1], [0.9, 0.4], [0.6, 0.4]])
    uv = UvMap(flat, torch.tensor([[0, 1, 2], [3, 4, 5]]))
    albedo = torch.ones(64, 64, 3)
    assert seam_differences(mesh, uv, albedo)["seams"] == pytest.approx(0.0, abs=1e-6)
    albedo[:, 32:] = 0.0
    assert seam_differences(mesh, uv, albedo)["seams"] == pytest.approx(100.0, abs=0.1)
    whole = UvMap(flat[[0, 1, 2, 5]], torch.tensor([[0, 1, 2], [0, 2, 3]]))
    assert seam_differences(mesh, whole, albedo)["seams"] == 0.0


@pytest.mark.parametrize(("widening", "stretch"), [(1.0, 1.0), (2.0, math.sqrt(1.25))])
def test_stretch_and_density_of_a_sheet(widening: float, stretch: float):
    """Half a metre square in a texture of 512: twice as wide in it, both follow from the sides."""
    vertices = torch.tensor([[0, 0, 0], [0.5, 0, 0], [0.5, 0, 0.5], [0, 0, 0.5]])
    faces = torch.tensor([[0, 1, 2], [0, 2, 3]])
    flat = vertices[:, [0, 2]] * torch.tensor([widening, 1.0])
    sound = uv_soundness(Mesh(vertices, faces), UvMap(flat, faces), 512)
    assert sound["uv_stretch"] == pytest.approx(stretch, rel=1e-5)
    assert sound["texels_per_mm"] == pytest.approx(0.512 * math.sqrt(widening), rel=1e-5)
