"""How a person stands, and what that does to points that hang on the bones."""

import math
from collections.abc import Mapping

import numba
import numpy as np

from album2avatar.synthetic.people import Person
from album2avatar.synthetic.template import Floats, Integers, RestBody, Template

Pose = Mapping[str, tuple[float, float, float]]
"""Bone name to a rotation vector (radians) about the canonical world axes at its head."""


def leg_freedom(person: Person) -> float:
    """How far the outfit lets the legs swing, 0..1."""
    if person.dress is not None or (person.bottom is not None and person.bottom.name == "skirt"):
        return 0.35
    return 0.5 if person.outerwear is not None and person.outerwear.name == "coat" else 1.0


def sample_pose(
    generator: np.random.Generator, template: Template, body: RestBody, leg_freedom: float
) -> dict[str, tuple[float, float, float]]:
    """Draw a standing, walking or gesturing pose.

    Args:
        leg_freedom: 0..1; skirts and long coats leave less room for the legs.
    """
    heads = {bone: body.bone_heads[i] for i, bone in enumerate(template.bones)}

    def turn(low: float, high: float) -> float:
        return float(generator.uniform(low, high))

    pose: dict[str, tuple[float, float, float]] = {}
    bend, lean, twist = turn(-0.04, 0.1), turn(-0.06, 0.06), turn(-0.2, 0.2)
    for bone in ("spine04", "spine03", "spine02"):
        pose[bone] = (bend / 3, lean / 3, twist / 3)
    pose["neck01"] = (turn(-0.1, 0.12), turn(-0.08, 0.08), turn(-0.3, 0.3))
    pose["head"] = (turn(-0.1, 0.14), turn(-0.08, 0.08), turn(-0.3, 0.3))
    for side, sign in (("L", 1.0), ("R", -1.0)):
        gestures = generator.random() < 0.3
        # Lowering the arm turns its outer end down: about +Y on the left.
        lowered = turn(-0.35, 0.2) if gestures else turn(0.1, 0.5)
        swung = turn(-0.6, 0.2) if gestures else turn(-0.3, 0.3)
        pose[f"upperarm01.{side}"] = (swung, sign * lowered, 0.0)
        forearm = heads[f"wrist.{side}"] - heads[f"lowerarm01.{side}"]
        hinge = np.cross(forearm, [0.0, -1.0, 0.3])
        angle = turn(0.2, 1.5) if gestures else turn(-0.3, 0.4)
        pose[f"lowerarm01.{side}"] = _about(hinge, angle)
        step = turn(-0.35, 0.2) * leg_freedom
        pose[f"upperleg01.{side}"] = (step, -sign * turn(-0.02, 0.1), 0.0)
        pose[f"lowerleg01.{side}"] = (turn(0.0, 0.3 + max(0.0, -step)) * leg_freedom, 0.0, 0.0)
    return pose


def _about(axis: Floats, angle: float) -> tuple[float, float, float]:
    scaled = axis * (angle / np.linalg.norm(axis))
    return float(scaled[0]), float(scaled[1]), float(scaled[2])


def bone_transforms(template: Template, body: RestBody, pose: Pose) -> Floats:
    """Canonical-to-posed matrix of each bone, (J, 4, 4)."""
    transforms: list[Floats] = []
    still = np.eye(4)
    for index, (bone, parent) in enumerate(zip(template.bones, template.parents, strict=True)):
        inherited = still if parent < 0 else transforms[parent]
        if bone not in pose:
            transforms.append(inherited)
            continue
        rotation = _rotation(pose[bone])
        local = np.eye(4)
        local[:3, :3] = rotation
        local[:3, 3] = body.bone_heads[index] - rotation @ body.bone_heads[index]
        transforms.append(inherited @ local)
    return np.stack(transforms).astype(np.float32)


def _rotation(vector: tuple[float, float, float]) -> Floats:
    """Rotation matrix of a rotation vector, by Rodrigues' formula."""
    angle = math.sqrt(sum(part * part for part in vector))
    if angle < 1e-9:
        return np.eye(3)
    x, y, z = (part / angle for part in vector)
    skew = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.eye(3) + math.sin(angle) * skew + (1.0 - math.cos(angle)) * (skew @ skew)


def pose_bones(body: RestBody, transforms: Floats) -> Floats:
    """Where the bones' heads are in a pose, (J, 3)."""
    return np.einsum("jrc,jc->jr", transforms[:, :3, :3], body.bone_heads) + transforms[:, :3, 3]


@numba.njit(cache=True, fastmath=True)
def skin_mesh(
    points: Floats, normals: Floats, weight_bones: Integers, weights: Floats, transforms: Floats
) -> tuple[Floats, Floats]:
    """Linear blend skinning of points and of their normals.

    Args:
        points, normals: (N, 3), canonical.
        weight_bones, weights: (N, K), the largest influence first.
        transforms: (J, 4, 4).

    Returns:
        (N, 3) posed points and (N, 3) posed normals; the normals are turned by the
        blended rotation and not normalised.
    """
    count = points.shape[0]
    posed = np.empty((count, 3), np.float32)
    turned = np.empty((count, 3), np.float32)
    blend = np.empty((3, 4), np.float32)
    for i in range(count):
        blend[:] = 0.0
        for k in range(weights.shape[1]):
            weight = weights[i, k]
            if weight < 1e-4:
                break
            bone = weight_bones[i, k]
            for r in range(3):
                for c in range(4):
                    blend[r, c] += weight * transforms[bone, r, c]
        x, y, z = points[i, 0], points[i, 1], points[i, 2]
        nx, ny, nz = normals[i, 0], normals[i, 1], normals[i, 2]
        for r in range(3):
            posed[i, r] = blend[r, 0] * x + blend[r, 1] * y + blend[r, 2] * z + blend[r, 3]
            turned[i, r] = blend[r, 0] * nx + blend[r, 1] * ny + blend[r, 2] * nz
    return posed, turned
