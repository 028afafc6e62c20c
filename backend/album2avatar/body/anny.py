"""Anny behind the body protocol."""

from collections.abc import Callable, Iterable, Mapping

import anny
import torch
from torch import Tensor

from album2avatar.assets import Subject
from album2avatar.body.anny_cache import load_anny
from album2avatar.body.anny_joints import ANNY_JOINTS, limb_direction
from album2avatar.body.anny_parts import anny_parts
from album2avatar.body.keypoints import KEYPOINT_BONES
from album2avatar.body.model import Joint, RestBody, anatomical_frames
from album2avatar.body.types import CanonicalBody, Skeleton

__all__ = ["AnnyBody", "load_anny", "load_anny_body"]

_PHENOTYPES: dict[str, tuple[float, float]] = {
    "gender": (0.5, 1.7),
    "age": (0.67, 0.35),
    "muscle": (0.5, 1.0),
    "weight": (0.5, 1.0),
    "height": (0.5, 0.3),
    "proportions": (0.5, 1.0),
}
"""Phenotype to its mean and to the spread of its logit over adults. A spread of 0.3 in
height is 8 cm; gender is 0 for men and 1 for women, and 1.5 spreads from the middle are
0.07 and 0.93."""

_GENDER: dict[Subject, float] = {"man": -1.5, "woman": 1.5, "person": 0.0}


def load_anny_body(report: Callable[[str], None] = lambda message: None) -> "AnnyBody":
    """Anny behind the body protocol; `report` as in `load_anny`."""
    return AnnyBody(load_anny(report))


class AnnyBody:
    """`BodyModel` of Anny; its shape parameters are the six phenotypes."""

    kind = "anny"
    shape_size = len(_PHENOTYPES)
    joints: tuple[Joint, ...] = ANNY_JOINTS

    def __init__(self, model: anny.Anny) -> None:
        self._model = model
        self._names = tuple(model.bone_labels)
        self.parents = tuple(model.bone_parents)
        self.weights: Tensor = model.dense_vertex_bone_weights
        self.joint_bones = self._bones(joint.bone for joint in self.joints)
        self.keypoint_bones = self._bones(KEYPOINT_BONES.values())
        heads = self.rest(torch.zeros(self.shape_size)).heads.detach()
        self.joint_frames = anatomical_frames(
            torch.stack([limb_direction(joint.bone, self._names, heads) for joint in self.joints])
        )

    def usual_shape(self, subject: Subject) -> Tensor:
        """(S,) shape from which the fit of a `subject` starts."""
        shape = torch.zeros(self.shape_size)
        shape[list(_PHENOTYPES).index("gender")] = _GENDER[subject]
        return shape

    def phenotypes(self, shape: Tensor) -> dict[str, Tensor]:
        """Anny's own names and values, 0..1, for a shape (S,)."""
        mean, spread = torch.tensor(list(_PHENOTYPES.values()), dtype=shape.dtype).T
        values = torch.sigmoid(torch.logit(mean) + spread * shape)
        return dict(zip(_PHENOTYPES, values.unbind(), strict=True))

    def shape_of(self, phenotypes: Mapping[str, float]) -> Tensor:
        """The shape (S,) whose `phenotypes` these are; each strictly between 0 and 1."""
        mean, spread = torch.tensor(list(_PHENOTYPES.values())).T
        values = torch.tensor([phenotypes[name] for name in _PHENOTYPES])
        return (torch.logit(values) - torch.logit(mean)) / spread

    def rest(self, shape: Tensor) -> RestBody:
        """The body in the shape `shape` (S,); differentiable."""
        vertices, heads, _, _ = self._rest(shape)
        return RestBody(vertices, heads)

    def canonical(self, shape: Tensor) -> CanonicalBody:
        """The body in the shape `shape` (S,) with all that later stages need."""
        with torch.no_grad():
            vertices, heads, tails, matrices = self._rest(shape)
            template = self._rest(torch.zeros(self.shape_size))[0]
        triangles = split_quads(self._model.faces, template)
        uv_quads = self._model.face_texture_coordinate_indices
        assert uv_quads is not None
        assert self._model.texture_coordinates is not None
        rows = torch.arange(len(uv_quads))[:, None, None]
        return CanonicalBody(
            kind=self.kind,
            vertices=vertices,
            faces=self._model.faces[rows, triangles].reshape(-1, 3),
            uv_coordinates=self._model.texture_coordinates,
            uv_faces=uv_quads[rows, triangles].reshape(-1, 3),
            skeleton=Skeleton(self._names, self.parents, heads, tails, matrices),
            weights=self.weights,
            parts=anny_parts(self._model, template),
        )

    def _rest(self, shape: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Vertices, heads, tails and bone matrices, with the soles on z = 0."""
        # Anny's forward would skin the body as well, which is most of its time.
        coefficients = self._model._get_phenotype_blendshape_coefficients(  # pyright: ignore[reportPrivateUsage]
            torch.stack(list(self.phenotypes(shape).values()))[None],
            torch.zeros(1, len(self._model.local_change_labels)),
            torch.zeros(1, len(self._model.facial_action_labels)),
        )
        rest = {name: value[0] for name, value in self._model.get_rest_model(coefficients).items()}
        lift = torch.zeros(3, dtype=shape.dtype)
        lift = torch.cat([lift[:2], -rest["rest_vertices"][:, 2].min()[None]])
        matrices = rest["rest_bone_poses"].clone()
        matrices[:, :3, 3] = matrices[:, :3, 3] + lift
        return (
            rest["rest_vertices"] + lift,
            rest["rest_bone_heads"] + lift,
            rest["rest_bone_tails"] + lift,
            matrices,
        )

    def _bones(self, names: Iterable[str]) -> Tensor:
        return torch.tensor([self._names.index(name) for name in names])


def split_quads(quads: Tensor, vertices: Tensor) -> Tensor:
    """Split quads along their shorter diagonals.

    Args:
        quads: (Q, 4) int64.
        vertices: (V, 3).

    Returns:
        (Q, 2, 3) int64, corner numbers 0..3 of the two triangles of each quad.
    """
    corners = vertices[quads]
    first = (corners[:, 0] - corners[:, 2]).norm(dim=-1)
    second = (corners[:, 1] - corners[:, 3]).norm(dim=-1)
    along_first = torch.tensor([[0, 1, 2], [0, 2, 3]])
    along_second = torch.tensor([[0, 1, 3], [1, 2, 3]])
    return torch.where((first <= second)[:, None, None], along_first, along_second)
