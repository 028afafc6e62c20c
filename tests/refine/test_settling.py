"""Keypoints and usual poses bring wrong poses near, before any picture is compared."""

import dataclasses

import numpy as np
import pytest
import torch

from album2avatar.assets import PhotoLabels
from album2avatar.body.anny import AnnyBody, load_anny_body
from album2avatar.body.keypoints import KEYPOINT_BONES, KEYPOINTS, mirrored_keypoints
from album2avatar.body.kinematics import pose_bones, transform_heads
from album2avatar.body.types import CanonicalBody, PhotoPoses
from album2avatar.evaluation.joint_angles import disturbed_poses
from album2avatar.refine.seen_keypoints import FIRST_REACH, SeenKeypoints
from album2avatar.refine.settling import PoseEvidence, settle
from album2avatar.refine.usual_poses import UsualPoses
from album2avatar.render.camera import orbit
from album2avatar.render.screen import to_clip, to_screen

SIZE = 400
COUNT = 3


@pytest.fixture(scope="module")
def model() -> AnnyBody:
    return load_anny_body()


@pytest.fixture(scope="module")
def body(model: AnnyBody) -> CanonicalBody:
    return model.canonical(torch.zeros(model.shape_size))


def stood(model: AnnyBody, body: CanonicalBody) -> PhotoPoses:
    """Three people whose elbows and knees are bent, seen from three sides."""
    turns = torch.zeros(COUNT, len(model.joints), 3)
    names = [joint.bone for joint in model.joints]
    for photo in range(COUNT):
        turns[photo, names.index("lowerarm01.L"), 0] = 0.3 * photo
        turns[photo, names.index("lowerleg01.R"), 0] = -0.2 * photo
        turns[photo, names.index("upperarm01.R"), 2] = -0.1 * photo
    turned = torch.eye(3).expand(COUNT, 3, 3)
    place = body.skeleton.heads[0].expand(COUNT, 3)
    cameras = orbit(
        torch.tensor([0.0, 1.0, 3.0]), torch.zeros(COUNT), torch.tensor([[0.0, 0, 0.85]] * COUNT),
        torch.full((COUNT,), 2.0), 0.4,
    )  # fmt: skip
    transforms = pose_bones(model, body.skeleton.heads, turns, turned, place)
    sizes = torch.tensor([[SIZE, SIZE]] * COUNT)
    return PhotoPoses(tuple("abc"), transforms, cameras, sizes)


def labels_of(poses: PhotoPoses, body: CanonicalBody) -> list[PhotoLabels]:
    """What a network without error sees, by the renderer's own projection."""
    bones = [body.skeleton.names.index(bone) for bone in KEYPOINT_BONES.values()]
    heads = transform_heads(poses.bone_transforms, body.skeleton.heads)[:, bones]
    # The renderer counts from pixels' centres and upwards, keypoints from the corner and down.
    screen = 0.5 + to_screen(to_clip(heads, poses.cameras.clip_from_world(1.0)), (SIZE, SIZE))
    return [
        PhotoLabels(
            photo=name,
            view="front",
            framing="full body",
            keypoints={
                key: (float(x), SIZE - float(y), 0.9)
                for key, (x, y) in zip(KEYPOINTS, row[:, :2].tolist(), strict=True)
            },
        )
        for name, row in zip(poses.photos, screen, strict=True)
    ]


def seen_in(labels: list[PhotoLabels], body: CanonicalBody, poses: PhotoPoses) -> SeenKeypoints:
    """In photos that show nothing but the person."""
    masks = [torch.ones(SIZE, SIZE, dtype=torch.int64)] * COUNT
    return SeenKeypoints.of(labels, masks, ["skin"], body, poses)


def test_true_poses_have_no_keypoint_energy_and_left_is_not_right(
    model: AnnyBody, body: CanonicalBody
):
    poses = stood(model, body)
    labels = labels_of(poses, body)
    seen = seen_in(labels, body, poses)
    assert float(seen.energy(poses, poses.bone_transforms, FIRST_REACH).max()) < 1e-3
    mirror = mirrored_keypoints()
    swapped = [
        label.model_copy(
            update={
                "keypoints": {
                    name: label.keypoints[KEYPOINTS[other]]
                    for name, other in zip(KEYPOINTS, mirror, strict=True)
                }
            }
        )
        for label in labels
    ]
    assert torch.equal(seen_in(swapped, body, poses).places, seen.places)


def test_a_keypoint_that_was_not_seen_does_not_count(model: AnnyBody, body: CanonicalBody):
    poses = stood(model, body)
    labels = labels_of(poses, body)
    far = labels[0].keypoints | {"left_wrist": (0.0, 0.0, 0.1)}
    labels[0] = labels[0].model_copy(update={"keypoints": far})
    seen = seen_in(labels, body, poses)
    assert float(seen.energy(poses, poses.bone_transforms, FIRST_REACH).max()) < 1e-3


def test_a_keypoint_off_its_mask_does_not_count(model: AnnyBody, body: CanonicalBody):
    poses = stood(model, body)
    labels = labels_of(poses, body)
    far = labels[0].keypoints | {"left_wrist": (2.0, 2.0, 0.9)}
    labels[0] = labels[0].model_copy(update={"keypoints": far})
    masks = [torch.ones(SIZE, SIZE, dtype=torch.int64) for _ in labels]
    masks[0][:80, :80] = 0
    seen = SeenKeypoints.of(labels, masks, ["skin"], body, poses)
    wrist = KEYPOINTS.index("left_wrist")
    assert seen.confidence[0, wrist] == 0
    assert (seen.confidence[1:, wrist] > 0).all()


def test_the_rest_pose_is_usual_and_a_twisted_knee_is_not(model: AnnyBody, body: CanonicalBody):
    usual = UsualPoses.of(body)
    names = [joint.bone for joint in model.joints]
    turns = torch.zeros(3, len(names), 3)
    knee = names.index("lowerleg01.L")
    turns[1, knee, 0], turns[2, knee, 1] = -0.35, 0.35
    turned, place = torch.eye(3).expand(3, 3, 3), body.skeleton.heads[0].expand(3, 3)
    rest, bent, twisted = usual.energy(
        pose_bones(model, body.skeleton.heads, turns, turned, place)
    ).tolist()
    assert rest < 1e-3
    assert 0.1 < bent < 2.0
    assert twisted > 5 * bent


def test_settling_brings_joints_nearer_to_where_they_were_seen(
    model: AnnyBody, body: CanonicalBody
):
    true = stood(model, body)
    joints = model.joint_bones.tolist()
    wrong = disturbed_poses(
        true.bone_transforms, body.skeleton, joints, (5.0, 10.0), np.random.default_rng(3)
    )
    poses = dataclasses.replace(true, bone_transforms=wrong)
    evidence = PoseEvidence.of(body, poses, seen_in(labels_of(true, body), body, poses))
    after = evidence.transforms(settle(evidence))

    def away(transforms: torch.Tensor) -> float:
        heads = transform_heads(transforms, body.skeleton.heads)
        true_heads = transform_heads(true.bone_transforms, body.skeleton.heads)
        return float((heads - true_heads)[:, joints].norm(dim=-1).mean())

    assert away(wrong) > 0.04
    assert away(after) < 0.5 * away(wrong)


def test_one_photo_is_corrected_as_among_others(model: AnnyBody, body: CanonicalBody):
    poses = stood(model, body)
    evidence = PoseEvidence.of(body, poses, seen_in(labels_of(poses, body), body, poses))
    settled = settle(evidence)
    single = settle(evidence.at(1))
    assert torch.allclose(
        evidence.at(1).transforms(single), evidence.transforms(settled)[1:2], atol=1e-3
    )
