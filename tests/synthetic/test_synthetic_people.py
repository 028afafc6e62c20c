"""Synthetic people: the same seed is the same person, and what is said of them is so."""

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from album2avatar.assets import PIXEL_CLASSES, view_of_azimuth
from album2avatar.body.keypoints import KEYPOINT_BONES, KEYPOINTS
from album2avatar.render.camera import orbit
from album2avatar.render.screen import to_clip
from album2avatar.render.shading import draw
from album2avatar.seeding import numpy_generator
from album2avatar.synthetic.backgrounds import sample_background, sample_light
from album2avatar.synthetic.cameras import Camera, project
from album2avatar.synthetic.captions import person_phrases
from album2avatar.synthetic.dataset import write_dataset
from album2avatar.synthetic.ground_truth import (
    GroundTruth,
    canonical_picture,
    ground_truth,
    labelled_mesh,
)
from album2avatar.synthetic.people import Person, sample_person
from album2avatar.synthetic.pictures import pose_person
from album2avatar.synthetic.posing import bone_transforms, sample_pose
from album2avatar.synthetic.splits import person_seed

SIZE = 128


def find_person(**wanted: str) -> Person:
    """First training person whose garments have these names."""
    for index in range(3000):
        person = sample_person(person_seed("training", index))
        garments = {kind: getattr(getattr(person, kind), "name", None) for kind in wanted}
        if garments == wanted and person.headwear is None:
            return person
    raise AssertionError(f"nobody wears {wanted}")


@pytest.fixture(scope="module")
def dressed_woman() -> GroundTruth:
    return ground_truth(find_person(top="sweater", bottom="skirt", shoes="boots"))


def camera_at(azimuth: float, truth: GroundTruth) -> Camera:
    low, high = truth.dressed.vertices.min(0), truth.dressed.vertices.max(0)
    x, y, z = (float(value) for value in (low + high) / 2)
    return Camera(azimuth, 5.0, (x, y, z), 1.15 * float(high[2] - low[2]), 0.5)


def as_tensors(camera: Camera):
    return orbit(
        torch.tensor([math.radians(camera.azimuth)]),
        torch.tensor([math.radians(camera.elevation)]),
        torch.tensor([camera.target]),
        torch.tensor([camera.frame_height]),
        camera.vertical_fov,
    )


def photograph(truth: GroundTruth, azimuth: float):
    generator = numpy_generator(7, "test")
    light, background = sample_light(generator), sample_background(generator)
    return canonical_picture(truth, camera_at(azimuth, truth), light, background, SIZE, 3)


def test_data_sets_repeat_bit_for_bit(tmp_path: Path):
    """Two runs with the same arguments write the same arrays and records."""
    for name in ("first", "second"):
        write_dataset(tmp_path / name, "held-out", 6, 32, first_seed=3, workers=1)
    for array in ("images", "normals", "labels", "keypoints"):
        first, second = (np.load(tmp_path / n / f"{array}.npy") for n in ("first", "second"))
        assert first.shape[0] == 6
        assert np.array_equal(first, second)
    records = (tmp_path / "first" / "records.jsonl").read_text()
    assert records == (tmp_path / "second" / "records.jsonl").read_text()
    for line in records.splitlines():
        record = json.loads(line)
        assert record["view"] == view_of_azimuth(record["azimuth"])
    images = np.load(tmp_path / "first" / "images.npy")
    assert not np.array_equal(images[0], images[4])  # another person


def test_splits_never_share_a_person():
    """Last seed of one split lies below the first of the next, and no index escapes."""
    last = 999_999_999
    assert person_seed("training", last) < person_seed("demo", 0)
    assert person_seed("demo", last) < person_seed("held-out", 0)
    with pytest.raises(ValueError, match="must be in"):
        person_seed("training", last + 1)


def test_phrases_name_what_the_person_wears():
    """Each garment's colour and name stand in the phrase of its kind."""
    for index in range(50):
        person = sample_person(person_seed("training", index))
        phrases = {phrase.kind: phrase.words for phrase in person_phrases(person)}
        for kind in ("top", "bottom", "dress", "outerwear", "headwear"):
            garment = getattr(person, kind)
            assert (garment is None) == (kind not in phrases)
            if garment is not None:
                words = phrases[kind].split()
                assert words[0] == garment.color
                assert phrases[kind].endswith(garment.name)


@pytest.mark.parametrize("azimuth", [0.0, 115.0])
def test_labels_agree_with_an_independent_rasterizer(dressed_woman: GroundTruth, azimuth: float):
    """The package's other rasterizer, given plain triangles, sees the same outline and classes."""
    picture = photograph(dressed_woman, azimuth)
    mesh = labelled_mesh(dressed_woman)
    faces = torch.from_numpy(mesh.faces).long()
    cameras = as_tensors(camera_at(azimuth, dressed_woman))
    drawing = draw(torch.from_numpy(mesh.vertices), faces, cameras, (SIZE, SIZE))
    ids = drawing.rast[0, ..., 3].flip(0).long().numpy()
    covered = ids > 0
    assert (covered & (picture.labels > 0)).sum() / (covered | (picture.labels > 0)).sum() > 0.95
    both = covered & (picture.labels > 0)
    face = PIXEL_CLASSES.index("face")
    expected = np.where(picture.labels == face, PIXEL_CLASSES.index("skin"), picture.labels)[both]
    assert (mesh.face_labels[ids[both] - 1] == expected).mean() > 0.95


def test_clothes_lie_outside_the_body(dressed_woman: GroundTruth):
    """Along each line of sight to cloth, the cloth comes before the body."""
    camera = camera_at(30.0, dressed_woman)
    cameras = as_tensors(camera)
    mesh = labelled_mesh(dressed_woman)

    def depth_and_ids(vertices: np.ndarray, faces: np.ndarray):
        faces = torch.from_numpy(faces).long()
        rast = draw(torch.from_numpy(vertices), faces, cameras, (SIZE, SIZE)).rast[0]
        return rast[..., 2].numpy(), rast[..., 3].long().numpy()

    depth, ids = depth_and_ids(mesh.vertices, mesh.faces)
    body_depth, body_ids = depth_and_ids(dressed_woman.body.vertices, dressed_woman.template.faces)
    cloth = [PIXEL_CLASSES.index(name) for name in ("top", "bottom", "shoes")]
    is_cloth = (ids > 0) & np.isin(mesh.face_labels[ids - 1], cloth) & (body_ids > 0)
    assert is_cloth.sum() > 500
    assert (depth[is_cloth] <= body_depth[is_cloth]).mean() > 0.99


def test_keypoints_are_the_projected_joints_and_lie_on_the_person(dressed_woman: GroundTruth):
    """Projected through the other camera code; the visible ones fall on the silhouette."""
    camera = camera_at(-25.0, dressed_woman)
    picture = photograph(dressed_woman, -25.0)
    bones = [dressed_woman.template.bones.index(bone) for bone in KEYPOINT_BONES.values()]
    joints = torch.from_numpy(dressed_woman.body.bone_heads[bones])
    clip = to_clip(joints, as_tensors(camera).clip_from_world(1.0))[0]
    x = (clip[:, 0] / clip[:, 3] + 1) * SIZE / 2
    y = (1 - clip[:, 1] / clip[:, 3]) * SIZE / 2
    assert np.abs(picture.keypoints[:, 0] - x.numpy()).max() < 0.02
    assert np.abs(picture.keypoints[:, 1] - y.numpy()).max() < 0.02
    visible = picture.keypoints[picture.keypoints[:, 2] > 0]
    assert len(visible) > 12
    column, row = visible[:, :2].astype(int).T
    assert (picture.labels[row, column] > 0).all()


def test_sides_are_the_persons_own(dressed_woman: GroundTruth):
    """From the front the left hand is on the right of the picture; `left side` shows it."""
    front = photograph(dressed_woman, 0.0)
    left, right = KEYPOINTS.index("left_wrist"), KEYPOINTS.index("right_wrist")
    assert front.keypoints[left, 0] > front.keypoints[right, 0]
    assert view_of_azimuth(90.0) == "left side"
    side = photograph(dressed_woman, 90.0)
    assert side.keypoints[left, 2] == 1.0
    assert side.keypoints[right, 2] == 0.0
    back = photograph(dressed_woman, 180.0)
    assert (back.labels == PIXEL_CLASSES.index("face")).sum() < 20
    assert (front.labels == PIXEL_CLASSES.index("face")).sum() > 40


def test_front_normals_point_at_the_camera(dressed_woman: GroundTruth):
    """Normals are unit length, and what is seen faces the viewer."""
    picture = photograph(dressed_woman, 0.0)
    inside = picture.labels > 0
    inside[1:] &= inside[:-1]
    inside[:, 1:] &= inside[:, :-1]
    normals = picture.normals[inside].astype(float) / 127.5 - 1
    assert np.median(np.linalg.norm(normals, axis=1)) == pytest.approx(1.0, abs=0.03)
    assert (normals[:, 2] > 0).mean() > 0.98


def test_clothes_move_with_the_body(dressed_woman: GroundTruth):
    """In a pose no cloth vertex strays: it keeps its distance from the nearest bone head."""
    truth = dressed_woman
    pose = sample_pose(numpy_generator(5, "test"), truth.template, truth.body, 0.35)
    posed = pose_person(
        truth.dressed, truth.body, bone_transforms(truth.template, truth.body, pose)
    )
    assert np.abs(truth.dressed.weights.sum(1) - 1).max() < 1e-3

    def reach(vertices: np.ndarray, joints: np.ndarray) -> np.ndarray:
        return np.linalg.norm(vertices[::7, None] - joints[None], axis=2).min(1)

    change = reach(posed.vertices, posed.bone_heads) - reach(
        truth.dressed.vertices, truth.body.bone_heads
    )
    assert np.abs(change).max() < 0.12
    assert np.abs(posed.vertices - truth.dressed.vertices).max() > 0.05


def test_projection_agrees_with_the_shared_camera():
    """The fast projection and `render.camera` put a point on the same pixel and depth."""
    camera = Camera(-70.0, 12.0, (0.1, -0.2, 0.3), 1.7, 0.55)
    points = numpy_generator(1, "test").uniform(-0.5, 0.5, (20, 3))
    screen = project(camera, points, 100)
    clip = to_clip(torch.from_numpy(points).float(), as_tensors(camera).clip_from_world(1.0))[0]
    expected = torch.stack(
        [50 * (1 + clip[:, 0] / clip[:, 3]), 50 * (1 - clip[:, 1] / clip[:, 3]), clip[:, 3]], 1
    )
    assert np.abs(screen - expected.numpy()).max() < 1e-3
