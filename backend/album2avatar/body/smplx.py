"""SMPL-X behind the body protocol, from the user's own model file.

The package `smplx` comes with the extra of the same name; the model's licence forbids
commercial use.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from album2avatar.assets import Subject
from album2avatar.body.front import in_front
from album2avatar.body.model import Joint, RestBody, anatomical_frames
from album2avatar.body.smplx_file import JOINT_COUNT, Array, read_smplx_file
from album2avatar.body.smplx_joints import (
    KEYPOINT_JOINTS,
    NEXT_JOINTS,
    SMPLX_JOINTS,
    limb_direction,
)
from album2avatar.body.types import CanonicalBody, Skeleton
from album2avatar.errors import ModelError

_ARMS_DOWN = 0.75
"""Radians by which the arms hang in the canonical pose: 43 degrees, as Anny's."""


def load_smplx_body(path: Path) -> "SmplxBody":
    """Read the user's SMPL-X file.

    Raises:
        ModelError: the extra isn't installed, or the file is missing or no SMPL-X model.
    """
    try:
        import smplx
        from smplx.joint_names import JOINT_NAMES
    except ImportError as error:
        raise ModelError(
            "fitting.body is 'smplx' but the package smplx isn't installed. "
            "Run: pip install 'album2avatar[smplx]', or set fitting.body to 'anny'."
        ) from error
    arrays = read_smplx_file(path)
    with tempfile.TemporaryDirectory() as folder:
        # The package unpickles whatever a file holds; it only ever sees what was checked.
        checked = Path(folder) / "SMPLX_NEUTRAL.npz"
        np.savez(checked, allow_pickle=False, **_parents_signed(arrays))
        model = smplx.SMPLX(
            str(checked), ext="npz", use_pca=False, flat_hand_mean=True, num_betas=10
        )
    return SmplxBody(model, tuple(JOINT_NAMES[:JOINT_COUNT]), arrays)


class SmplxBody:
    """`BodyModel` of SMPL-X; its shape parameters are the first ten betas.

    The canonical pose is an A-pose with the model's own pose correctives; from there on
    the body is skinned linearly, as the exported avatar will be.
    """

    kind = "smplx"
    shape_size = 10
    joints: tuple[Joint, ...] = SMPLX_JOINTS

    def __init__(self, model: Any, names: tuple[str, ...], arrays: dict[str, Array]) -> None:
        self._model = model.requires_grad_(False)
        self._names = names
        self._faces = torch.from_numpy(arrays["f"].astype(np.int64))
        self._uv = _texture(arrays)
        self.parents = (-1, *(int(parent) for parent in arrays["kintree_table"][0, 1:]))
        self.weights: Tensor = model.lbs_weights
        self.joint_bones = torch.tensor([names.index(joint.bone) for joint in self.joints])
        self.keypoint_bones = torch.tensor([names.index(n) for n in KEYPOINT_JOINTS.values()])
        heads = self.rest(torch.zeros(self.shape_size)).heads
        tails = self._tails(heads)
        self.joint_frames = anatomical_frames(
            torch.stack([limb_direction(joint.bone, names, heads, tails) for joint in self.joints])
        )

    def usual_shape(self, subject: Subject) -> Tensor:
        """(S,) shape from which the fit starts; the file itself is of one gender or neutral."""
        return torch.zeros(self.shape_size)

    def rest(self, shape: Tensor) -> RestBody:
        """The body in the shape `shape` (S,); differentiable."""
        turned = torch.zeros(1, self._model.NUM_BODY_JOINTS, 3)
        turned[0, self._names.index("left_shoulder") - 1, 2] = -_ARMS_DOWN
        turned[0, self._names.index("right_shoulder") - 1, 2] = _ARMS_DOWN
        output = self._model(betas=shape[None], body_pose=turned.flatten(1))
        vertices, heads = _upright(output.vertices[0]), _upright(output.joints[0, :JOINT_COUNT])
        lift = torch.stack([shape.new_zeros(()), shape.new_zeros(()), -vertices[:, 2].min()])
        return RestBody(vertices + lift, heads + lift)

    def canonical(self, shape: Tensor) -> CanonicalBody:
        """The body in the shape `shape` (S,) with all that later stages need."""
        with torch.no_grad():
            rest = self.rest(shape)
        tails = self._tails(rest.heads)
        return CanonicalBody(
            kind=self.kind,
            vertices=rest.vertices,
            faces=self._faces,
            uv_coordinates=self._uv[0],
            uv_faces=self._uv[1],
            skeleton=Skeleton(
                self._names, self.parents, rest.heads, tails, _bone_matrices(rest.heads, tails)
            ),
            weights=self.weights,
            parts=self._parts(rest.vertices),
        )

    def _tails(self, heads: Tensor) -> Tensor:
        """(J, 3): the next joint's head; leaves go on as their parents do, eyes look forward."""
        tails = torch.empty_like(heads)
        for bone, name in enumerate(self._names):
            children = [child for child, parent in enumerate(self.parents) if parent == bone]
            if name in NEXT_JOINTS:
                tails[bone] = heads[self._names.index(NEXT_JOINTS[name])]
            elif len(children) == 1:
                tails[bone] = heads[children[0]]
            elif "eye" in name or name == "jaw":
                tails[bone] = heads[bone] + torch.tensor([0.0, -0.03, 0.0])
            elif name == "head":
                tails[bone] = heads[bone] + torch.tensor([0.0, 0.0, 0.15])
            else:
                tails[bone] = heads[bone] + 0.7 * (heads[bone] - heads[self.parents[bone]])
        return tails

    def _parts(self, vertices: Tensor) -> dict[str, Tensor]:
        owner = self.weights.argmax(-1)
        fingers = ("index", "middle", "pinky", "ring", "thumb", "wrist")
        parts = {
            "head": self._owned(owner, "head", "jaw"),
            "hand.L": self._owned(owner, *(f"left_{name}" for name in fingers)),
            "hand.R": self._owned(owner, *(f"right_{name}" for name in fingers)),
            "foot.L": self._owned(owner, "left_ankle", "left_foot"),
            "foot.R": self._owned(owner, "right_ankle", "right_foot"),
            "eye.L": self._owned(owner, "left_eye"),
            "eye.R": self._owned(owner, "right_eye"),
        }
        parts["surface"] = ~(parts["eye.L"] | parts["eye.R"])
        parts["face"] = parts["head"] & in_front(vertices, parts["eye.L"], parts["eye.R"])
        return parts

    def _owned(self, owner: Tensor, *prefixes: str) -> Tensor:
        """Vertices that hang most on a bone whose name starts with one of `prefixes`."""
        bones = [index for index, name in enumerate(self._names) if name.startswith(prefixes)]
        return torch.isin(owner, torch.tensor(bones))


def _parents_signed(arrays: dict[str, Array]) -> dict[str, Array]:
    """The root's parent is stored as 2³² − 1, which overflows when it is read as it is."""
    tree = arrays["kintree_table"].astype(np.int64)
    tree[0, 0] = -1
    return arrays | {"kintree_table": tree}


def _upright(points: Tensor) -> Tensor:
    """From SMPL-X's frame (Y up, facing +Z) to the project's (Z up, facing -Y)."""
    return torch.stack([points[:, 0], -points[:, 2], points[:, 1]], -1)


def _texture(arrays: dict[str, Array]) -> tuple[Tensor, Tensor]:
    if "vt" not in arrays:
        return torch.zeros(0, 2), torch.zeros(0, 3, dtype=torch.int64)
    return (
        torch.from_numpy(arrays["vt"].astype(np.float32)),
        torch.from_numpy(arrays["ft"].astype(np.int64)),
    )


def _bone_matrices(heads: Tensor, tails: Tensor) -> Tensor:
    """(J, 4, 4) rest matrices with y along the bone, as Blender has them."""
    along = F.normalize(tails - heads, dim=-1)
    side = torch.tensor([0.0, -1.0, 0.0]).expand_as(along)
    up = torch.tensor([0.0, 0.0, 1.0]).expand_as(along)
    is_forward = (along * side).sum(-1, keepdim=True).abs() > 0.99
    across = F.normalize(torch.linalg.cross(along, torch.where(is_forward, up, side)), dim=-1)
    matrices = torch.eye(4).repeat(len(heads), 1, 1)
    matrices[:, :3, :3] = torch.stack([across, along, torch.linalg.cross(across, along)], -1)
    matrices[:, :3, 3] = heads
    return matrices
