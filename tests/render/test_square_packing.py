"""Charts in a square: apart, whole, large and the same every time."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from album2avatar.errors import MeshError
from album2avatar.mesh.types import UvMap
from album2avatar.render.baking import map_texels
from album2avatar.render.square_packing import pack_into_square

SIZE, PADDING = 256, 3


def rectangles(count: int) -> tuple[UvMap, torch.Tensor]:
    """Turned rectangles of many sizes, all at the same place."""
    draw = torch.Generator().manual_seed(2)
    unit = torch.tensor([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    sides = 0.2 + torch.rand(count, 1, 2, generator=draw)
    angle = 6.3 * torch.rand(count, generator=draw)
    turn = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], 1).view(-1, 2, 2)
    places = (unit * sides) @ turn.transpose(1, 2)
    faces = torch.tensor([[0, 1, 2], [0, 2, 3]]) + 4 * torch.arange(count)[:, None, None]
    return UvMap(places.reshape(-1, 2), faces.view(-1, 3)), torch.arange(count).repeat_interleave(2)


def areas(uv: UvMap) -> torch.Tensor:
    a, b, c = uv.coordinates.double()[uv.faces].unbind(1)
    (x1, y1), (x2, y2) = (b - a).unbind(1), (c - a).unbind(1)
    return (x1 * y2 - x2 * y1) / 2


def test_charts_keep_their_form_and_lie_apart():
    uv, chart = rectangles(12)
    packed = pack_into_square(uv, SIZE, PADDING)
    assert 0 < float(packed.coordinates.min()) < float(packed.coordinates.max()) < 1
    ratio = areas(packed) / areas(uv)
    assert float(ratio.min()) > 0  # none is mirrored
    torch.testing.assert_close(ratio, ratio[:1].expand_as(ratio), rtol=1e-3, atol=0)
    assert float(areas(packed).sum()) > 0.6
    owner = map_texels(packed, (SIZE, SIZE)).rast[0, ..., 3].long()
    number = torch.where(owner > 0, chart[(owner - 1).clamp(min=0)] + 1, 0).numpy()
    for label in range(1, 13):
        near = ndimage.binary_dilation(number == label, iterations=PADDING)
        assert set(np.unique(number[near])) <= {0, label}


def test_packing_twice_gives_the_same():
    uv, _ = rectangles(5)
    first, second = (pack_into_square(uv, SIZE, PADDING) for _ in range(2))
    assert torch.equal(first.coordinates, second.coordinates)


def test_what_has_no_area_or_no_room_is_refused():
    uv, _ = rectangles(3)
    with pytest.raises(MeshError, match="no area"):
        pack_into_square(UvMap(0 * uv.coordinates, uv.faces), SIZE, PADDING)
    uv, _ = rectangles(60)
    with pytest.raises(MeshError, match="texture_size"):
        pack_into_square(uv, 8, PADDING)
