"""Light in an albedo is measured, a person's own colours are not taken for it."""

import pytest
import torch
import trimesh

from album2avatar.evaluation.synthioi.delit import Places, explained_lightness, own_light
from album2avatar.mesh.types import Mesh
from album2avatar.projection.light import brightness, even_light
from album2avatar.synthetic.album import demo_person
from album2avatar.synthetic.ground_truth import (
    GroundTruth,
    ground_truth,
    outer_mask,
    painted_faces,
)
from album2avatar.synthetic.people import sample_person
from album2avatar.synthetic.splits import person_seed


@pytest.fixture(scope="module")
def truth() -> GroundTruth:
    return ground_truth(demo_person())


@pytest.fixture(scope="module")
def painted(truth: GroundTruth) -> tuple[Places, torch.Tensor]:
    colors, labels = painted_faces(truth)
    outer = torch.from_numpy(outer_mask(truth))
    faces = torch.from_numpy(truth.dressed.faces).long()[outer]
    mesh = Mesh(torch.from_numpy(truth.dressed.vertices).float(), faces)
    places = Places.of(mesh, torch.from_numpy(labels).long()[outer])
    return places, torch.from_numpy(colors).float()[outer]


def test_people_have_hardly_any_light_of_their_own():
    """One of them in stripes, one in checks: with patterns, eyes, lips and soles."""
    for index in (13, 42):
        person = ground_truth(sample_person(person_seed("held-out", index)))
        assert own_light(person)["baked_light"] < 0.5


def test_shading_that_is_painted_in_is_measured(painted: tuple[Places, torch.Tensor]):
    places, colors = painted
    values = [explained_lightness(places, colors)["baked_light"]]
    for lamp in (0.1, 0.2):
        light = even_light(colors)
        light[2] = lamp  # towards the back
        lit = colors * brightness(places.normals, light)
        values.append(explained_lightness(places, lit)["baked_light"])
    assert values[0] < 0.5
    assert values[1] > 2.0
    assert values[2] == pytest.approx(2 * values[1], rel=0.15)


def test_shadows_in_folds_are_measured(painted: tuple[Places, torch.Tensor]):
    """Where less of the sky is seen it is darker, whatever the normal."""
    places, colors = painted
    shadowed = colors * (1 - 0.5 * (1 - places.openness))[:, None]
    before, after = (explained_lightness(places, color) for color in (colors, shadowed))
    assert after["baked_light"] > before["baked_light"] + 1.0


def test_a_brighter_photo_is_no_baked_light(painted: tuple[Places, torch.Tensor]):
    places, colors = painted
    darker = explained_lightness(places, 0.7 * colors)
    assert darker["baked_light"] < 0.5


def test_openness_is_whole_on_a_ball_and_less_between_two():
    ball = trimesh.creation.icosphere(subdivisions=3)
    other = ball.copy()
    other.apply_translation([2.05, 0.0, 0.0])
    both = trimesh.util.concatenate([ball, other])

    def openness(shape: trimesh.Trimesh) -> torch.Tensor:
        faces = torch.tensor(shape.faces).long()
        mesh = Mesh(torch.tensor(shape.vertices).float(), faces)
        return Places.of(mesh, torch.zeros(len(faces)).long()).openness

    assert openness(ball).min() > 0.99
    between = torch.tensor(both.triangles_center[:, 0] - 1.0).abs() < 0.1
    assert openness(both)[between].mean() < 0.5
