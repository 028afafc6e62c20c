"""A painted avatar on its person's true skeleton, put where it is known to be wrong."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from shutil import copyfile

import numpy as np
import torch
from torch import Tensor

from album2avatar.asset_table import load_asset_table, save_asset_table
from album2avatar.assets import AssetKind, AssetTable
from album2avatar.body.anny import AnnyBody
from album2avatar.body.storage import load_body, save_body, save_poses
from album2avatar.body.types import CanonicalBody
from album2avatar.body.warp import carry_points
from album2avatar.evaluation.held_out_photos import TruePhotos, true_photos
from album2avatar.evaluation.joint_angles import disturbed_poses
from album2avatar.evaluation.reenactment import only
from album2avatar.mesh.storage import StoredMesh, load_mesh, save_mesh
from album2avatar.mesh.types import Mesh
from album2avatar.seeding import numpy_generator
from album2avatar.synthetic.album import SHOTS
from album2avatar.synthetic.people import Person
from album2avatar.workspace import Workspace

JOINT_DEGREES = (5.0, 10.0)
"""How far every joint is turned away from the truth."""
SURFACE_SPREAD = 0.012
"""Metres (standard deviation along each axis) by which the surface is moved."""
SURFACE_REACH = 0.12
"""Metres over which it moves together: no finger is crushed, but a sleeve or a hip is too wide."""
WAVES = 96


@dataclass(frozen=True)
class TruePerson:
    """What is known of a synthetic person, on the skeleton that an avatar may have."""

    person: Person
    body: CanonicalBody
    joints: tuple[int, ...]
    """Bones that fitting turns, N of them."""
    limbs: Tensor
    """(N, 3) unit, where the limb behind each joint points in the canonical pose."""
    table: AssetTable
    """Of the album."""
    album: TruePhotos
    """The album's photos, named as there."""
    start: StoredMesh
    """The painted surface, carried to the true body and disturbed."""


def true_person(model: AnnyBody, person: Person, avatar: Workspace, size: int) -> TruePerson:
    """Put a person's painted avatar on the true body.

    The surface goes with the fitted body as that becomes the true one; then space is warped
    smoothly, by a draw that depends on the person only.

    Args:
        avatar: made of this person's album, painted.
        size: pixels of the album's photos.
    """
    body = model.canonical(model.shape_of(person.phenotype))
    painted, fitted = load_mesh(avatar.distilled), load_body(avatar.body)
    carried = carry_points(painted.mesh.vertices, fitted.vertices, body.vertices)
    generator = numpy_generator(person.seed, "evaluation", "disturbed surface")
    mesh = Mesh(carried + smooth_field(carried, generator), painted.mesh.faces)
    table = load_asset_table(avatar)
    kinds: list[AssetKind] = [asset.kind for asset in table.assets]
    photos = true_photos(person, kinds, body.skeleton, size, "album")
    names = tuple(shot.file_name.split(".")[0].lower() for shot in SHOTS)
    return TruePerson(
        person=person,
        body=body,
        joints=tuple(model.joint_bones.tolist()),
        limbs=model.joint_frames[:, :, 1],
        table=table,
        album=TruePhotos(photos.photos, replace(photos.poses, photos=names)),
        start=replace(painted, mesh=mesh),
    )


def write_disturbed(
    workspace: Workspace, avatar: Workspace, truth: TruePerson, chosen: Sequence[int]
) -> None:
    """Write all that the refine stage reads: some photos, with their poses disturbed.

    A photo's pose is disturbed in the same way, whichever other photos there are.

    Args:
        avatar: see `true_person`.
        chosen: of the album's photos.
    """
    album = only(truth.album, chosen)
    every = disturbed_poses(
        truth.album.poses.bone_transforms,
        truth.body.skeleton,
        truth.joints,
        JOINT_DEGREES,
        numpy_generator(truth.person.seed, "evaluation", "disturbed poses"),
    )
    poses = replace(album.poses, bone_transforms=every[torch.tensor(list(chosen))])
    kept = tuple(photo for photo in truth.table.photos if photo.photo in poses.photos)
    for name in poses.photos:
        for source, goal in (
            (avatar.photo(name), workspace.photo(name)),
            (avatar.mask(name), workspace.mask(name)),
        ):
            goal.parent.mkdir(parents=True, exist_ok=True)
            copyfile(source, goal)
    save_asset_table(workspace, truth.table.model_copy(update={"photos": kept}))
    save_body(workspace.body, truth.body)
    save_poses(workspace.poses, poses)
    save_mesh(workspace.distilled, truth.start.mesh, truth.start.uv, truth.start.extras)
    copyfile(avatar.distilled_albedo, workspace.distilled_albedo)


def smooth_field(points: Tensor, generator: np.random.Generator) -> Tensor:
    """A random displacement (N, 3) of points (N, 3), metres, normal and even over SURFACE_REACH.

    Source: Rahimi and Recht 2007, "Random features for large-scale kernel machines": waves whose
    frequencies are normal add up to a Gaussian field with a Gaussian kernel.
    """
    frequencies = generator.normal(size=(3, WAVES, 3)) / SURFACE_REACH
    phases = generator.uniform(0, 2 * math.pi, (3, WAVES))
    angles = np.einsum("nc,awc->naw", points.double().numpy(), frequencies) + phases
    field = SURFACE_SPREAD * math.sqrt(2 / WAVES) * np.cos(angles).sum(-1)
    return torch.from_numpy(field).to(points)
