"""What a synthetic person really is: the dressed body in the canonical A-pose."""

from dataclasses import dataclass

import numba
import numpy as np

from album2avatar.seeding import numpy_generator
from album2avatar.synthetic.backgrounds import Background, Light
from album2avatar.synthetic.cameras import Camera
from album2avatar.synthetic.dressing import dress_to_cuts
from album2avatar.synthetic.garments import outfit_cuts
from album2avatar.synthetic.looks import Looks, looks_of
from album2avatar.synthetic.outer_surface import DrawnSurface, outer_faces, outer_points
from album2avatar.synthetic.parts import MATERIAL_CLASSES, DressedBody
from album2avatar.synthetic.people import Person
from album2avatar.synthetic.pictures import Picture, PosedPerson, take_picture
from album2avatar.synthetic.regions import is_covered
from album2avatar.synthetic.shading import shade
from album2avatar.synthetic.template import (
    Floats,
    Integers,
    RestBody,
    Template,
    load_template,
    rest_bodies,
)


@dataclass(frozen=True)
class GroundTruth:
    """A dressed person in the canonical pose, with the body inside."""

    template: Template
    body: RestBody
    dressed: DressedBody
    cuts: Floats
    looks: Looks


@dataclass(frozen=True)
class LabelledMesh:
    """The dressed surface as plain triangles, cut at hems to the nearest triangle."""

    vertices: Floats
    """(N, 3) metres, canonical."""
    faces: Integers
    """(F, 3)."""
    face_labels: np.ndarray
    """(F,) uint8, index into `assets.PIXEL_CLASSES`; all bare skin is `skin`."""
    face_colors: Floats
    """(F, 3) sRGB 0..1, with patterns, eyes and lips as they are in each triangle's middle."""


def ground_truth(person: Person) -> GroundTruth:
    """Dress a person in the canonical pose."""
    template = load_template()
    return ground_truth_to_cuts(person, outfit_cuts(template, person))


def ground_truth_to_cuts(person: Person, cuts: Floats) -> GroundTruth:
    """The same with garments that end elsewhere than this outfit's usually do."""
    template = load_template()
    body = rest_bodies(template, [person.phenotype])[0]
    return GroundTruth(
        template=template,
        body=body,
        dressed=dress_to_cuts(template, body, person, cuts),
        cuts=cuts,
        looks=looks_of(person),
    )


def canonical_picture(
    truth: GroundTruth,
    camera: Camera,
    light: Light,
    background: Background,
    size: int,
    supersampling: int,
) -> Picture:
    """Picture of the person in the canonical pose."""
    posed = PosedPerson(truth.dressed.vertices, truth.dressed.normals, truth.body.bone_heads)
    return take_picture(
        truth.template, truth.dressed, posed, truth.cuts, truth.looks, camera, light, background,
        size, supersampling,
    )  # fmt: skip


def labelled_mesh(truth: GroundTruth) -> LabelledMesh:
    """The triangles whose middle is really there."""
    dressed = truth.dressed
    middles = dressed.chart[dressed.faces].mean(1)
    kept = _are_covered(dressed.face_layers, middles, truth.cuts)
    materials = dressed.face_materials[kept]
    return LabelledMesh(
        vertices=dressed.vertices,
        faces=dressed.faces[kept],
        face_labels=MATERIAL_CLASSES[materials],
        face_colors=painted_faces(truth)[0][kept],
    )


def painted_faces(truth: GroundTruth) -> tuple[Floats, np.ndarray]:
    """What the middle of each triangle is painted with, without light.

    Returns:
        (F, 3) sRGB 0..1 with patterns, eyes and lips; (F,) uint8, index into
        `assets.PIXEL_CLASSES`.
    """
    dressed, looks = truth.dressed, truth.looks
    count = len(dressed.faces)
    # A picture of one row, each pixel a triangle that faces us under light from everywhere; 0.94 is
    # what such light gives to what faces neither up nor down.
    face_of = np.arange(count, dtype=np.int32)[None]
    place = np.full((1, count, 2), 1 / 3, np.float32)
    towards_us = np.zeros_like(dressed.vertices)
    towards_us[:, 2] = 1.0
    image, normals = np.zeros((2, 1, count, 3), np.float32)
    labels = np.zeros((1, count), np.uint8)
    shade(
        face_of, place, dressed.faces, dressed.face_materials, dressed.chart, towards_us,
        MATERIAL_CLASSES, looks.colors, looks.second_colors, looks.patterns, looks.pattern_sizes,
        looks.details, looks.eye_color, looks.gaze, truth.cuts, np.array([1, 0, 0], np.float32),
        1 / 0.94, image, normals, labels,
    )  # fmt: skip
    return image[0] / 255.0, labels[0]


def outer_surface(truth: GroundTruth, count: int) -> Floats:
    """Points (count, 3) spread evenly over what can be seen of the dressed person."""
    generator = numpy_generator(0, "synthetic", "outer surface")
    return outer_points(_drawn(truth), count, generator)


def outer_triangles(truth: GroundTruth) -> tuple[Floats, Integers]:
    """Vertices (N, 3) and the faces (F, 3) of which something can be seen from around.

    Hems are cut to the nearest triangle; what clothes hide is left out.
    """
    return truth.dressed.vertices, truth.dressed.faces[outer_mask(truth)]


def outer_mask(truth: GroundTruth) -> np.ndarray:
    """(F,) bool, triangles of which something can be seen from around."""
    return outer_faces(_drawn(truth))


def _drawn(truth: GroundTruth) -> DrawnSurface:
    dressed = truth.dressed
    return DrawnSurface(
        dressed.vertices, dressed.faces, dressed.face_layers, dressed.chart, truth.cuts
    )


@numba.njit(cache=True)
def _are_covered(layers: np.ndarray, points: Floats, cuts: Floats) -> np.ndarray:
    covered = np.zeros(len(points), np.bool_)
    for i in range(len(points)):
        layer = int(layers[i])
        covered[i] = layer == 0 or is_covered(layer, points[i], cuts)
    return covered
