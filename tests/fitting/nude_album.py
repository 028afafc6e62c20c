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
from album2avatar.synthetic.cameras import Camera, project, sample_camera
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
        eyes = heads[[template.bones.index("eye.L"), template.bones.index("eye.R")]].mean(0)
        cameras.append(sample_camera(generator, framing, vertices, eyes))
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
        views=tuple(view_of_azimuth(camera.azimuth) for camera in cameras),
        image_sizes=torch.tensor([[512, 512]] * len(framings)),
        keypoints=keypoints,
        confidence=confidence,
        person=masks,
        skin=masks,
        close_cloth=torch.zeros_like(masks),
    )
    return NudeAlbum(
        observations,
        rest - torch.tensor([0.0, 0.0, float(rest[:, 2].min())]),
        _stack_views([torch.from_numpy(heads) for heads in joints], cameras),
        _stack_views(posed, cameras),
    )


def _mask(vertices: Tensor, faces: Tensor, camera: Camera, resolution: int) -> Tensor:
    clip = to_clip(vertices, _cameras(camera).clip_from_world(1.0))
    rast = rasterize(clip, faces, (resolution, resolution))
    covered = (rast[..., 3:] > 0).float()
    return antialias(covered, rast, clip, faces, edge_table(faces)).flip(1)[0, ..., 0]


def _cameras(camera: Camera) -> Cameras:
    return orbit(
        torch.tensor([math.radians(camera.azimuth)]),
        torch.tensor([math.radians(camera.elevation)]),
        torch.tensor([camera.target]),
        torch.tensor([camera.frame_height]),
        camera.vertical_fov,
    )


def _keypoints(
    joints: list[np.ndarray], cameras: list[Camera], noise: float, seed: int
) -> tuple[Tensor, Tensor]:
    pixels = np.stack([project(c, j, 2)[:, :2] for j, c in zip(joints, cameras, strict=True)])
    generator = numpy_generator(seed, "noise")
    places = np.stack([pixels[..., 0] - 1, 1 - pixels[..., 1]], -1)
    inside = (np.abs(places) < 1).all(-1)
    places = places + noise * generator.standard_normal(places.shape)
    return (
        torch.from_numpy(places.astype(np.float32)),
        torch.from_numpy(inside.astype(np.float32)),
    )


def _stack_views(points: list[Tensor], cameras: list[Camera]) -> Tensor:
    """(P, N, 3) each photo's points in its camera's view frame."""
    views = [_cameras(camera).world_to_view[0] for camera in cameras]
    moved = [p @ view[:3, :3].T + view[:3, 3] for p, view in zip(points, views, strict=True)]
    return torch.stack(moved)
