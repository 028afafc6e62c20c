"""Heads that are turned otherwise than their poses say, photographed by another part of the
renderer than the one that looks for them."""

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from scipy.ndimage import binary_dilation
from scipy.spatial.transform import Rotation
from torch import Tensor

from album2avatar.assets import AssetKind, PhotoLabels, View
from album2avatar.body.anny import load_anny_body
from album2avatar.body.types import CanonicalBody, PhotoPoses
from album2avatar.errors import CancelledError
from album2avatar.mesh.normals import vertex_normals
from album2avatar.mesh.topology import edge_table
from album2avatar.mesh.types import UvMap
from album2avatar.projection.fusion import TexturedSurface
from album2avatar.projection.observations import MaskedPhoto
from album2avatar.refine.head_mesh import HeadMesh, HeadPose, head_pose, with_bones_moved
from album2avatar.refine.head_photo import HeadPhoto, shows_face
from album2avatar.refine.heads import FINE_ROUNDS, HeadEvidence, align_heads
from album2avatar.render.camera import Cameras, orbit
from album2avatar.render.interpolate import interpolate
from album2avatar.render.rasterize import rasterize
from album2avatar.render.screen import to_clip, to_screen

SIZE = 320
SIDES = (0.0, 38.0, -42.0, 75.0, -20.0, 180.0, 122.0)
"""Degrees from the front, of each photo."""
FRONT = slice(0, 5)
KINDS: tuple[AssetKind, ...] = ("face", "hair", "skin")
FACE, HAIR, SKIN = range(3)
TURNS = ((0.10, -0.05, 0.2), (-0.08, 0.06, -0.3), (0.12, 0.04, 0.25), (-0.1, -0.08, -0.2),
         (0.05, 0.07, 0.3), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0))  # fmt: skip
"""By which each photo's pose is wrong: nod, tilt and look aside, radians."""


@dataclass(frozen=True)
class Album:
    """Photos, the truth about them, and what is believed."""

    body: CanonicalBody
    surface: TexturedSurface
    mesh: HeadMesh
    true: PhotoPoses
    believed: PhotoPoses
    evidence: HeadEvidence

    def align(self, poses: PhotoPoses) -> PhotoPoses:
        return align_heads(
            self.surface,
            self.body.vertices,
            self.body,
            poses,
            self.evidence,
            FINE_ROUNDS,
            lambda: None,
        )

    def of_photos(self, rows: list[int]) -> "Album":
        """With some of the photos alone."""
        known = self.evidence
        return dataclasses.replace(
            self,
            true=self.true.take(rows),
            believed=self.believed.take(rows),
            evidence=HeadEvidence(
                [known.photos[row] for row in rows], [known.labels[row] for row in rows], KINDS
            ),
        )

    def errors(self, poses: PhotoPoses) -> tuple[Tensor, Tensor]:
        """Degrees by which heads are turned wrongly, and metres by which eyes are beside."""
        degrees, metres = [], []
        for index in range(len(poses.photos)):
            found, true = (head_pose(p, index, self.mesh.bones[0]) for p in (poses, self.true))
            degrees.append(math.degrees(found.angle_to(true)))
            eyes = self.mesh.eyes.mean(0, keepdims=True)
            metres.append(float(np.linalg.norm((found.of(eyes) - true.of(eyes))[0, :2])))
        return torch.tensor(degrees), torch.tensor(metres)


@pytest.fixture(scope="module")
def album() -> Album:
    model = load_anny_body()
    body = model.canonical(torch.zeros(model.shape_size))
    owners = face_of_head(body)
    shares = torch.nn.functional.one_hot(owners, 3).float()
    uv = UvMap(torch.zeros(len(body.vertices), 2), body.faces)
    surface = TexturedSurface(body.faces, edge_table(body.faces), uv, body.weights, shares, 3)
    mesh = HeadMesh.of(surface, body.vertices, body, KINDS)
    assert mesh is not None
    count = len(SIDES)
    eyes = torch.from_numpy(mesh.eyes.mean(0)).float()
    cameras = orbit(
        torch.tensor(SIDES).deg2rad(),
        torch.full((count,), 0.1),
        eyes.expand(count, 3),
        torch.tensor([0.5, 0.6, 0.45, 0.5, 0.7, 0.5, 0.5]),
        0.4,
    )
    still = torch.eye(4).repeat(count, len(body.skeleton.names), 1, 1)
    true = PhotoPoses(tuple("abcdefg"), still, cameras, torch.tensor([[SIZE, SIZE]] * count))
    believed = true
    for index, turn in enumerate(TURNS):
        motion = np.array([*turn, 0.004 * (-1) ** index, 0.0, 0.006])
        believed = moved(believed, index, motion, mesh, mesh.bones)
    photos = [photograph(body, owners, cameras.at(index)) for index in range(count)]
    labels = [seen(name, mesh, cameras.at(index)) for index, name in enumerate(true.photos)]
    return Album(body, surface, mesh, true, believed, HeadEvidence(photos, labels, KINDS))


@pytest.fixture(scope="module")
def aligned(album: Album) -> PhotoPoses:
    return album.align(album.believed)


def face_of_head(body: CanonicalBody) -> Tensor:
    """(V,) a face with a beard's width of neck below, hair on all that is behind and above."""
    bones = [body.skeleton.names.index(name) for name in ("head",)]
    owners = torch.where(body.weights[:, bones].sum(1) > 0.3, HAIR, SKIN)
    return torch.where(body.parts["face"], FACE, owners)


def moved(
    poses: PhotoPoses, index: int, motion: np.ndarray, mesh: HeadMesh, bones: tuple[int, ...]
) -> PhotoPoses:
    before = head_pose(poses, index, mesh.bones[0])
    return with_bones_moved(poses, index, bones, before, before.over(motion, mesh.middle))


def photograph(body: CanonicalBody, owners: Tensor, camera: Cameras) -> MaskedPhoto:
    """The person with lips and brows under a lamp, each pixel the colour of its centre."""
    points = body.vertices
    left, right = (points[body.parts[f"eye.{side}"]].mean(0) for side in "LR")
    plain = torch.tensor([[0.8, 0.62, 0.52], [0.3, 0.2, 0.12], [0.75, 0.6, 0.5]])
    colors = plain[owners]
    between = (left + right) / 2
    spots = [(left, 0.012, 0.1), (right, 0.012, 0.1)]
    spots += [(eye + torch.tensor([0.0, 0.0, 0.022]), 0.012, 0.25) for eye in (left, right)]
    for middle, radius, dark in spots:
        near = ((points - middle)[:, [0, 2]].norm(dim=1) < radius) & (owners == FACE)
        colors = torch.where(near[:, None], torch.tensor([dark] * 3), colors)
    mouth = (points - between - torch.tensor([0.0, 0.0, -0.072]))[:, [0, 2]]
    lips = (mouth[:, 0].abs() < 0.025) & (mouth[:, 1].abs() < 0.008) & (owners == FACE)
    colors = torch.where(lips[:, None], torch.tensor([0.7, 0.2, 0.2]), colors)
    normals = vertex_normals(points, body.faces)
    lamp = torch.nn.functional.normalize(torch.tensor([0.5, -0.7, 0.5]), dim=0)
    lit = colors * (0.6 + 0.4 * (normals @ lamp).clamp(min=0))[:, None]
    clip = to_clip(points, camera.clip_from_world(1.0))
    rast = rasterize(clip, body.faces, (SIZE, SIZE))
    image = interpolate(lit, rast, body.faces).flip(1)[0]
    face = rast[0, ..., 3].flip(0).long() - 1
    mask = torch.where(face >= 0, owners[body.faces][face.clamp(min=0), 0] + 1, 0)
    return MaskedPhoto(torch.where((mask > 0)[..., None], image, 0.4), mask)


def seen(name: str, mesh: HeadMesh, camera: Cameras) -> PhotoLabels:
    """A network's eyes and neck, three millimetres too far to the right."""
    points = torch.from_numpy(np.stack([mesh.neck, *mesh.eyes])).float()
    screen = 0.5 + to_screen(to_clip(points, camera.clip_from_world(1.0)), (SIZE, SIZE))[0]
    names = ("head", "left_eye", "right_eye")
    view: View = "front"
    keypoints = {
        key: (float(x) + 2.0, SIZE - float(y), 0.9)
        for key, (x, y) in zip(names, screen[:, :2].tolist(), strict=True)
    }
    return PhotoLabels(photo=name, view=view, framing="head close-up", keypoints=keypoints)


def test_heads_are_turned_as_their_photos_show_them(album: Album, aligned: PhotoPoses):
    """To a few degrees and millimetres, where they were off by twelve and more."""
    degrees, metres = album.errors(aligned)
    before, _ = album.errors(album.believed)
    assert float(before[FRONT].min()) > 12
    assert float(degrees[FRONT].mean()) < 3
    assert float(degrees[FRONT].max()) < 6
    assert float(metres[FRONT].max()) < 0.006


def test_what_is_wrong_in_all_photos_alike_is_seen_by_eyes_and_neck(album: Album):
    """Photos that all nod too far agree with one another."""
    nodding = album.true
    for index in range(len(SIDES)):
        motion = np.array([0.15, 0.0, 0.0, 0.0, 0.0, -0.01])
        nodding = moved(nodding, index, motion, album.mesh, album.mesh.bones)
    degrees, metres = album.errors(album.align(nodding))
    assert float(degrees[FRONT].mean()) < 3
    assert float(metres[FRONT].max()) < 0.006


def test_a_person_who_faces_the_other_way_is_turned_round(album: Album):
    """The whole of them, and not their head alone: shoulders are in the picture."""
    count = album.true.bone_transforms.shape[1]
    turn = np.array([0.0, 0.0, math.radians(165.0), 0.0, 0.0, 0.0])
    flipped = moved(album.true, 0, turn, album.mesh, tuple(range(count)))
    found = album.align(flipped)
    degrees, _ = album.errors(found)
    assert float(degrees[0]) < 5
    spine = album.body.skeleton.names.index("spine03")
    turned = found.bone_transforms[0, spine, :3, :3].double().numpy()
    assert math.degrees(Rotation.from_matrix(turned).magnitude()) < 30


def test_a_head_from_behind_stays_as_it_was(album: Album, aligned: PhotoPoses):
    assert torch.equal(aligned.bone_transforms[5], album.believed.bone_transforms[5])


def test_a_head_half_from_behind_is_turned_aside_at_most(album: Album, aligned: PhotoPoses):
    """It neither nods nor tilts: what hair looks like from there, many poses explain."""
    assert shows_face(album.evidence.photos[6], KINDS)
    before, after = (
        head_pose(poses, 6, album.mesh.bones[0]) for poses in (album.believed, aligned)
    )
    turn = Rotation.from_matrix(before.rotation.T @ after.rotation).as_rotvec()
    assert np.allclose(turn[:2], 0.0, atol=1e-4)


def test_a_head_a_quarter_metre_beside_its_mask_is_found_without_keypoints(album: Album):
    """Its mask tells where it is."""
    two = album.of_photos([0, 1])
    labels = [label.model_copy(update={"keypoints": {}}) for label in two.evidence.labels]
    two = dataclasses.replace(two, evidence=dataclasses.replace(two.evidence, labels=labels))
    aside = np.array([0.0, 0.0, 0.0, 0.25, 0.0, 0.0])
    lost = moved(two.true, 0, aside, album.mesh, album.mesh.bones)
    degrees, metres = two.errors(two.align(lost))
    assert float(degrees.max()) < 8
    assert float(metres.max()) < 0.01


def test_a_speck_of_hair_at_the_waist_is_no_head(album: Album):
    photo, pose = album.evidence.photos[0], head_pose(album.true, 0, album.mesh.bones[0])
    speck = photo.mask.clone()
    speck[-4:, -4:] = HAIR + 1
    seen_there = HeadPhoto.of(
        MaskedPhoto(photo.image, speck), 0.4, album.evidence.labels[0], KINDS, album.mesh
    )
    assert np.array_equal(seen_there.brought_here(pose, album.mesh).shift, pose.shift)


def test_a_head_behind_the_camera_is_left_alone_and_disturbs_no_other(album: Album):
    two = album.of_photos([0, 1])
    away = np.array([0.0, 0.0, 0.0, 0.0, -5.0, 0.0])
    lost = moved(two.true, 0, away, album.mesh, album.mesh.bones)
    found = two.align(lost)
    degrees, _ = two.errors(found)
    assert torch.equal(found.bone_transforms[0], lost.bone_transforms[0])
    assert float(degrees[1]) < 8


def test_nothing_but_the_head_moves(album: Album, aligned: PhotoPoses):
    others = torch.ones(album.true.bone_transforms.shape[1], dtype=torch.bool)
    others[list(album.mesh.bones)] = False
    before = album.believed.bone_transforms[:, others]
    assert torch.equal(aligned.bone_transforms[:, others], before)


def test_looking_for_heads_can_be_cancelled(album: Album):
    def cancel() -> None:
        raise CancelledError("Cancelled.")

    with pytest.raises(CancelledError):
        align_heads(
            album.surface,
            album.body.vertices,
            album.body,
            album.believed,
            album.evidence,
            FINE_ROUNDS,
            cancel,
        )


def test_photos_without_a_head_say_nothing(album: Album):
    legs = [
        MaskedPhoto(photo.image, torch.where(photo.mask > 0, SKIN + 1, 0))
        for photo in album.evidence.photos
    ]
    headless = dataclasses.replace(album, evidence=dataclasses.replace(album.evidence, photos=legs))
    found = headless.align(album.believed)
    assert torch.equal(found.bone_transforms, album.believed.bone_transforms)


@pytest.mark.parametrize(("reach", "is_turned"), [(0.015, True), (0.08, False)])
def test_heads_under_a_brim_that_the_surface_lacks_are_left_alone(
    album: Album, reach: float, is_turned: bool
):
    """A knitted cap that is thicker than the drawn head is none."""
    two = album.of_photos([0, 1])
    photos = [
        with_headwear(photo, round(reach * SIZE / height))
        for photo, height in zip(two.evidence.photos, (0.5, 0.6), strict=True)
    ]
    kinds = (*KINDS, "headwear")
    bare = torch.nn.functional.pad(album.surface.shares, (0, 1))
    surface = dataclasses.replace(album.surface, shares=bare, album_assets=len(kinds))
    evidence = HeadEvidence(photos, two.evidence.labels, kinds)
    worn = dataclasses.replace(two, surface=surface, evidence=evidence)
    found = worn.align(two.believed)
    turned = (found.bone_transforms != two.believed.bone_transforms).any(-1).any(-1).any(-1)
    assert turned.tolist() == [is_turned] * 2


def with_headwear(photo: MaskedPhoto, reach: int) -> MaskedPhoto:
    """As many pixels beside the upper third of a head are of a hat."""
    head = photo.mask.numpy() == FACE + 1
    rows = np.flatnonzero(head.any(1))
    upper = np.arange(SIZE)[:, None] < rows[0] + len(rows) // 3
    beside = binary_dilation(photo.mask.numpy() > 0, iterations=reach) & upper
    mask = np.where(beside & ~head, len(KINDS) + 1, photo.mask.numpy())
    return MaskedPhoto(photo.image, torch.from_numpy(mask))


def test_moving_a_pose_and_moving_the_head_under_it_are_two_things():
    """By a quarter turn about the camera's axes, and about the head's own."""
    turned = Rotation.from_rotvec([0.0, 0.0, math.pi / 2]).as_matrix()
    pose = HeadPose(turned, np.array([0.0, 0.0, -2.0]))
    motion = np.array([0.0, 0.0, 0.0, 0.1, 0.0, 0.0])
    origin = np.zeros((1, 3))
    assert np.allclose(pose.moved(motion, origin[0]).of(origin), [[0.1, 0.0, -2.0]])
    assert np.allclose(pose.over(motion, origin[0]).of(origin), [[0.0, 0.1, -2.0]])
