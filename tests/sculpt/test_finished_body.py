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
from album2avatar.sculpt.finishing import FinishedSurface, finish
from album2avatar.sculpt.rebuilding import BandBuilder, LaidBand
from album2avatar.sculpt.template import BARE_FREEDOM, make_template
from album2avatar.settings import SculptSettings
from toy_person import no_attire

FINGER_GAP = 0.005
"""Metres that a vertex of a finger may lie off the finished surface."""


@pytest.fixture(scope="module")
def body() -> CanonicalBody:
    model = load_anny_body()
    return model.canonical(model.usual_shape("woman"))


@pytest.fixture(scope="module")
def finished(body: CanonicalBody) -> FinishedSurface:
    """On the coarsest lattice of any preset, whose edges are as long as a finger is thick."""
    template = make_template(body, 2.0, BARE_FREEDOM, {})
    nothing = ClothField(no_attire(), body)
    settings = SculptSettings(lattice_cells=56, steps=2, outward_reach=0.05, refined_share=0.1)
    builder = BandBuilder(template, nothing, settings)
    cells, band = builder.first([])
    unmoved = torch.zeros_like(band.body_distance)
    refined = builder.rebuilt(1, LaidBand(band, cells, unmoved), unmoved)
    assert refined is not None
    surface = march(refined.band.body_distance, refined.band.edges)
    marched = Mesh(surface.carry(refined.band.lattice.vertices), surface.faces)
    return finish(marched, template, nothing)


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
            gap = field.closest(vertices).distance.max()
            assert gap < FINGER_GAP, (finger, side, float(gap))


def test_it_passes_nowhere_through_itself_and_has_no_needles(finished: FinishedSurface):
    assert len(crossing_faces(finished.mesh)) == 0
    assert (smallest_angles(finished.mesh).rad2deg() < 10).float().mean() < 0.002
