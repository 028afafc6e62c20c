"""Weights of surfaces around the body, tested by bending it."""

import math

import pytest
import torch
from torch import Tensor

from album2avatar.body.anny import AnnyBody, load_anny_body
from album2avatar.body.kinematics import pose_bones
from album2avatar.body.skinning import skin_points
from album2avatar.body.surface import outer_surface
from album2avatar.body.types import CanonicalBody
from album2avatar.mesh.normals import vertex_normals
from album2avatar.mesh.topology import edge_table
from album2avatar.mesh.types import Mesh
from album2avatar.settings import RigSettings
from album2avatar.skinning.inpainting import inpaint
from album2avatar.skinning.transfer import skin_surface

SETTINGS = RigSettings()


@pytest.fixture(scope="module")
def model() -> AnnyBody:
    return load_anny_body()


@pytest.fixture(scope="module")
def body(model: AnnyBody) -> CanonicalBody:
    return model.canonical(model.usual_shape("woman"))


@pytest.fixture(scope="module")
def dressed(body: CanonicalBody) -> Mesh:
    """The body's outer surface, 8 mm thicker: close clothes."""
    skin = outer_surface(body)
    return Mesh(skin.vertices + 0.008 * vertex_normals(skin.vertices, skin.faces), skin.faces)


@pytest.fixture(scope="module")
def dressed_weights(dressed: Mesh, body: CanonicalBody) -> Tensor:
    return skin_surface(dressed, body, no_hair(dressed), SETTINGS)


@pytest.fixture(scope="module")
def skirt(body: CanonicalBody) -> Mesh:
    """A wide cone from waist to knees that touches the body at the waist only."""
    names = body.skeleton.names
    waist = float(body.skeleton.heads[names.index("spine04"), 2])
    knee = float(body.skeleton.heads[names.index("lowerleg01.L"), 2])
    rings, around = 24, 72
    height = torch.linspace(0, 1, rings)[:, None]
    angle = torch.arange(around) * (2 * math.pi / around)
    ring = body.vertices[body.parts["surface"] & ((body.vertices[:, 2] - waist).abs() < 0.02)]
    ring = ring[ring[:, 0].abs() < 0.3]
    centre, wide, deep = ring.mean(0), float(ring[:, 0].abs().max()), float(ring[:, 1].std()) * 1.6
    widening = 1.08 + 0.9 * height
    vertices = torch.stack(
        [
            widening * wide * angle.cos(),
            float(centre[1]) + widening * deep * angle.sin(),
            (waist + (knee - waist) * height).expand(rings, around),
        ],
        -1,
    )
    row, column = torch.meshgrid(torch.arange(rings - 1), torch.arange(around), indexing="ij")
    a, b = row * around + column, row * around + (column + 1) % around
    faces = torch.cat(
        [
            torch.stack([a, a + around, b], -1).reshape(-1, 3),
            torch.stack([b, a + around, b + around], -1).reshape(-1, 3),
        ]
    )
    return Mesh(vertices.reshape(-1, 3), faces)


def no_hair(mesh: Mesh) -> Tensor:
    return torch.zeros(len(mesh.vertices), dtype=torch.bool)


def bend(model: AnnyBody, body: CanonicalBody, turns: dict[str, tuple[int, float]]) -> Tensor:
    """(J, 4, 4) transforms after turning joints about their x, y or z axis by degrees."""
    rotations = torch.zeros(1, len(model.joints), 3)
    bones = [joint.bone for joint in model.joints]
    for bone, (axis, degrees) in turns.items():
        rotations[0, bones.index(bone), axis] = math.radians(degrees)
    heads = body.skeleton.heads
    return pose_bones(model, heads, rotations, torch.eye(3)[None], heads[:1])


def stretch(mesh: Mesh, weights: Tensor, transforms: Tensor) -> Tensor:
    """(E,) length of each edge after posing, divided by its length before.

    Edges count as 8 mm long at least: at 2 mm, in the fold of an armpit, a length that
    trebles is no tear.
    """
    start, end = edge_table(mesh.faces).vertices.unbind(-1)
    posed = skin_points(mesh.vertices, weights, transforms)[0]
    before = (mesh.vertices[start] - mesh.vertices[end]).norm(dim=-1)
    return (posed[start] - posed[end]).norm(dim=-1) / before.clamp(min=0.008)


def test_rows_sum_to_one_with_four_influences_at_most(dressed_weights: Tensor) -> None:
    assert torch.allclose(dressed_weights.sum(-1), torch.ones(len(dressed_weights)), atol=1e-5)
    assert bool((dressed_weights >= 0).all())
    assert int((dressed_weights > 0).sum(-1).max()) <= 4


@pytest.mark.parametrize(
    ("bone", "axis", "degrees"),
    [
        ("lowerarm01.L", 0, 45.0),
        ("lowerleg01.R", 0, -45.0),
        ("upperarm01.L", 2, 45.0),
        ("upperarm01.R", 2, 45.0),
        ("upperleg01.L", 0, 45.0),
    ],
)
def test_bending_by_45_degrees_tears_nothing(
    model: AnnyBody,
    body: CanonicalBody,
    dressed: Mesh,
    dressed_weights: Tensor,
    bone: str,
    axis: int,
    degrees: float,
) -> None:
    ratio = stretch(dressed, dressed_weights, bend(model, body, {bone: (axis, degrees)}))
    assert float(ratio.max()) < 2.5
    assert float(ratio.quantile(0.999)) < 1.6


def test_left_and_right_are_not_mixed(
    body: CanonicalBody, dressed: Mesh, dressed_weights: Tensor
) -> None:
    names = body.skeleton.names
    limbs = ("upperleg", "lowerleg", "foot", "toe", "upperarm", "lowerarm", "wrist", "finger")
    for side, sign in ((".L", -1.0), (".R", 1.0)):
        bones = [i for i, n in enumerate(names) if n.endswith(side) and n.startswith(limbs)]
        wrong = sign * dressed.vertices[:, 0] > 0.03
        assert float(dressed_weights[wrong][:, bones].sum(-1).max()) < 0.02


def test_skirt_follows_both_legs_smoothly(
    model: AnnyBody, body: CanonicalBody, skirt: Mesh
) -> None:
    weights = skin_surface(skirt, body, no_hair(skirt), SETTINGS)
    step = {"upperleg01.L": (0, 30.0), "upperleg01.R": (0, -20.0)}
    transforms = bend(model, body, step)
    assert float(stretch(skirt, weights, transforms).max()) < 1.6
    moved = (skin_points(skirt.vertices, weights, transforms)[0] - skirt.vertices)[:, 1]
    hem = skirt.vertices[:, 2] < skirt.vertices[:, 2].min() + 0.01
    left, right = hem & (skirt.vertices[:, 0] > 0.1), hem & (skirt.vertices[:, 0] < -0.1)
    assert float(moved[left].mean()) < -0.03  # the left leg steps forward, to -Y
    assert float(moved[right].mean()) > 0.02


def test_long_hair_follows_the_head_more_the_nearer_it_is(
    model: AnnyBody, body: CanonicalBody, dressed: Mesh
) -> None:
    x, y, z = dressed.vertices.unbind(-1)
    names = body.skeleton.names
    neck = float(body.skeleton.heads[names.index("neck01"), 2])
    hair = (x.abs() < 0.09) & (y > 0) & (z > neck - 0.25)
    weights = skin_surface(dressed, body, hair, SETTINGS)
    transforms = bend(model, body, {"head": (1, 30.0), "neck01": (1, 30.0)})
    moved = (skin_points(dressed.vertices, weights, transforms)[0] - dressed.vertices).norm(dim=-1)
    behind = hair & (x.abs() < 0.05)
    strip = [
        float(moved[behind & ((z - neck - height).abs() < 0.03)].mean())
        for height in (0.1, 0.0, -0.1, -0.2)
    ]
    assert strip == sorted(strip, reverse=True)
    assert strip[-1] < 0.5 * strip[0]


def test_piece_that_touches_nothing_moves_as_one(body: CanonicalBody) -> None:
    glasses = Mesh(
        torch.tensor([[0.0, -0.9, 1.6], [0.1, -0.9, 1.6], [0.0, -0.9, 1.7]]),
        torch.tensor([[0, 1, 2]]),
    )
    weights = skin_surface(glasses, body, no_hair(glasses), SETTINGS)
    assert torch.allclose(weights[0], weights[1])
    assert torch.allclose(weights[0], weights[2])


def test_inpainting_a_strip_is_a_ramp() -> None:
    count = 21
    x = torch.linspace(0, 1, count)
    vertices = torch.cat([torch.stack([x, torch.full_like(x, y), x * 0], -1) for y in (0, 0.05)])
    a = torch.arange(count - 1)
    faces = torch.cat(
        [torch.stack([a, a + 1, a + count], -1), torch.stack([a + 1, a + 1 + count, a + count], -1)]
    )
    mesh = Mesh(vertices, faces)
    weights = torch.zeros(2 * count, 2)
    weights[:, 0] = 1
    weights[vertices[:, 0] > 0.99] = torch.tensor([0.0, 1.0])
    trusted = (vertices[:, 0] < 0.01) | (vertices[:, 0] > 0.99)
    filled = inpaint(mesh, edge_table(faces), weights, trusted)
    assert torch.allclose(filled[:count, 1], x, atol=0.06)
    assert bool((filled[1:count, 1] > filled[: count - 1, 1]).all())
