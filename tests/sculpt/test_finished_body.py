"""The finished surface of a whole body, with its fingers."""

import pytest
import torch

from album2avatar.attire.shape import ClothField
from album2avatar.body.anny import load_anny_body
from album2avatar.body.types import CanonicalBody
from album2avatar.mesh.marching import march
from album2avatar.mesh.quality import smallest_angles
from album2avatar.mesh.self_intersections import crossing_faces
from album2avatar.mesh.signed_distance import DistanceField
from album2avatar.mesh.types import Mesh
from album2avatar.sculpt.band import band_of
from album2avatar.sculpt.band_cells import choose_cells
from album2avatar.sculpt.finishing import FinishedSurface, finish
from album2avatar.sculpt.template import BARE_FREEDOM, make_template
from toy_person import no_attire

FINGER_GAP = 0.005
"""Metres that a vertex of a finger may lie off the finished surface."""


@pytest.fixture(scope="module")
def body() -> CanonicalBody:
    model = load_anny_body()
    return model.canonical(model.usual_shape("woman"))


@pytest.fixture(scope="module")
def finished(body: CanonicalBody) -> FinishedSurface:
    template = make_template(body, 2.0, BARE_FREEDOM, {})
    nothing = ClothField(no_attire(), body)
    cells = choose_cells(template, [], nothing, 88, 0.05)
    band = band_of(cells.lattice(template), template, nothing)
    surface = march(band.body_distance, band.edges)
    return finish(Mesh(surface.carry(band.lattice.vertices), surface.faces), template, nothing)


def test_all_ten_fingers_are_there(body: CanonicalBody, finished: FinishedSurface):
    bone = body.weights.argmax(dim=1)
    field = DistanceField(finished.mesh)
    names = body.skeleton.names
    fingers = [f"finger{number}-" for number in range(1, 6)]
    for finger in fingers:
        for side in (".L", ".R"):
            bones = [
                index
                for index, name in enumerate(names)
                if name.startswith(finger) and name.endswith(side)
            ]
            vertices = body.vertices[torch.isin(bone, torch.tensor(bones))]
            assert len(vertices) > 50
            gap = field.closest(vertices).signed_distance.abs().max()
            assert gap < FINGER_GAP, (finger, side, float(gap))


def test_it_passes_nowhere_through_itself_and_has_no_needles(finished: FinishedSurface):
    assert len(crossing_faces(finished.mesh)) == 0
    assert (smallest_angles(finished.mesh).rad2deg() < 10).float().mean() < 0.002
