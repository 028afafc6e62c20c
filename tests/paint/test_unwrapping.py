"""The UV map of people in wide trousers, in a skirt and with long hair."""

import pytest
import torch

from album2avatar.body.anny import load_anny_body
from album2avatar.body.chart_regions import REGIONS, chart_regions
from album2avatar.body.surface import outer_surface
from album2avatar.body.template_regions import template_mates
from album2avatar.body.types import CanonicalBody
from album2avatar.evaluation.synthioi.soundness import uv_soundness
from album2avatar.mesh.borders import face_pieces
from album2avatar.mesh.decimate import decimate
from album2avatar.mesh.marching import lattice_edges, march
from album2avatar.mesh.normals import face_areas
from album2avatar.mesh.quads import pair_triangles, without_seams
from album2avatar.mesh.signed_distance import DistanceField
from album2avatar.mesh.tetrahedra import lattice_tetrahedra
from album2avatar.mesh.types import Mesh, UvMap
from album2avatar.paint.unwrapping import unwrap_body
from album2avatar.render.baking import map_texels

SIZE = 1024
CELL = 0.02
"""Metres of the lattice's cubes."""


@pytest.fixture(scope="module")
def body() -> CanonicalBody:
    model = load_anny_body()
    return model.canonical(model.usual_shape("woman"))


@pytest.fixture(scope="module")
def dressed(body: CanonicalBody) -> tuple[Mesh, torch.Tensor]:
    """The template's skin, drawn out to wide trousers and to hair behind."""
    skin, mate = template_mates(body)
    vertices = skin.vertices.clone()
    hips = body.skeleton.heads[body.skeleton.names.index("upperleg01.L"), 2]
    z = vertices[:, 2]
    legs = ((hips - z) / 0.3).clamp(0, 1) * (vertices[:, 0].abs() < 0.3) * (z > hips - 0.45)
    vertices[:, :2] *= 1 + 0.5 * legs[:, None]
    head = skin.vertices[:, 2] > skin.vertices[:, 2].max() - 0.3
    behind = head & (skin.vertices[:, 1] > skin.vertices[head, 1].mean())
    vertices[behind, 1] += 0.05
    return Mesh(vertices, skin.faces), mate


def in_a_skirt(body: CanonicalBody) -> tuple[Mesh, torch.Tensor]:
    """The body in one with a wide skirt down to the knees and hair down to the waist, marched."""
    heads, names = body.skeleton.heads, body.skeleton.names
    waist, knee, neck = (heads[names.index(n), 2] for n in ("spine04", "lowerleg01.L", "neck01"))
    skin = outer_surface(body)
    room = torch.tensor([0.1, 0.5, 0.1])
    low, high = skin.vertices.amin(0) - room, skin.vertices.amax(0) + room
    counts = ((high - low) / CELL).long()
    points, tetrahedra = lattice_tetrahedra(
        torch.cartesian_prod(*[torch.arange(int(count)) for count in counts])
    )
    places = low + CELL * points / 2
    x, y, z = places.unbind(1)
    inside = DistanceField(skin).closest_signed(places).signed_distance
    away = torch.hypot(x, y - heads[0, 1])
    skirt = torch.maximum(away - 0.14 - 0.35 * (waist - z), ((waist + knee) / 2 - z).abs() - 0.25)
    back = skin.vertices[:, 1].amax()
    hair = torch.stack([x.abs() - 0.13, (y - back).abs() - 0.06, (z - neck).abs() - 0.25]).amax(0)
    marched = march(torch.stack([inside, skirt, hair]).amin(0), lattice_edges(tetrahedra))
    coarse = decimate(Mesh(marched.carry(places), marched.faces), 12_000)
    return coarse, pair_triangles(coarse, torch.zeros(len(coarse.faces), dtype=torch.int64))


@pytest.fixture(scope="module")
def unwrapped(dressed: tuple[Mesh, torch.Tensor], body: CanonicalBody) -> UvMap:
    return unwrap_body(*dressed, body, SIZE, lambda: None)


def flat_areas(uv: UvMap) -> torch.Tensor:
    a, b, c = uv.coordinates.double()[uv.faces].unbind(1)
    (x1, y1), (x2, y2) = (b - a).unbind(1), (c - a).unbind(1)
    return (x1 * y2 - x2 * y1) / 2


def check_whole(uv: UvMap) -> None:
    """Nothing is folded, mirrored or lies over anything else, and the square is well filled."""
    areas = flat_areas(uv)
    assert float(areas.min()) > 0
    covered = float(map_texels(uv, (SIZE, SIZE)).covered.float().mean())
    assert covered == pytest.approx(float(areas.sum()), rel=5e-3)
    assert covered > 0.55


def test_few_charts_fill_the_square_and_none_lies_over_another(unwrapped: UvMap):
    check_whole(unwrapped)
    assert int(face_pieces(unwrapped.faces).max()) < 30


@pytest.mark.slow
def test_a_skirt_and_hair_that_falls_are_laid_flat(body: CanonicalBody):
    mesh, mate = in_a_skirt(body)
    uv = unwrap_body(mesh, mate, body, SIZE, lambda: None)
    check_whole(uv)
    assert uv_soundness(mesh, uv, SIZE)["texels_per_mm"] > 0.25


def test_seams_run_around_quads(dressed: tuple[Mesh, torch.Tensor], unwrapped: UvMap):
    mesh, mate = dressed
    left = without_seams(mate, mesh, unwrapped)
    assert float((left >= 0).float().mean()) > 0.99 * float((mate >= 0).float().mean())


def test_heads_have_twice_the_texels_and_nothing_is_starved(
    dressed: tuple[Mesh, torch.Tensor], unwrapped: UvMap, body: CanonicalBody
):
    mesh, _ = dressed
    area = face_areas(mesh).double()
    length = (flat_areas(unwrapped) / area).sqrt()
    at = DistanceField(Mesh(body.vertices, body.faces)).closest(mesh.vertices).nearest_vertex()
    face = body.parts["face"][at][mesh.faces].all(1)
    trunk = chart_regions(mesh, body).scores.argmax(1) == REGIONS.index("torso front")
    on_trunk = trunk[mesh.faces].all(1)
    ratio = length[face].median() / length[on_trunk].median()
    assert 1.6 < float(ratio) < 2.4
    sound = uv_soundness(mesh, unwrapped, SIZE)
    assert sound["texels_per_mm"] > 0.3


@pytest.mark.slow
def test_the_map_is_the_same_every_time(
    dressed: tuple[Mesh, torch.Tensor], unwrapped: UvMap, body: CanonicalBody
):
    again = unwrap_body(*dressed, body, SIZE, lambda: None)
    assert torch.equal(again.coordinates, unwrapped.coordinates)
    assert torch.equal(again.faces, unwrapped.faces)


def test_sides_are_the_persons(body: CanonicalBody):
    mesh, _ = template_mates(body)
    regions = chart_regions(mesh, body).scores.argmax(1)
    for name in ("arm", "leg", "palm", "sole"):
        left, right = (regions == REGIONS.index(f"{name}.{side}") for side in "LR")
        assert float(mesh.vertices[left, 0].min()) > 0 > float(mesh.vertices[right, 0].max())
    face, back = (regions == REGIONS.index(name) for name in ("face", "back of head"))
    assert float(mesh.vertices[face, 1].mean()) < float(mesh.vertices[back, 1].mean())
