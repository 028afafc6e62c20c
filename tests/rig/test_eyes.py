"""The template's eyes on a face."""

import math

import pytest
import torch

from album2avatar.body.anny import load_anny_body
from album2avatar.body.surface import outer_surface
from album2avatar.body.types import CanonicalBody
from album2avatar.mesh.normals import face_normals
from album2avatar.mesh.types import Mesh
from album2avatar.rig.eyes import disc_faces, eye_openings, eye_parts, front_of, reach_of

BROWN = (0.3, 0.2, 0.1)


@pytest.fixture(scope="module")
def body() -> CanonicalBody:
    model = load_anny_body()
    return model.canonical(model.usual_shape("woman"))


def test_reach_of_a_square_is_its_border() -> None:
    corners = torch.tensor([[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]])
    reach = reach_of(torch.stack([corners, corners.roll(-1, 0)], 1))
    angles = torch.arange(len(reach)) * (2 * math.pi / len(reach))
    expected = 1 / torch.maximum(angles.cos().abs(), angles.sin().abs())
    assert torch.allclose(reach, expected, atol=1e-4)


def test_lids_are_wider_than_high_and_as_on_a_person(body: CanonicalBody) -> None:
    openings = eye_openings(body)
    assert [body.skeleton.names[opening.bone] for opening in openings] == ["eye.L", "eye.R"]
    for opening in openings:
        quarter = len(opening.reach) // 4
        width = float(opening.reach[0] + opening.reach[2 * quarter])
        height = float(opening.reach[quarter] + opening.reach[3 * quarter])
        assert 0.02 < width < 0.035
        assert 0.006 < height < 0.016


def test_eyes_lie_before_the_face_and_before_each_other(body: CanonicalBody) -> None:
    skin = outer_surface(body)
    parts = eye_parts(skin, body, BROWN)
    assert [part.name for part in parts] == ["eye whites", "irises", "pupils"]
    for part in parts:
        gap = front_of(skin, part.mesh.vertices[:, [0, 2]]) - part.mesh.vertices[:, 1]
        assert float(gap.min()) > 0.0003
        assert float(gap[torch.isfinite(gap)].median()) < 0.005
        normals = face_normals(part.mesh.vertices, part.mesh.faces)
        assert float(normals[:, 1].mean()) < -0.7
        assert torch.equal(part.weights.sum(-1), torch.ones(len(part.weights)))
    left = parts[1].mesh.vertices[:, 0] > 0
    bones = parts[1].weights.argmax(-1)
    assert bones[left].unique().tolist() == [body.skeleton.names.index("eye.L")]
    assert bones[~left].unique().tolist() == [body.skeleton.names.index("eye.R")]


def test_covered_eyes_are_left_out(body: CanonicalBody) -> None:
    skin = outer_surface(body)
    eye = body.vertices[body.parts["eye.L"]].mean(0)
    visor = eye + torch.tensor([[-0.2, -0.05, -0.1], [0.2, -0.05, -0.1], [0.0, -0.05, 0.2]])
    vertices = torch.cat([skin.vertices, visor])
    faces = torch.cat([skin.faces, torch.tensor([[0, 1, 2]]) + len(skin.vertices)])
    assert eye_parts(Mesh(vertices, faces), body, BROWN) == ()


def test_disc_is_a_disc() -> None:
    faces = disc_faces()
    edges = torch.cat([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).sort(-1)[0]
    count = edges.unique(dim=0)
    assert int(faces.max()) + 1 - len(count) + len(faces) == 1
