"""What a crop shows is where the crop says that it is."""

import pytest
import torch

from album2avatar.perception.crops import (
    OUTSIDE,
    Square,
    around_box,
    crop,
    paste_back,
    point_to_photo,
    whole_photo,
)

SQUARES = [
    whole_photo(200, 300),
    Square(40.0, 25.0, 120.0),
    Square(-35.5, 60.25, 170.0),
    Square(200.0, 120.0, 64.0),
    Square(-500.0, -400.0, 1300.0),
]


def ramps(height: int, width: int) -> torch.Tensor:
    """Two channels that hold each pixel's own x and y."""
    x = (torch.arange(width) + 0.5).expand(height, width)
    y = (torch.arange(height) + 0.5)[:, None].expand(height, width)
    return torch.stack([x, y])


@pytest.mark.parametrize("square", SQUARES)
def test_crop_pixels_show_the_photo_at_their_coordinates(square):
    height, width, size = 200, 300, 64
    shown = crop(ramps(height, width), square, size)
    places = point_to_photo(ramps(size, size).permute(1, 2, 0), square, size)
    margin = 2 * square.side / size + 2
    x, y = places.unbind(-1)
    inside = (x > margin) & (x < width - margin) & (y > margin) & (y < height - margin)
    assert inside.any()
    error = (shown.permute(1, 2, 0) - places).abs().amax(-1)
    assert error[inside].max() < 0.51  # half a pixel, where shrinking averages blocks


@pytest.mark.parametrize("square", SQUARES[:3])
def test_paste_back_undoes_crop(square):
    height, width = 200, 300
    picture = crop(ramps(height, width), square, 128)
    back = paste_back(picture, square, height, width)
    x, y = ramps(height, width)
    margin = 2 * square.side / 128 + 2
    near = (
        (x > max(square.left, 0) + margin)
        & (x < min(square.left + square.side, width) - margin)
        & (y > max(square.top, 0) + margin)
        & (y < min(square.top + square.side, height) - margin)
    )
    assert (back - ramps(height, width)).abs().amax(0)[near].max() < 0.51


def test_beyond_the_photo_is_grey():
    shown = crop(torch.zeros(3, 50, 50), Square(-100.0, -100.0, 250.0), 50)
    assert shown[:, 0, 0].tolist() == [OUTSIDE] * 3
    assert shown[:, 25, 25].tolist() == [0.0] * 3


def test_square_around_a_box_is_centred_and_leaves_room():
    square = around_box(10, 20, 30, 120, margin=0.1)
    assert square.side == pytest.approx(110)
    assert square.left + square.side / 2 == pytest.approx(20)
    assert square.top + square.side / 2 == pytest.approx(70)
