"""Which of Anny's bones fitting turns, and how far.

Ranges are those of a healthy adult, rounded, around Anny's rest pose (arms hang at
about 45 degrees, elbows are bent by 45). Left side; the right side is mirrored.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from album2avatar.body.model import Joint, mirrored_ranges

_MIDDLE = (
    Joint("spine05", (-15, -15, -15), (30, 15, 15), (7, 5, 5)),
    Joint("spine03", (-15, -15, -15), (30, 15, 15), (7, 5, 5)),
    Joint("spine01", (-15, -15, -15), (30, 15, 15), (7, 5, 5)),
    Joint("neck01", (-25, -35, -20), (25, 35, 20), (10, 12, 8)),
    Joint("head", (-25, -35, -20), (25, 35, 20), (10, 12, 8)),
)

_LEFT = (
    Joint("clavicle.L", (-15, -2, -5), (20, 2, 25), (5, 1, 6)),
    Joint("upperarm01.L", (-50, -60, -55), (120, 60, 100), (25, 15, 28)),
    Joint("lowerarm01.L", (-50, -50, -3), (95, 50, 3), (30, 12, 1.5)),
    Joint("wrist.L", (-40, -10, -25), (40, 10, 25), (10, 4, 8)),
    Joint("upperleg01.L", (-30, -40, -25), (110, 40, 50), (18, 10, 9)),
    Joint("lowerleg01.L", (-130, -5, -2), (5, 5, 2), (22, 2, 1)),
    Joint("foot.L", (-45, -20, -10), (25, 20, 10), (10, 7, 4)),
)


ANNY_JOINTS: tuple[Joint, ...] = (
    *_MIDDLE,
    *_LEFT,
    *(replace(mirrored_ranges(joint), bone=joint.bone.replace(".L", ".R")) for joint in _LEFT),
)

JOINT_TARGETS: dict[str, str] = {
    "spine05": "spine03",
    "spine03": "spine01",
    "spine01": "neck01",
    "neck01": "head",
    "head": "head",
    "clavicle": "upperarm01",
    "upperarm01": "lowerarm01",
    "lowerarm01": "wrist",
    "wrist": "finger3-1",
    "upperleg01": "lowerleg01",
    "lowerleg01": "foot",
    "foot": "foot",
}
"""Bone (without its side) to the bone at whose head the limb ends. The head itself points
up and the foot's frame goes on where the shin points, for the foot points forward."""


def limb_direction(bone: str, names: Sequence[str], heads: Tensor) -> Tensor:
    """Where the limb behind a joint points in the rest pose, (3,).

    Args:
        bone: of `ANNY_JOINTS`.
        names, heads: of all J bones, (J, 3).
    """
    name, dot, side = bone.partition(".")
    target = JOINT_TARGETS[name]
    if target == "foot" and name == "foot":
        bone, target = f"lowerleg01{dot}{side}", "foot"
    if target == "head" and name == "head":
        return torch.tensor([0.0, 0.0, 1.0])
    tip = names.index(f"{target}{dot}{side}" if dot else target)
    return heads[tip] - heads[names.index(bone)]
