"""The clean plate: exact where the background is seen, smooth where it isn't."""

import torch
from torch import Tensor

from album2avatar.decomposition.filling import fill_smoothly
from album2avatar.decomposition.plate import exposure_gains, make_plate, robust_plate

HEIGHT, WIDTH, COUNT = 40, 50, 9
STILL = torch.eye(3, dtype=torch.float64).repeat(COUNT, 1, 1)


def wall() -> Tensor:
    """(H, W, 3) uint8, every pixel different."""
    generator = torch.Generator().manual_seed(2)
    return torch.randint(40, 200, (HEIGHT, WIDTH, 3), generator=generator, dtype=torch.uint8)


def passing(background: Tensor) -> Tensor:
    """(T, H, W, 3) uint8: somebody in red walks through, ten pixels wide."""
    frames = background.repeat(COUNT, 1, 1, 1)
    for index in range(COUNT):
        frames[index, 8:, 5 * index : 5 * index + 10] = torch.tensor([230, 10, 10])
    return frames


def test_a_passer_by_whom_nobody_masked_leaves_the_plate_exact() -> None:
    background = wall()
    weights = torch.ones(COUNT, HEIGHT, WIDTH)
    color, total, _ = robust_plate(passing(background).float() / 255, weights)
    torch.testing.assert_close(color, background.float() / 255, atol=1e-6, rtol=0)
    assert (total == COUNT).all()


def test_what_is_masked_in_every_frame_is_unseen_and_filled_from_beside() -> None:
    grey = torch.full((HEIGHT, WIDTH, 3), 120, dtype=torch.uint8)
    frames = grey.repeat(COUNT, 1, 1, 1)
    background = torch.full((COUNT, HEIGHT, WIDTH), 255, dtype=torch.uint8)
    frames[:, 10:20, 10:20], background[:, 10:20, 10:20] = 255, 0
    plate = make_plate(frames, background, STILL)
    hole = torch.zeros(HEIGHT, WIDTH, dtype=torch.bool)
    hole[10:20, 10:20] = True
    assert torch.equal(plate.seen, ~hole)
    torch.testing.assert_close(plate.color, grey.float() / 255, atol=1e-4, rtol=0)


def test_a_change_of_exposure_is_found_and_taken_out() -> None:
    background = wall()
    brighter = torch.linspace(0.8, 1.2, COUNT)[:, None].expand(-1, 3)
    still = (background.float()[None] * brighter[:, None, None]).round().clamp(0, 255)
    every = torch.full((COUNT, HEIGHT, WIDTH), 255, dtype=torch.uint8)
    frames = still.to(torch.uint8)
    gains = exposure_gains(frames, every, background.float() / 255, COUNT // 2)
    torch.testing.assert_close(gains, brighter, atol=0.01, rtol=0)
    plate = make_plate(frames, every, STILL)
    torch.testing.assert_close(plate.color, background.float() / 255, atol=0.012, rtol=0)


def test_filling_keeps_what_is_known_and_stays_within_its_range() -> None:
    generator = torch.Generator().manual_seed(1)
    colors = torch.rand(33, 47, 3, generator=generator)
    known = (torch.rand(33, 47, generator=generator) > 0.7).float()
    filled = fill_smoothly(colors, known)
    assert torch.equal(filled[known > 0], colors[known > 0])
    assert filled.min() >= 0
    assert filled.max() <= 1
