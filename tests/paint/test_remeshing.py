"""A sculpture that is the body gets the body's quads; what isn't, doesn't."""

import pytest
import torch

from album2avatar.body.anny import load_anny_body
from album2avatar.body.surface import outer_surface
from album2avatar.body.types import CanonicalBody
from album2avatar.mesh.signed_distance import DistanceField
from album2avatar.mesh.soundness import flaws_of
from album2avatar.mesh.types import Mesh
from album2avatar.paint.remeshing import Remeshed, remesh

BUDGET = 24_000


@pytest.fixture(scope="module")
def body() -> CanonicalBody:
    model = load_anny_body()
    return model.canonical(model.usual_shape("man"))


@pytest.fixture(scope="module")
def sculpted(body: CanonicalBody) -> Mesh:
    """The skin, wrapped at the hips in something that stands off by 6 cm."""
    skin = outer_surface(body)
    hips = body.skeleton.heads[body.skeleton.names.index("upperleg01.L"), 2]
    beside = (1 - ((skin.vertices[:, 2] - hips) / 0.12).square()).clamp(min=0)
    trunk = (skin.vertices[:, 0].abs() < 0.25).float()
    outward = torch.nn.functional.normalize(skin.vertices[:, :2] + 1e-6, dim=1)
    vertices = skin.vertices.clone()
    vertices[:, :2] += 0.06 * (beside * trunk)[:, None] * outward
    return Mesh(vertices, skin.faces)


@pytest.fixture(scope="module")
def remeshed(sculpted: Mesh, body: CanonicalBody) -> Remeshed:
    return remesh(sculpted, body, BUDGET)


def test_the_mesh_is_sound_and_within_the_budget(remeshed: Remeshed) -> None:
    assert flaws_of(remeshed.mesh) == []
    assert len(remeshed.mesh.faces) <= BUDGET
    assert float((remeshed.mate >= 0).float().mean()) > 0.9


def test_face_and_hands_have_the_templates_quads(remeshed: Remeshed, body: CanonicalBody) -> None:
    field = DistanceField(Mesh(remeshed.mesh.vertices, remeshed.mesh.faces))
    for part in ("face", "hand.L", "hand.R"):
        points = body.vertices[body.parts[part] & body.parts["surface"]]
        closest = field.closest(points)
        assert float(remeshed.is_template[closest.faces].float().mean()) > 0.9
        assert float(closest.distance.mean()) < 0.001


def test_the_surface_stays_where_it_was(remeshed: Remeshed, sculpted: Mesh) -> None:
    distance = DistanceField(remeshed.mesh).closest(sculpted.vertices).distance
    assert float(distance.mean()) < 0.001
