"""A limb of two bones with a ball on it: the smallest avatar with everything that counts."""

import io
import math

import numpy as np
import torch
from PIL import Image

from album2avatar.body.rigged import RiggedAvatar, RiggedPart
from album2avatar.body.types import Skeleton
from album2avatar.mesh.types import Mesh, UvMap

RINGS, SIDES = 9, 8
LENGTH, RADIUS = 0.8, 0.1


def limb_avatar() -> RiggedAvatar:
    """An arm along +X at a height of 1.2 m, bent slightly, so that no bone axis is the world's."""
    skeleton = limb_skeleton()
    mesh, uv = _tube()
    along = mesh.vertices[:, 0] / LENGTH
    forearm = ((along - 0.35) / 0.3).clamp(0, 1)
    weights = torch.stack([torch.zeros_like(forearm), 1 - forearm, forearm], dim=1)
    ball = RiggedPart(
        name="ball",
        mesh=Mesh(_octahedron() * 0.05 + torch.tensor([LENGTH, 0.0, 1.3]), _OCTAHEDRON_FACES),
        uv=None,
        weights=torch.tensor([[0.0, 0.0, 1.0]]).expand(6, 3).clone(),
        texture=(0.5, 1.0, 0.0),
    )
    return RiggedAvatar(skeleton, (RiggedPart("avatar", mesh, uv, weights, "albedo"), ball))


def limb_skeleton() -> Skeleton:
    heads = torch.tensor([[0.0, 0.0, 0.0], [0.0, 0.0, 1.2], [0.4, 0.03, 1.19]])
    tails = torch.tensor([[0.0, 0.0, 0.3], [0.4, 0.03, 1.19], [0.8, 0.0, 1.21]])
    matrices = torch.stack([_bone_matrix(h, t) for h, t in zip(heads, tails, strict=True)])
    return Skeleton(("root", "upperarm01.L", "lowerarm01.L"), (-1, 0, 1), heads, tails, matrices)


def checkered_png() -> bytes:
    """A 16 x 16 PNG in two colours."""
    rows, columns = np.indices((16, 16))
    pixels = np.where(((rows // 4 + columns // 4) % 2)[..., None], [200, 40, 30], [30, 60, 190])
    file = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(file, "PNG")
    return file.getvalue()


def _bone_matrix(head: torch.Tensor, tail: torch.Tensor) -> torch.Tensor:
    """Y along the bone, Z as near to the world's -Y as it gets."""
    along = torch.nn.functional.normalize(tail - head, dim=0)
    side = torch.linalg.cross(along, torch.tensor([0.0, -1.0, 0.0]))
    side = torch.nn.functional.normalize(side, dim=0)
    matrix = torch.eye(4)
    matrix[:3, :3] = torch.stack([side, along, torch.linalg.cross(side, along)], dim=1)
    matrix[:3, 3] = head
    return matrix


def _tube() -> tuple[Mesh, UvMap]:
    """A closed tube along X with one seam along its length."""
    angles = torch.arange(SIDES) * (2 * math.pi / SIDES)
    ring = torch.stack([torch.zeros(SIDES), angles.cos() * RADIUS, angles.sin() * RADIUS], dim=1)
    steps = torch.linspace(0.0, LENGTH, RINGS)
    vertices = (ring[None] + torch.stack([steps, *[torch.zeros(RINGS)] * 2], 1)[:, None]).flatten(
        0, 1
    )
    vertices = torch.cat([vertices, torch.tensor([[0.0, 0.0, 0.0], [LENGTH, 0.0, 0.0]])])
    vertices = vertices + torch.tensor([0.0, 0.0, 1.2])
    u = torch.arange(SIDES + 1) / SIDES
    coordinates = torch.stack(
        [u.repeat(RINGS), (steps / LENGTH).repeat_interleave(SIDES + 1)], dim=1
    )
    coordinates = torch.cat([coordinates, torch.tensor([[0.5, 0.0], [0.5, 1.0]])])
    faces: list[list[int]] = []
    uv_faces: list[list[int]] = []
    for i in range(RINGS - 1):
        for j in range(SIDES):
            k = (j + 1) % SIDES
            a, b, c, d = i * SIDES + j, i * SIDES + k, (i + 1) * SIDES + k, (i + 1) * SIDES + j
            faces += [[a, b, c], [a, c, d]]
            s = i * (SIDES + 1) + j
            e, f, g, h = s, s + 1, s + SIDES + 2, s + SIDES + 1
            uv_faces += [[e, f, g], [e, g, h]]
    last, first_cap = (RINGS - 1) * SIDES, RINGS * SIDES
    last_uv, first_cap_uv = (RINGS - 1) * (SIDES + 1), RINGS * (SIDES + 1)
    for j in range(SIDES):
        k = (j + 1) % SIDES
        faces += [[first_cap, k, j], [first_cap + 1, last + j, last + k]]
        uv_faces += [
            [first_cap_uv, j + 1, j],
            [first_cap_uv + 1, last_uv + j, last_uv + j + 1],
        ]
    return Mesh(vertices, torch.tensor(faces)), UvMap(coordinates, torch.tensor(uv_faces))


def _octahedron() -> torch.Tensor:
    return torch.cat([torch.eye(3), -torch.eye(3)])


_OCTAHEDRON_FACES = torch.tensor(
    [[0, 1, 2], [1, 3, 2], [3, 4, 2], [4, 0, 2], [1, 0, 5], [3, 1, 5], [4, 3, 5], [0, 4, 5]]
)
