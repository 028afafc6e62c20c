"""The band laid anew: more room at its rim, and smaller tetrahedra where the surface turns."""

import pytest
import torch

from album2avatar.attire.shape import ClothField
from album2avatar.body.anny import load_anny_body
from album2avatar.body.types import CanonicalBody
from album2avatar.mesh.marching import march
from album2avatar.mesh.signed_distance import DistanceField
from album2avatar.mesh.types import Mesh
from album2avatar.sculpt.band import Band
from album2avatar.sculpt.rebuilding import BandBuilder, LaidBand
from album2avatar.sculpt.template import BARE_FREEDOM, Template, make_template
from album2avatar.settings import SculptSettings
from tetrahedron_volumes import tetrahedron_volumes
from toy_person import egg, egg_body, no_attire

NOTHING = ClothField(no_attire(), egg_body(egg()))


def egg_template() -> Template:
    return make_template(egg_body(egg()), 1.0, {}, {})


def builder(settings: SculptSettings) -> BandBuilder:
    return BandBuilder(egg_template(), NOTHING, settings)


def surface(band: Band, offsets: torch.Tensor) -> Mesh:
    distance = torch.where(band.fixed, band.body_distance, band.body_distance + offsets)
    marched = march(distance, band.edges)
    return Mesh(marched.carry(band.lattice.vertices), marched.faces)


def laid(settings: SculptSettings) -> LaidBand:
    cells, band = builder(settings).first([])
    return LaidBand(band, cells, torch.zeros_like(band.body_distance))


WIDE = SculptSettings(
    lattice_cells=28, steps=40, outward_reach=0.04, recentrings=3, close_up_magnification=1.0
)


def test_a_skirt_beyond_the_first_band_is_reached_with_recentring_only():
    """Cloth 25 cm off the egg's lower half, wanted by every lattice vertex."""

    def grown(settings: SculptSettings) -> float:
        now = laid(settings)
        offsets = now.first
        for step in range(settings.steps):
            rebuilt = builder(settings).rebuilt(step, now, offsets)
            if rebuilt is not None:
                now, offsets = rebuilt, rebuilt.first
            skirt = torch.where(now.band.lattice.vertices[:, 2] < 0.8, -0.25, 0.0)
            # A step of an optimiser: a centimetre and a half at most.
            offsets = offsets + (skirt - offsets).clamp(-0.015, 0.015)
        vertices = surface(now.band, offsets).vertices
        low = vertices[(vertices[:, 2] - 0.6).abs() < 0.05]
        return float(low[:, 1].abs().max())

    body = 0.2 * (1 - (0.25 / 0.85) ** 2) ** 0.5
    assert grown(WIDE) > body + 0.2
    assert grown(WIDE.model_copy(update={"recentrings": 0})) < body + 0.16


def test_recentring_moves_nothing_but_what_pressed_against_the_rim():
    now = laid(WIDE)
    upper = now.band.lattice.vertices[:, 2] > 1.0
    offsets = torch.where(upper, -0.01, -0.3)
    rebuilt = builder(WIDE).rebuilt(10, now, offsets)
    assert rebuilt is not None
    before, after = surface(now.band, offsets), surface(rebuilt.band, rebuilt.first)
    gap = DistanceField(after).closest(before.vertices).distance
    assert gap[before.vertices[:, 2] > 1.1].max() < 1e-6
    assert gap.max() < 0.06
    assert (tetrahedron_volumes(rebuilt.band.lattice) > 0).all()


def test_a_surface_away_from_the_rim_leaves_the_band_as_it_is():
    now = laid(WIDE)
    assert builder(WIDE).rebuilt(10, now, now.first) is None
    assert builder(WIDE).rebuilt(11, now, torch.full_like(now.first, -0.3)) is None


def test_what_a_checkpoint_holds_lays_the_same_band():
    now = laid(WIDE)
    rebuilt = builder(WIDE).rebuilt(10, now, torch.full_like(now.first, -0.3))
    assert rebuilt is not None
    again = builder(WIDE).restored(rebuilt.tensors(), now)
    for name in ("body_distance", "weights", "freedom", "cover", "spacing", "described", "fixed"):
        assert torch.equal(getattr(again.band, name), getattr(rebuilt.band, name)), name
    assert torch.equal(again.first, rebuilt.first)
    assert torch.equal(again.cells.cells, rebuilt.cells.cells)


@pytest.fixture(scope="module")
def body() -> CanonicalBody:
    model = load_anny_body()
    return model.canonical(model.usual_shape("woman"))


def test_refining_brings_fingers_nearer_and_interpolates_cloth(body: CanonicalBody):
    settings = SculptSettings(lattice_cells=56, steps=10, refined_share=0.1, refine_after=0.5)
    template = make_template(body, 2.0, BARE_FREEDOM, {})
    maker = BandBuilder(template, NOTHING, settings)
    cells, band = maker.first([])
    offsets = -0.01 * band.freedom
    finer = maker.rebuilt(5, LaidBand(band, cells, offsets), offsets)
    assert finer is not None
    assert len(finer.band.lattice.tetrahedra) < 2 * len(band.lattice.tetrahedra)
    assert float(tetrahedron_volumes(finer.band.lattice).sum()) == pytest.approx(
        float(tetrahedron_volumes(band.lattice).sum()), rel=1e-5
    )
    fingers = finger_vertices(body)
    gaps = [
        DistanceField(surface(b, o)).closest(fingers).distance
        for b, o in ((band, offsets), (finer.band, finer.first))
    ]
    assert gaps[1].mean() < 0.5 * gaps[0].mean()
    assert gaps[1].max() < 0.6 * gaps[0].max()
    free = finer.first[finer.band.freedom > 0.999]
    assert float(free.median()) == pytest.approx(-0.01, abs=1e-6)


def finger_vertices(body: CanonicalBody) -> torch.Tensor:
    names = body.skeleton.names
    bones = [index for index, name in enumerate(names) if name.startswith("finger")]
    return body.vertices[torch.isin(body.weights.argmax(dim=1), torch.tensor(bones))]
