"""What photos show of eyes beside the eyes, on a flat face whose colours are known."""

import torch
from torch import Tensor

from album2avatar.mesh.types import UvMap
from album2avatar.projection.fusion import FusedTexels
from album2avatar.projection.painted_eyes import without_painted_eyes
from album2avatar.render.baking import map_texels

SKIN, BLUE, BROWN = (0.62, 0.45, 0.36), (0.2, 0.35, 0.7), (0.2, 0.13, 0.1)
EYES = torch.tensor([[0.0315, 0.0, 0.0], [-0.0315, 0.0, 0.0]])
SIDE = 0.2
"""Metres of the face; the eyes' middle is in its middle."""
FACE, GLASSES = 0, 1


def face() -> tuple[FusedTexels, Tensor]:
    """A face in one colour, lit unevenly by a tenth, and its texels' places."""
    corners = torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    faces = torch.tensor([[0, 1, 2], [0, 2, 3]])
    texels = map_texels(UvMap(corners, faces), (128, 128))
    flat = (corners - 0.5) * SIDE
    points = texels.read(torch.stack([flat[:, 0], torch.zeros(4), flat[:, 1]], 1), faces)
    colors = torch.tensor(SKIN) * (1 + 0.1 * (points[:, :1] / SIDE))
    count = len(points)
    return FusedTexels(
        texels,
        torch.full((count,), FACE),
        colors,
        torch.full((count,), 0.9),
        torch.ones(count, dtype=torch.bool),
        torch.zeros(1, 9, 3),
    ), points


def near(points: Tensor, x: float, z: float, radius: float) -> Tensor:
    return (points[:, [0, 2]] - torch.tensor([x, z])).norm(dim=1) < radius


def test_an_eye_on_the_lid_is_not_believed_and_the_skin_is():
    fused, points = face()
    wrong = near(points, 0.025, 0.009, 0.005)
    fused.color[wrong] = torch.tensor(BLUE)
    found = without_painted_eyes(fused, points, EYES).confidence
    assert float(found[wrong].max()) < 0.1
    assert float(found[~wrong].min()) > 0.85


def test_brows_above_the_eyes_stay():
    fused, points = face()
    brow = near(points, 0.0315, 0.027, 0.004) | near(points, -0.0315, 0.027, 0.004)
    fused.color[brow] = torch.tensor(BROWN)
    found = without_painted_eyes(fused, points, EYES).confidence
    assert torch.equal(found[brow], fused.confidence[brow])


def test_glasses_before_the_eyes_stay():
    fused, points = face()
    frame = near(points, 0.0315, 0.0, 0.017) & ~near(points, 0.0315, 0.0, 0.014)
    fused.color[frame] = torch.tensor(BROWN)
    fused.assets[frame] = GLASSES
    found = without_painted_eyes(fused, points, EYES).confidence
    assert torch.equal(found[frame], fused.confidence[frame])


def test_a_face_that_no_photo_shows_is_left_as_it_is():
    fused, points = face()
    fused.confidence.zero_()
    assert float(without_painted_eyes(fused, points, EYES).confidence.max()) == 0
