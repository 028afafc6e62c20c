"""Joints that the masks contradict, and where a face is."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from album2avatar.assets import AssetKind
from album2avatar.body.anny import load_anny_body
from album2avatar.body.keypoints import KEYPOINTS
from album2avatar.body.plausibility import drop_implausible
from album2avatar.fitting.faces import face_centre_energy, face_centres
from album2avatar.fitting.silhouettes import Skin
from album2avatar.fitting.variables import FitVariables, PosedBodies
from nude_album import make_album

KINDS: list[AssetKind] = ["face", "hair", "top"]
SIZE = 100


def mask() -> np.ndarray:
    """A face under hair, over a top."""
    values = np.zeros((SIZE, SIZE), np.uint8)
    values[10:20, 40:60] = 2
    values[20:30, 40:60] = 1
    values[30:90, 30:70] = 3
    return values


def at(column: float, row: float) -> tuple[float, float, float]:
    return (2 * column - SIZE) / SIZE, (SIZE - 2 * row) / SIZE, 0.9


@pytest.mark.parametrize(
    ("name", "place", "is_kept"),
    [
        ("left_shoulder", (65, 35), True),
        ("left_shoulder", (72, 35), True),  # masks and joints are a little wrong
        ("left_shoulder", (95, 80), False),
        ("right_eye", (45, 22), True),
        ("head", (50, 12), True),
        ("right_eye", (50, 80), False),
        ("left_toe", (0, 99), False),
    ],
)
def test_joints_off_the_person_are_not_trusted(name, place, is_kept):
    keypoints = torch.zeros(len(KEYPOINTS), 3)
    keypoints[KEYPOINTS.index(name)] = torch.tensor(at(*place))
    result, dropped = drop_implausible(keypoints, mask(), KINDS)
    assert bool(result[KEYPOINTS.index(name), 2] > 0) == is_kept
    assert dropped == (() if is_kept else (name,))
    assert torch.equal(result[:, :2], keypoints[:, :2])


def test_without_a_head_in_sight_eyes_may_be_anywhere_on_the_person():
    headless = np.where(mask() == 3, 3, 0).astype(np.uint8)
    keypoints = torch.zeros(len(KEYPOINTS), 3)
    keypoints[KEYPOINTS.index("head")] = torch.tensor(at(50, 50))
    assert drop_implausible(keypoints, headless, KINDS)[1] == ()
    assert drop_implausible(keypoints, np.zeros_like(headless), KINDS)[1] == ("head",)


def test_a_face_beside_its_mask_is_drawn_to_it():
    """By a force that finite differences confirm, and none where no face is seen."""
    model = load_anny_body()
    shape = model.usual_shape("woman")
    body = model.canonical(shape)
    face = Skin.of(model, body.faces, body.parts["surface"] & body.parts["face"])
    zeros = torch.zeros(1, len(model.joints), 3)
    place = torch.tensor([[0.0, -0.2, 0.7]])

    def energy(turned: torch.Tensor, centre: torch.Tensor) -> torch.Tensor:
        variables = FitVariables(
            shape, zeros, turned, torch.zeros(1, 2), place, torch.tensor([1.3])
        )
        seen = replace(
            make_album(2, ("full body",), 16).observations,
            face_area=torch.tensor([0.05]),
            face_centre=centre,
        )
        return face_centre_energy(PosedBodies.of(model, variables), variables, face, seen).sum()

    straight = FitVariables(
        shape, zeros, torch.zeros(1), torch.zeros(1, 2), place, torch.tensor([1.3])
    )
    middle = face_centres(PosedBodies.of(model, straight), straight.log_focal, face)
    assert abs(float(middle[0, 0])) < 1e-3  # the template is symmetric
    yaw = torch.tensor([0.2], requires_grad=True)
    found = energy(yaw, middle)
    assert float(found.detach()) > 0.1 > 10 * float(energy(torch.zeros(1), middle))
    found.backward()
    step = 1e-3
    change = energy(torch.tensor([0.2 + step]), middle) - energy(torch.tensor([0.2 - step]), middle)
    assert yaw.grad is not None
    assert float(yaw.grad) == pytest.approx(float(change) / (2 * step), rel=0.05)
    assert float(energy(torch.zeros(1), torch.full((1, 2), torch.nan))) == 0
