"""A leg that comes out of a bell: what hides it, and what is the bell's underside."""

import itertools

import torch
from torch import Tensor

from album2avatar.mesh.signed_distance import DistanceField
from album2avatar.mesh.types import Mesh
from album2avatar.sculpt.swap_cover import OFF_BODY, covering_faces, underside_faces

LEG, BELL = 0.05, 0.3
"""Radii in metres."""
HEM, FOOT, TOP = 0.5, 0.1, 1.0
"""Heights."""
SIDES = 48


def turned(profile: Tensor) -> Mesh:
    """The closed surface that a polyline (N, 2) of radii and heights from pole to pole sweeps."""
    angles = torch.arange(SIDES) * (2 * torch.pi / SIDES)
    around = torch.stack([angles.cos(), angles.sin()], 1)
    inner = profile[1:-1]
    rings = torch.cat(
        [inner[:, None, :1] * around, inner[:, None, 1:].expand(-1, SIDES, -1)], -1
    ).reshape(-1, 3)
    poles = torch.tensor([[0.0, 0.0, float(profile[0, 1])], [0.0, 0.0, float(profile[-1, 1])]])
    first, last = len(rings), len(rings) + 1
    faces: list[tuple[int, int, int]] = []
    for side in range(SIDES):
        following = (side + 1) % SIDES
        for ring in range(len(inner) - 1):
            a, b = ring * SIDES + side, ring * SIDES + following
            faces += [(a, b + SIDES, b), (a, a + SIDES, b + SIDES)]
        end = (len(inner) - 1) * SIDES
        faces += [(first, side, following), (last, end + following, end + side)]
    return Mesh(torch.cat([rings, poles]), torch.tensor(faces))


def sampled(corners: list[tuple[float, float]]) -> Tensor:
    """Points every centimetre along a polyline."""
    ends = torch.tensor(corners)
    parts: list[Tensor] = []
    for start, end in itertools.pairwise(ends):
        count = round(float((end - start).norm()) / 0.01)
        shares = torch.arange(count)[:, None] / count
        parts.append(torch.lerp(start, end, shares))
    return torch.cat([*parts, ends[-1:]])


def leg() -> Mesh:
    return turned(sampled([(0.0, TOP), (LEG, TOP), (LEG, FOOT), (0.0, FOOT)]))


def dressed() -> Mesh:
    """The bell with its underside, five millimetres off the leg that comes out of it."""
    out = LEG + 0.005
    corners = [(0.0, TOP), (BELL, TOP), (BELL, HEM), (out, HEM), (out, FOOT - 0.005)]
    return turned(sampled([*corners, (0.0, FOOT - 0.005)]))


def radii(points: Tensor) -> Tensor:
    return points[:, :2].norm(dim=1)


def test_a_leg_is_hidden_by_the_bell_up_from_its_hem():
    """A centimetre above the hem its underside is nearer, and the leg's own surface as near."""
    skin, worn = leg(), dressed()
    faces = covering_faces(skin, DistanceField(worn))
    middle = worn.vertices[worn.faces[faces]].mean(1)
    heights, is_side = skin.vertices[:, 2], radii(skin.vertices) > LEG - 1e-4
    hidden = is_side & (heights > HEM + 0.009) & (heights < TOP - 0.02)
    assert float(radii(middle[hidden]).min()) > BELL - 0.01
    bare = is_side & (heights < HEM - 0.009)
    assert float(radii(middle[bare]).max()) < LEG + 0.01


def test_skin_off_the_body_beside_a_hem_is_the_garments():
    """The underside was seen as skin; the leg is skin."""
    worn = dressed()
    centres = worn.vertices[worn.faces].mean(1)
    taken = radii(centres) > BELL - 0.02
    found = underside_faces(worn, ~taken, taken, DistanceField(leg()))
    assert not bool(found[radii(centres) < LEG + OFF_BODY - 0.01].any())
    at_hem = (centres[:, 2] < HEM + 0.001) & ~taken & (radii(centres) > BELL - 0.05)
    assert bool(found[at_hem].all())


def test_without_skin_nothing_is_an_underside():
    worn = dressed()
    nothing = torch.zeros(len(worn.faces), dtype=torch.bool)
    assert not bool(underside_faces(worn, nothing, ~nothing, DistanceField(leg())).any())
