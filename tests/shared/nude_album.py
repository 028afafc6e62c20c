"""Photos of bodies without clothes, whose shape, pose and camera are known.

The people come from the synthetic people's phenotypes, poses and cameras, which share no
code with the fit's joints, energies and camera.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from album2avatar.assets import Framing, view_of_azimuth
from album2avatar.body.keypoints import KEYPOINT_BONES
from album2avatar.fitting.observations import Observations
from album2avatar.mesh.topology import edge_table
from album2avatar.render.antialias import antialias
from album2avatar.render.camera import Cameras, orbit
from album2avatar.render.rasterize import rasterize
from album2avatar.render.screen import to_clip
from album2avatar.seeding import numpy_generator
from album2avatar.synthetic.people import sample_person
from album2avatar.synthetic.posing import bone_transforms, pose_bones, sample_pose, skin_mesh
from album2avatar.synthetic.template import load_template, rest_bodies


@dataclass(frozen=True)
class NudeAlbum:
    """Photos with what is true of them."""

    observations: Observations
    rest_vertices: Tensor
    """(V, 3) the person in the canonical pose, soles on z = 0."""
    joints: Tensor
    """(P, K, 3) the keypoints in each camera's view frame."""
    vertices: Tensor
    """(P, V, 3) in each camera's view frame."""


def make_album(
    seed: int, framings: tuple[Framing, ...], resolution: int, noise: float = 0.0
) -> NudeAlbum:
    """Photograph a body.

    Args:
        noise: standard deviation of the keypoints in half image heights.
    """
    template = load_template()
    person = sample_person(seed)
    body = rest_bodies(template, [person.phenotype])[0]
    faces = torch.from_numpy(template.faces).long()
    bones = [template.bones.index(bone) for bone in KEYPOINT_BONES.values()]
    posed, joints, cameras = [], [], []
    for index, framing in enumerate(framings):
        generator = numpy_generator(seed, "nude", index)
        transforms = bone_transforms(
            template, body, sample_pose(generator, template, body, leg_freedom=1.0)
        )
        vertices, _ = skin_mesh(
            body.vertices.astype(np.float32), body.vertices.astype(np.float32),
            template.weight_bones, template.weights, transforms,
        )  # fmt: skip
        heads = pose_bones(body, transforms)
        cameras.append(_camera(generator, framing, vertices))
        posed.append(torch.from_numpy(vertices))
        joints.append(heads[bones])
    masks = torch.stack(
        [
            _mask(vertices, faces, camera, resolution)
            for vertices, camera in zip(posed, cameras, strict=True)
        ]
    )
    keypoints, confidence = _keypoints(joints, cameras, noise, seed)
    rest = torch.from_numpy(body.vertices)
    observations = Observations(
        photos=tuple(str(index) for index in range(len(framings))),
        subject=person.subject,
        views=tuple(view_of_azimuth(float(camera.azimuth)) for camera in cameras),
        image_sizes=torch.tensor([[512, 512]] * len(framings)),
        keypoints=keypoints,
        confidence=confidence,
        person=masks,
        skin=masks,
        close_cloth=torch.zeros_like(masks),
        face_area=torch.full((len(framings),), torch.nan),
        face_centre=torch.full((len(framings), 2), torch.nan),
    )
    return NudeAlbum(
        observations,
        rest - torch.tensor([0.0, 0.0, float(rest[:, 2].min())]),
        _stack_views([torch.from_numpy(heads) for heads in joints], cameras),
        _stack_views(posed, cameras),
    )


@dataclass(frozen=True)
class _Camera:
    azimuth: float
    cameras: Cameras
    """A batch of one."""


_FRAMES: dict[Framing, tuple[float, float]] = {
    "full body": (0.5, 1.12),
    "upper body": (0.77, 0.5),
    "lower body": (0.26, 0.58),
    "head close-up": (0.93, 0.25),
}
"""Height of the picture's centre above the floor, and of the picture, in body heights."""


def _camera(generator: np.random.Generator, framing: Framing, vertices: np.ndarray) -> _Camera:
    low, high = vertices.min(0), vertices.max(0)
    centre, size = _FRAMES[framing]
    tall = high[2] - low[2]
    azimuth = float(generator.uniform(-180, 180))
    middle = vertices.mean(0)
    return _Camera(
        azimuth,
        orbit(
            torch.tensor([math.radians(azimuth)]),
            torch.tensor([math.radians(generator.uniform(-8, 20))]),
            torch.tensor([[middle[0], middle[1], low[2] + centre * tall]]),
            torch.tensor([size * tall]),
            float(generator.uniform(0.38, 0.62)),
        ),
    )


def _mask(vertices: Tensor, faces: Tensor, camera: _Camera, resolution: int) -> Tensor:
    clip = to_clip(vertices, camera.cameras.clip_from_world(1.0))
    rast = rasterize(clip, faces, (resolution, resolution))
    covered = (rast[..., 3:] > 0).float()
    return antialias(covered, rast, clip, faces, edge_table(faces)).flip(1)[0, ..., 0]


def _keypoints(
    joints: list[np.ndarray], cameras: list[_Camera], noise: float, seed: int
) -> tuple[Tensor, Tensor]:
    views = _stack_views([torch.from_numpy(heads) for heads in joints], cameras)
    focal = torch.stack([1 / torch.tan(camera.cameras.vertical_fov / 2) for camera in cameras])
    places = focal[:, None] * views[..., :2] / -views[..., 2:]
    seen = (places.abs() < 1).all(-1).float()
    generator = numpy_generator(seed, "noise")
    return places + noise * torch.from_numpy(generator.standard_normal(places.shape)).float(), seen


def _stack_views(points: list[Tensor], cameras: list[_Camera]) -> Tensor:
    """(P, N, 3) each photo's points in its camera's view frame."""
    views = [camera.cameras.world_to_view[0] for camera in cameras]
    moved = [
        p.float() @ view[:3, :3].T + view[:3, 3] for p, view in zip(points, views, strict=True)
    ]
    return torch.stack(moved)
