"""One picture of a dressed person, with everything that is known about it."""

from dataclasses import dataclass

import numba
import numpy as np

from album2avatar.body.keypoints import KEYPOINT_BONES
from album2avatar.synthetic.backgrounds import Background, Light
from album2avatar.synthetic.cameras import Camera, project, world_to_view
from album2avatar.synthetic.looks import Looks
from album2avatar.synthetic.parts import MATERIAL_CLASSES, DressedBody
from album2avatar.synthetic.posing import pose_bones, skin_mesh
from album2avatar.synthetic.rasterizing import rasterize
from album2avatar.synthetic.shading import shade
from album2avatar.synthetic.template import Floats, RestBody, Template

_JOINT_DEPTHS = {
    "pelvis": 0.26, "neck": 0.13, "head": 0.17, "left_eye": 0.035, "right_eye": 0.035,
    "left_shoulder": 0.13, "right_shoulder": 0.13, "left_hip": 0.21, "right_hip": 0.21,
    "left_knee": 0.14, "right_knee": 0.14,
}  # fmt: skip
"""Metres of the body itself, with its clothes, that may lie before a joint that counts as
visible; 0.11 where not named."""


@dataclass(frozen=True)
class PosedPerson:
    """A dressed body in a pose."""

    vertices: Floats
    normals: Floats
    bone_heads: Floats
    """(J, 3) metres."""


@dataclass(frozen=True)
class Picture:
    """A square picture and its truth; row 0 is on top."""

    image: np.ndarray
    """(S, S, 3) uint8 sRGB."""
    normals: np.ndarray
    """(S, S, 3) uint8: camera-space normals as n/2 + 1/2; grey where empty."""
    labels: np.ndarray
    """(S, S) uint8, index into `assets.PIXEL_CLASSES`."""
    keypoints: Floats
    """(21, 3): x right, y down in pixels, and 1 where visible."""


def pose_person(dressed: DressedBody, body: RestBody, transforms: Floats) -> PosedPerson:
    """Move a dressed body with its bones."""
    vertices, normals = skin_mesh(
        dressed.vertices, dressed.normals, dressed.weight_bones, dressed.weights, transforms
    )
    return PosedPerson(vertices, normals, pose_bones(body, transforms))


def usual_supersampling(size: int) -> int:
    """Samples along each side of a pixel, for pictures of a size.

    Odd, so that labels are sampled at the pixels' centres: large pictures can spare it.
    """
    return 3 if size <= 256 else 2


def take_picture(
    template: Template,
    dressed: DressedBody,
    posed: PosedPerson,
    cuts: Floats,
    looks: Looks,
    camera: Camera,
    light: Light,
    background: Background,
    size: int,
    supersampling: int,
) -> Picture:
    """Render a posed person.

    Args:
        size: pixels of the picture's side.
        supersampling: samples along each side of a pixel.
    """
    fine = size * supersampling
    screen = project(camera, posed.vertices, fine)
    depth, face_of, place = rasterize(
        screen, dressed.faces, dressed.face_layers, dressed.chart, cuts, fine, fine
    )
    rotation = world_to_view(camera)[:3, :3].astype(np.float32)
    image = background.paint(fine, fine)
    normal_map = np.full((fine, fine, 3), 0.5, np.float32)
    labels = np.zeros((fine, fine), np.uint8)
    shade(
        face_of, place, dressed.faces, dressed.face_materials, dressed.chart,
        posed.normals @ rotation.T, MATERIAL_CLASSES, looks.colors, looks.second_colors,
        looks.patterns, looks.pattern_sizes, looks.details, looks.eye_color, looks.gaze, cuts,
        np.array(light.direction, np.float32), light.ambient, image, normal_map, labels,
    )  # fmt: skip
    middle = supersampling // 2
    return Picture(
        image=average_samples(image, supersampling, 1.0),
        normals=average_samples(normal_map, supersampling, 255.0),
        labels=labels[middle::supersampling, middle::supersampling].copy(),
        keypoints=_keypoints(template, posed, camera, depth, size, supersampling),
    )


@numba.njit(cache=True, fastmath=True)
def average_samples(values: Floats, supersampling: int, scale: float) -> np.ndarray:
    """Mean over blocks of samples, as bytes: (S * n, S * n, 3) to (S, S, 3)."""
    size = values.shape[0] // supersampling
    averaged = np.empty((size, size, 3), np.uint8)
    factor = scale / (supersampling * supersampling)
    for row in range(size):
        for column in range(size):
            for k in range(3):
                total = 0.0
                for y in range(row * supersampling, (row + 1) * supersampling):
                    for x in range(column * supersampling, (column + 1) * supersampling):
                        total += values[y, x, k]
                averaged[row, column, k] = np.uint8(min(255.0, max(0.0, total * factor + 0.5)))
    return averaged


def _keypoints(
    template: Template,
    posed: PosedPerson,
    camera: Camera,
    depth: Floats,
    size: int,
    supersampling: int,
) -> Floats:
    """Project the joints; one is visible when little but its own body part is before it."""
    bones = [template.bones.index(bone) for bone in KEYPOINT_BONES.values()]
    screen = project(camera, posed.bone_heads[bones], size)
    keypoints = np.zeros((len(bones), 3), np.float32)
    keypoints[:, :2] = screen[:, :2]
    for index, name in enumerate(KEYPOINT_BONES):
        column, row = (screen[index, :2] * supersampling).astype(int)
        if 0 <= row < depth.shape[0] and 0 <= column < depth.shape[1]:
            before = screen[index, 2] - depth[row, column]
            keypoints[index, 2] = float(before < _JOINT_DEPTHS.get(name, 0.11))
    return keypoints
