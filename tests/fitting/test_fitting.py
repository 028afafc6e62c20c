"""The fit against people whose shape, pose and cameras are known."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from album2avatar.assets import View
from album2avatar.body.anny import AnnyBody, load_anny_body
from album2avatar.body.keypoints import mirrored_keypoints
from album2avatar.body.kinematics import pose_body, transform_heads
from album2avatar.body.skinning import skin_points
from album2avatar.fitting.assessment import assess_fit, judge_fit
from album2avatar.fitting.energy import keypoint_energy, pose_energy
from album2avatar.fitting.initialization import face_energy, first_guess, place_by_keypoints
from album2avatar.fitting.optimization import optimize, photo_weights
from album2avatar.fitting.silhouettes import Skin, centring_energy, silhouette_energy
from album2avatar.fitting.stage import prepare
from album2avatar.fitting.variables import FitVariables, bone_transforms, joint_spreads, project
from album2avatar.progress import silent_job
from album2avatar.settings import FittingSettings
from nude_album import NudeAlbum, make_album

SETTINGS = FittingSettings(
    keypoint_steps=60, silhouette_steps=16, silhouette_resolution=48, checkpoint_every=1000
)

LOG_FOCAL = -math.log(math.tan(0.26))


@pytest.fixture(scope="module")
def body() -> AnnyBody:
    return load_anny_body()


@pytest.fixture(scope="module")
def album() -> NudeAlbum:
    return make_album(2, ("full body", "full body", "upper body"), resolution=48)


def joint_error(body: AnnyBody, variables: FitVariables, album: NudeAlbum) -> torch.Tensor:
    """(P,) mean distance of the seen joints, share of height, after shift and scale."""
    heads = body.rest(variables.shape).heads
    posed = transform_heads(bone_transforms(body, variables, heads), heads)[:, body.keypoint_bones]
    fitted = torch.stack([posed[..., 0], posed[..., 2], -posed[..., 1]], -1)
    seen = album.observations.confidence[..., None]
    share = seen / seen.sum(1, keepdim=True)
    fitted = fitted - (share * fitted).sum(1, keepdim=True)
    true = album.joints - (share * album.joints).sum(1, keepdim=True)
    scale = (share * fitted * true).sum((1, 2)) / (share * fitted * fitted).sum((1, 2))
    error = (scale[:, None, None] * fitted - true).norm(dim=-1)
    return (error * share[..., 0]).sum(1) / album.rest_vertices[:, 2].max()


def vertex_error(body: AnnyBody, shape: torch.Tensor, album: NudeAlbum) -> float:
    """Mean distance of the vertices at rest in metres, after scale: size is not observable."""
    vertices = body.rest(shape).vertices
    scale = album.rest_vertices[:, 2].max() / vertices[:, 2].max()
    return float((scale * vertices - album.rest_vertices).norm(dim=-1).mean())


def test_fit_finds_joints_and_shape(
    body: AnnyBody, album: NudeAlbum, tmp_path_factory: pytest.TempPathFactory
) -> None:
    problem, guess = prepare(body, album.observations, SETTINGS)
    checkpoint = tmp_path_factory.mktemp("fit") / "fit.safetensors"
    with torch.no_grad():
        before = vertex_error(body, guess.shape, album)
    fitted = optimize(
        problem, lambda: guess, checkpoint, silent_job("fit"), lambda variables, step: checkpoint
    )
    with torch.no_grad():
        assert float(joint_error(body, fitted, album).max()) < 0.03
        after = vertex_error(body, fitted.shape, album)
    assert after < 0.95 * before
    assert after < 0.01


def test_poses_that_were_misread_are_called_doubtful(
    body: AnnyBody, album: NudeAlbum, tmp_path: Path
) -> None:
    """The same fit with an arm or leg turned away, or with the person turned round."""
    problem, guess = prepare(body, album.observations, SETTINGS)
    fitted = optimize(
        problem,
        lambda: guess,
        tmp_path / "fit",
        silent_job("fit"),
        lambda variables, step: tmp_path,
    )
    arm = [joint.bone for joint in body.joints].index("upperarm01.L")
    turns, yaw = fitted.turns.clone(), fitted.yaw.clone()
    turns[0, arm, 2] += math.radians(75) / float(joint_spreads(body)[arm, 2])
    yaw[1] += math.radians(120)
    wrong = replace(fitted, turns=turns, yaw=yaw)

    right, misread = (
        assess_fit(body, album.observations, problem.skin, variables, 48)
        for variables in (fitted, wrong)
    )
    assert all(fit.inside + fit.covered > 1.75 for fit in right)
    for photo in (0, 1):
        assert misread[photo].verdict == "doubtful"
        assert misread[photo].inside < right[photo].inside - 0.03
    assert misread[2] == right[2]


def test_first_guess_is_right_where_the_view_word_is_wrong(
    body: AnnyBody, album: NudeAlbum
) -> None:
    opposite: dict[View, View] = {"front": "back", "back": "front"}
    opposite |= {"left side": "right side", "right side": "left side"}
    views = tuple(opposite[view] for view in album.observations.views)
    observations = replace(album.observations, views=views)
    guess = first_guess(body, observations, body.usual_shape("woman"), LOG_FOCAL, 0.012)
    assert guess.swapped == ()
    with torch.no_grad():
        assert float(joint_error(body, guess.variables, album).max()) < 0.06


def test_first_guess_sees_that_left_and_right_are_confused(
    body: AnnyBody, album: NudeAlbum
) -> None:
    mirrored = list(mirrored_keypoints())
    keypoints = album.observations.keypoints.clone()
    keypoints[1] = keypoints[1, mirrored]
    confidence = album.observations.confidence.clone()
    confidence[1] = confidence[1, mirrored]
    observations = replace(album.observations, keypoints=keypoints, confidence=confidence)
    guess = first_guess(body, observations, body.usual_shape("woman"), LOG_FOCAL, 0.012)
    assert guess.swapped == ("1",)
    assert torch.equal(guess.observations.keypoints, album.observations.keypoints)
    with torch.no_grad():
        assert float(joint_error(body, guess.variables, album).max()) < 0.06


def test_a_back_shows_no_face() -> None:
    variables = FitVariables(
        *(torch.zeros(0),) * 2,
        yaw=torch.tensor([0.0, math.pi]),
        tilt=torch.zeros(2, 2),
        place=torch.zeros(2, 3),
        log_focal=torch.zeros(2),
    )
    front, back = face_energy(variables, torch.tensor([0.016, 0.016])).tolist()
    assert back > front + 4
    front, back = face_energy(variables, torch.zeros(2)).tolist()
    assert front > back + 4
    assert face_energy(variables, torch.full((2,), torch.nan)).tolist() == [0.0, 0.0]


def test_place_is_exact_for_an_exact_pose(body: AnnyBody, album: NudeAlbum) -> None:
    heads = body.rest(torch.zeros(body.shape_size)).heads
    places = torch.tensor([[0.1, -0.05, math.log(3.0)], [0.0, 0.1, math.log(1.2)]])
    yaws = torch.tensor([0.3, 2.0])
    variables = FitVariables(
        shape=torch.zeros(body.shape_size),
        turns=torch.zeros(2, len(body.joints), 3),
        yaw=yaws,
        tilt=torch.zeros(2, 2),
        place=places,
        log_focal=torch.full((2,), 1.2),
    )
    points = transform_heads(bone_transforms(body, variables, heads), heads)
    seen = project(points[:, body.keypoint_bones], variables.log_focal)
    observations = replace(album.observations, keypoints=seen, confidence=torch.ones(2, 21))
    offsets = heads[body.keypoint_bones] - heads[0]
    found = place_by_keypoints(offsets, yaws, observations, 1.2)
    assert torch.allclose(found, places, atol=2e-3)


def test_body_outside_of_the_mask_costs_more_than_cloth_outside_of_the_body(
    album: NudeAlbum,
) -> None:
    small, large = torch.zeros(1, 48, 48), torch.zeros(1, 48, 48)
    small[:, 16:32, 16:32] = 1
    large[:, 12:36, 12:36] = 1
    variables = FitVariables(
        *(torch.zeros(0),) * 4, place=torch.zeros(1, 3), log_focal=torch.zeros(1)
    )

    def cost(coverage: torch.Tensor, person: torch.Tensor, skin: torch.Tensor) -> float:
        observations = replace(
            album.observations,
            person=person,
            skin=skin,
            close_cloth=person - skin,
            image_sizes=album.observations.image_sizes[:1],
        )
        return float(silhouette_energy(coverage, observations, variables, 0.1))

    dressed = cost(small, large, torch.zeros_like(large))
    bare = cost(small, large, large)
    outside = cost(large, small, small)
    assert 0 < 5 * dressed < bare
    assert bare == pytest.approx(outside)
    # A pixel is 2/48 m wide one metre before a camera of focal length 1.
    assert outside == pytest.approx((24**2 - 16**2) * (2 / 48) ** 2, rel=1e-4)


def test_a_body_belongs_into_the_middle_of_its_clothes_but_anywhere_under_a_coat(
    album: NudeAlbum,
) -> None:
    variables = FitVariables(
        *(torch.zeros(0),) * 4, place=torch.zeros(1, 3), log_focal=torch.zeros(1)
    )
    person = torch.zeros(1, 48, 48)
    person[:, 4:44, 14:34] = 1

    def cost(left: int, cloth: torch.Tensor) -> float:
        leg = torch.zeros(1, 48, 48)
        leg[:, 4:44, left : left + 8] = 1
        observations = replace(
            album.observations,
            person=person,
            skin=torch.zeros_like(person),
            close_cloth=cloth,
            image_sizes=album.observations.image_sizes[:1],
        )
        return float(centring_energy(leg, observations, variables))

    assert cost(20, person) < cost(18, person) < cost(16, person) < cost(14, person)
    assert cost(14, person) == pytest.approx(cost(26, person))
    coat = torch.zeros_like(person)
    assert cost(20, coat) == cost(16, coat) == 0


def test_skin_moves_as_the_whole_body_does(body: AnnyBody) -> None:
    canonical = body.canonical(torch.zeros(body.shape_size))
    skin = Skin.of(body, canonical.faces, canonical.parts["surface"])
    generator = torch.Generator().manual_seed(0)
    turns = 0.5 * torch.randn(1, len(body.joints), 3, generator=generator)
    rest = body.rest(torch.zeros(body.shape_size))
    posed = pose_body(body, rest, turns, torch.eye(3)[None], torch.zeros(1, 3))
    moved = skin_points(
        rest.vertices[skin.vertices], skin.weights, posed.bone_transforms[:, skin.bones]
    )
    assert torch.allclose(moved, posed.vertices[:, skin.vertices], atol=1e-5)


def test_joints_bend_only_the_right_way(body: AnnyBody) -> None:
    turns = torch.zeros(2, len(body.joints), 3)
    knee = [joint.bone for joint in body.joints].index("lowerleg01.L")
    turns[0, knee, 0], turns[1, knee, 0] = -1.5, 1.5
    variables = FitVariables(
        torch.zeros(6), turns, torch.zeros(2), torch.zeros(2, 2), torch.zeros(2, 3), torch.zeros(2)
    )
    backward, forward = pose_energy(body, variables).tolist()
    assert forward > backward + 10


def test_a_keypoint_far_off_pulls_no_more() -> None:
    residuals = torch.tensor([[0.02, 1.0], [0.02, 1.1]], requires_grad=True)
    energy = keypoint_energy(residuals, torch.ones(2, 2), torch.tensor([0.03, 0.03]), reach=0.12)
    energy.sum().backward()
    assert residuals.grad is not None
    assert float(residuals.grad[0, 1]) < 0.1 * float(residuals.grad[0, 0])


@pytest.mark.parametrize(
    ("inside", "covered", "apart", "confidence", "words"),
    [
        (0.97, 0.95, 0.02, 0.9, ""),
        (0.6, 0.95, 0.02, 0.9, "60 % of it within"),
        (0.97, 0.3, 0.02, 0.9, "30 % of skin"),
        (0.97, 0.95, 0.2, 0.9, "20 cm away"),
        (0.97, 0.95, 0.02, 0.25, "hard to see"),
    ],
)
def test_what_is_doubtful_about_a_fit_is_said(inside, covered, apart, confidence, words) -> None:
    fit = judge_fit("a", inside, covered, confidence, 20, apart)
    assert fit.verdict == ("doubtful" if words else "good")
    assert words in " ".join(fit.warnings)


def test_photos_whose_keypoints_fit_no_body_count_less() -> None:
    residuals = torch.full((3, 4), 0.01)
    residuals[2] = 0.3
    weights = photo_weights(residuals, torch.ones(3, 4), torch.full((3,), 0.02))
    assert float(weights.mean()) == pytest.approx(1)
    assert float(weights[2]) < 0.02 * float(weights[0])
