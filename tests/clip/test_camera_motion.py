"""How a hand moved the camera is found from the background alone."""

import pytest
import torch
from torch import Tensor

from album2avatar.clip.camera_motion import estimate_motion
from album2avatar.clip.homography import apply, pixel_centres, warp
from album2avatar.errors import AlbumError

SIZE = (120, 160)


def scenery() -> Tensor:
    """(1, H, W) smooth blobs of many sizes."""
    generator = torch.Generator().manual_seed(5)
    layers = [
        torch.nn.functional.interpolate(
            torch.rand(1, 1, rows, rows, generator=generator), SIZE, mode="bicubic"
        )[0]
        for rows in (5, 11, 23)
    ]
    return torch.stack(layers).mean(0).clamp(0, 1)


def homography(shift: tuple[float, float], turn: float, tilt: float) -> Tensor:
    """Turned by `turn` radians about the middle, then shifted, and seen at an angle."""
    to_middle = torch.eye(3, dtype=torch.float64)
    to_middle[:2, 2] = -torch.tensor([SIZE[1] / 2, SIZE[0] / 2])
    angle = torch.tensor(turn)
    turned = torch.eye(3, dtype=torch.float64)
    turned[:2, :2] = torch.tensor([[angle.cos(), -angle.sin()], [angle.sin(), angle.cos()]])
    turned[:2, 2] += torch.tensor(shift)
    turned[2, 0] = tilt
    return torch.linalg.inv(to_middle) @ turned @ to_middle


TRUE = [
    homography((-6.0, 3.0), -0.02, 2e-5),
    homography((-3.0, 2.0), -0.01, 1e-5),
    torch.eye(3, dtype=torch.float64),
    homography((4.0, -1.0), 0.015, -2e-5),
    homography((9.0, -3.0), 0.03, -4e-5),
]
"""From the middle frame to each."""


def held(brightness: float = 0.0) -> tuple[Tensor, Tensor]:
    """Frames of the scenery and their masks; a white block walks the other way."""
    frames, masks = [], []
    for index, one in enumerate(TRUE):
        frame = warp(scenery(), torch.linalg.inv(one), SIZE, "border")[0] + index * brightness
        mask = torch.zeros(SIZE)
        mask[30:100, 90 - 10 * index : 110 - 10 * index] = 1
        frames.append(torch.where(mask > 0, torch.tensor(1.0), frame))
        masks.append(mask)
    return torch.stack(frames), torch.stack(masks)


@pytest.mark.parametrize("brightness", [0.0, 0.03])
def test_known_homographies_are_recovered(brightness: float) -> None:
    found = estimate_motion(*held(brightness), most=0.2, pause=lambda: None)
    places = pixel_centres(SIZE)[5::10, 5::10]
    for one, true in zip(found, TRUE, strict=True):
        away = (apply(one, places) - apply(true, places)).norm(dim=-1)
        assert float(away.mean()) < 0.25


def test_before_a_plain_wall_nothing_moves() -> None:
    """Only the badly masked person has edges; the camera must not follow them."""
    frames, masks = held()
    plain = torch.where(masks > 0, frames, 0.8)
    badly = masks.roll(2, -1)
    found = estimate_motion(plain, badly, most=0.2, pause=lambda: None)
    assert torch.equal(found, torch.eye(3, dtype=torch.float64).expand(len(TRUE), 3, 3))


def test_a_camera_that_moves_too_far_is_refused_with_a_way_out() -> None:
    with pytest.raises(AlbumError, match="tripod"):
        estimate_motion(*held(), most=0.03, pause=lambda: None)
