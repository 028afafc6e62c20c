"""The first guess between the legs of a figure of a trunk and two legs, in skirt or trousers."""

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from album2avatar.attire.shape import ClothField
from album2avatar.body.types import CanonicalBody, Skeleton
from album2avatar.mesh.marching import lattice_edges, march
from album2avatar.mesh.tetrahedra import lattice_tetrahedra
from album2avatar.mesh.types import Mesh
from album2avatar.render.shading import render_mask
from album2avatar.sculpt.band import Band, band_of
from album2avatar.sculpt.band_cells import choose_cells
from album2avatar.sculpt.hull import first_offsets
from album2avatar.sculpt.photos import MaskedPhoto, mask_photo
from album2avatar.sculpt.skirt import EASE, LEAST_DROP, close_skirt, hem_height
from album2avatar.sculpt.template import make_template
from toy_person import egg_body, no_attire, photo_poses

LEG = 0.08
"""Metres, a leg's radius; the trunk's is twice that."""
LOOSE = 0.03
"""Metres by which cloth stands off."""
HEM = 0.45
"""Metres, where the skirt ends."""
AROUND = [0.0, 45.0, 90.0, 135.0, 180.0, 225.0, 270.0, 315.0]


def capsule(points: Tensor, start: list[float], end: list[float], radius: float) -> Tensor:
    origin, way = torch.tensor(start), torch.tensor(end) - torch.tensor(start)
    along = (((points - origin) @ way) / way.square().sum()).clamp(0, 1)
    return torch.linalg.vector_norm(points - origin - along[:, None] * way, dim=1) - radius


def figure(points: Tensor) -> Tensor:
    """Signed distance (N,) to trunk and legs."""
    trunk = capsule(points, [0.0, 0.0, 1.0], [0.0, 0.0, 1.5], 2 * LEG)
    legs = [capsule(points, [x, 0.0, 0.95], [1.4 * x, 0.0, 0.1], LEG) for x in (0.1, -0.1)]
    return torch.minimum(trunk, torch.minimum(*legs))


def in_trousers(points: Tensor) -> Tensor:
    return figure(points) - LOOSE


def in_skirt(points: Tensor) -> Tensor:
    """An oval tube from the waist to the hem."""
    oval = torch.linalg.vector_norm(points[:, :2] / torch.tensor([0.26, 0.16]), dim=1) - 1
    heights = torch.maximum(HEM - points[:, 2], points[:, 2] - 1.0)
    return torch.minimum(figure(points), torch.maximum(0.16 * oval, heights))


def in_bell(points: Tensor) -> Tensor:
    """A skirt that widens evenly, from 0.19 m at the hips to 0.31 m at the hem."""
    radius = 0.31 - 0.22 * (points[:, 2] - HEM)
    heights = torch.maximum(HEM - points[:, 2], points[:, 2] - 1.0)
    bell = torch.linalg.vector_norm(points[:, :2], dim=1) - radius
    return torch.minimum(figure(points), torch.maximum(bell, heights))


def mesh_of(distance) -> Mesh:
    steps = [torch.arange(-count, count) for count in (14, 12)]
    cells = torch.cartesian_prod(*steps, torch.arange(0, 70))
    points, tetrahedra = lattice_tetrahedra(cells)
    places = points * 0.0125
    marched = march(distance(places), lattice_edges(tetrahedra))
    return Mesh(marched.carry(places), marched.faces)


@pytest.fixture(scope="module")
def body() -> CanonicalBody:
    mesh = mesh_of(figure)
    of_leg = mesh.vertices[:, 2] < 0.85
    left = mesh.vertices[:, 0] > 0
    weights = torch.stack([~of_leg, of_leg & left, of_leg & ~left], dim=1).float()
    names = ("root", "upperleg01.L", "upperleg01.R")
    places = torch.zeros(3, 3)
    skeleton = Skeleton(names, (-1, 0, 0), places, places + 1, torch.eye(4).repeat(3, 1, 1))
    alone = egg_body(mesh)
    hands = {"hand.L": mesh.vertices[:, 0] > 0.155, "hand.R": mesh.vertices[:, 0] < -0.155}
    high = mesh.vertices[:, 2] > 1.3
    parts = alone.parts | {part: high & chosen for part, chosen in hands.items()}
    return replace(alone, skeleton=skeleton, weights=weights, parts=parts)


def photos_of(distance, azimuths: list[float]) -> list[MaskedPhoto]:
    mesh, poses = mesh_of(distance), photo_poses(azimuths)
    poses = replace(poses, bone_transforms=poses.bone_transforms.repeat(1, 3, 1, 1))
    moved = mesh.vertices.expand(len(azimuths), -1, -1)
    covered = render_mask(moved, mesh.faces, poses.cameras, (96, 72))[..., 0] > 0.5
    return [mask_photo(covered[i], poses, i, 96, torch.device("cpu")) for i in range(len(covered))]


def lifted(photo: MaskedPhoto) -> MaskedPhoto:
    """The photo with a hem some pixels further up."""
    return replace(photo, outline_distance=photo.outline_distance.roll(-3, 0))


def guesses(body: CanonicalBody, photos: list[MaskedPhoto]) -> tuple[Band, Tensor, Tensor]:
    """A band, and offsets without and with what hangs; the draft is the body in wide shorts that
    are a little longer than the skirt."""
    template = make_template(body, 1.0, {}, {})
    nothing = ClothField(no_attire(), body)
    cells = choose_cells(template, photos, nothing, 48, 0.2)
    band = band_of(cells.lattice(template), template, nothing)
    posed = [band.lattice.vertices] * len(photos)
    drafted = torch.where(
        band.lattice.vertices[:, 2] > HEM - 0.1, band.body_distance - LOOSE, band.body_distance
    )
    first = first_offsets(band, posed, photos, drafted)
    return band, first, close_skirt(band, first, posed, photos, body)


def test_a_skirt_is_closed_from_crotch_to_hem(body: CanonicalBody):
    band, first, closed = guesses(body, photos_of(in_skirt, AROUND))
    across, along, height = band.lattice.vertices.unbind(1)
    middle = (across.abs() < 0.04) & (along.abs() < 0.06) & (height < 0.85)
    high = middle & (height > HEM + 0.04)
    assert int(high.sum()) > 20
    assert bool((band.body_distance + first > 0)[high].any())
    assert bool((band.body_distance + closed < 0)[high].all())
    assert bool((band.body_distance + closed > 0)[middle & (height < HEM - 0.03)].all())


def test_a_draft_that_is_wide_below_the_hem_is_taken_in_to_the_legs(body: CanonicalBody):
    band, first, closed = guesses(body, photos_of(in_skirt, AROUND))
    height = band.lattice.vertices[:, 2]
    beside = (height < HEM - 0.04) & (height > HEM - 0.1) & (band.body_distance > 0.018)
    assert bool((band.body_distance + first < 0)[beside].any())
    assert bool((band.body_distance + closed > 0)[beside].all())
    legs = (height < HEM) & (band.body_distance < 0)
    assert bool((band.body_distance + closed < 0)[legs].all())


def test_trousers_stay_as_they_are_to_the_bit(body: CanonicalBody):
    _, first, closed = guesses(body, photos_of(in_trousers, AROUND))
    assert torch.equal(first, closed)


@pytest.mark.parametrize("azimuths", [AROUND, [-6.0, -2.0, 2.0, 6.0]], ids=["around", "front"])
def test_a_bell_is_as_deep_as_it_is_wide(body: CanonicalBody, azimuths: list[float]):
    """Seen from the front alone, too, where the guess reaches as far as the sides do."""
    band, first, closed = guesses(body, photos_of(in_bell, azimuths))
    across, along, height = band.lattice.vertices.unbind(1)
    level = (height > HEM + 0.03) & (height < HEM + 0.09)
    front = level & (across.abs() < 0.05)
    was, now = (along[front & (band.body_distance + o < 0)].abs().max() for o in (first, closed))
    width = across[level & (along.abs() < 0.05) & (band.body_distance + closed < 0)].abs().max()
    assert float(was) < 0.2
    assert float(now) == pytest.approx(float(width), abs=0.03)


def test_a_skirt_is_as_wide_at_the_hem_as_above_it(body: CanonicalBody):
    """Although some photo sees the hem lifted."""
    photos = photos_of(in_skirt, AROUND)
    band, _, closed = guesses(body, [lifted(photos[0]), *photos[1:]])
    height = band.lattice.vertices[:, 2]
    inside = (band.body_distance + closed < 0)[:, None]
    spread = band.lattice.vertices[:, :2].abs() * inside
    low = spread[(height > HEM) & (height < HEM + 0.04)].amax(0)
    above = spread[(height > HEM + 0.1) & (height < HEM + 0.14)].amax(0)
    assert torch.all(low > above - 0.02)


def test_views_from_the_front_alone_close_a_skirt_no_deeper_than_it_is_wide(
    body: CanonicalBody,
):
    """All depths lie within all masks; what the guess has of hips and legs bounds them, and by
    how much they grow wider."""
    band, first, closed = guesses(body, photos_of(in_skirt, [-6.0, -2.0, 2.0, 6.0]))
    was, filled = (band.body_distance + offsets < 0 for offsets in (first, closed))
    across, along, height = band.lattice.vertices.unbind(1)
    middle = (across.abs() < 0.03) & (along.abs() < 0.06) & (height > 0.5) & (height < 0.8)
    assert not bool(was[middle].all())
    assert bool(filled[middle].all())
    low = height < 1.1
    widest = across[was & low].abs().max()
    hips = across[was & (height > 0.8) & (height < 1.0)].abs().max()
    deepest, before = (float(along[inside & low].abs().max()) for inside in (filled, was))
    assert deepest <= before + EASE + float(widest - hips)


def test_an_album_without_photos_closes_nothing(body: CanonicalBody):
    _, first, closed = guesses(body, [])
    assert torch.equal(first, closed)


def test_the_hem_is_where_most_places_turn_from_cloth_to_none():
    heights = torch.linspace(1.0, 0.0, 101)
    is_cloth = heights > 0.395
    is_cloth[[3, 20, 80]] ^= True
    assert hem_height(heights, is_cloth) == pytest.approx(0.4)
    assert hem_height(heights, heights > 1.0 - 0.9 * LEAST_DROP) is None
    assert hem_height(heights, heights < 0.3) is None
    assert hem_height(heights[:0], is_cloth[:0]) is None
