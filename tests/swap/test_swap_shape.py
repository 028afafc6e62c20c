"""Shorts on an egg in trousers: what is made anew, and where its shirt meets them."""

from dataclasses import replace

import torch
from torch import Tensor

from album2avatar.assets import AssetKind
from album2avatar.mesh.borders import border_edges
from album2avatar.mesh.marching import lattice_edges, march
from album2avatar.mesh.types import Mesh
from album2avatar.sculpt.swap_band import swap_lattice
from album2avatar.sculpt.swap_shape import BESIDE, WAIST_GAP, DressedAvatar, SwapShape
from toy_person import egg, egg_body

HEM = 0.8
"""Height of the shirt's hem, metres."""
KINDS: tuple[AssetKind, ...] = ("skin", "top", "bottom")
SKIN, TOP, BOTTOM = 0, 1, 2


class Slab:
    """Shorts: all that is below a height, a little off the egg."""

    def __init__(self, waist: float) -> None:
        self._waist = waist

    @property
    def points(self) -> Tensor:
        vertices = egg().vertices
        return vertices[vertices[:, 2] < self._waist]

    def signed_distance(self, points: Tensor) -> Tensor:
        radii = torch.tensor([0.306, 0.206])
        height = (points[:, 2] - 0.85) / 0.85
        away = (points[:, :2] / radii).norm(dim=1) - (1 - height.square()).clamp(min=0).sqrt()
        return torch.maximum(points[:, 2] - self._waist, 0.2 * away)

    def is_hidden(self, points: Tensor) -> Tensor:
        return torch.zeros(len(points), dtype=torch.bool)


def dressed_egg() -> DressedAvatar:
    """In a shirt and trousers, with skin above 1.4 m."""
    mesh = egg(5)

    def assets(points: Tensor) -> Tensor:
        below = torch.where(points[:, 2] < HEM, -1, TOP)
        return torch.where(points[:, 2] > 1.4, SKIN, below)

    faces = assets(mesh.vertices[mesh.faces].mean(1))
    return DressedAvatar(mesh, faces, assets(mesh.vertices), KINDS, BOTTOM, egg_body(egg()))


def on_egg(height: float) -> Tensor:
    """(N, 3) points all around the egg at a height."""
    angle = torch.arange(32) * (2 * torch.pi / 32)
    radius = (1 - ((height - 0.85) / 0.85) ** 2) ** 0.5
    x, y = 0.3 * radius * angle.cos(), 0.2 * radius * angle.sin()
    return torch.stack([x, y, torch.full_like(x, height)], 1)


def test_a_ring_of_what_is_beside_the_old_garment_is_made_anew():
    avatar = dressed_egg()
    kept = SwapShape(avatar, Slab(HEM)).kept_faces()
    heights = middles(avatar.mesh)[:, 2]
    assert not bool(kept[heights < HEM + 0.8 * BESIDE].any())
    assert bool(kept[heights > HEM + 3 * BESIDE].all())


def test_a_bottom_that_nearly_reaches_the_top_closes_the_gap():
    shape = SwapShape(dressed_egg(), Slab(HEM - 0.5 * WAIST_GAP))
    assert set(shape.assets(on_egg(HEM - 0.25 * WAIST_GAP)).tolist()) == {BOTTOM}
    assert set(shape.assets(on_egg(HEM + 0.05)).tolist()) == {TOP}


def test_a_bottom_that_ends_far_below_the_top_leaves_skin_bare():
    shape = SwapShape(dressed_egg(), Slab(HEM - 3 * WAIST_GAP))
    assert set(shape.assets(on_egg(HEM - 1.5 * WAIST_GAP)).tolist()) == {SKIN}


def test_legs_far_inside_of_what_is_taken_off_come_to_light_whole():
    """Trousers that flare out by a foot: the surface on the skin has no rim below the shirt,
    neither where the lattice ends nor where the new garment does."""
    avatar = dressed_egg()
    drop = ((0.55 - avatar.mesh.vertices[:, 2]) / 0.2).clamp(0, 1)[:, None]
    wide = avatar.mesh.vertices * torch.cat([(1 + drop).expand(-1, 2), torch.ones_like(drop)], 1)
    avatar = replace(avatar, mesh=Mesh(wide, avatar.mesh.faces))
    shape = SwapShape(avatar, Slab(0.15))
    lattice = swap_lattice(shape, shape.kept_faces(), 0.03)
    distance = shape.signed_distance(lattice.vertices)
    marched = march(distance, lattice_edges(lattice.tetrahedra))
    places = marched.carry(lattice.vertices)
    rims = border_edges(marched.faces).unique()
    assert len(rims) > 0
    assert float(places[rims, 2].min()) > HEM


def middles(mesh: Mesh) -> Tensor:
    return mesh.vertices[mesh.faces].mean(1)
