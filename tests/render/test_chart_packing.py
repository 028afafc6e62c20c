"""Charts find room in what a texture has left."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from album2avatar.errors import MeshError
from album2avatar.mesh.charts import find_charts
from album2avatar.mesh.types import UvMap
from album2avatar.render.baking import map_texels
from album2avatar.render.chart_packing import pack_charts

SIZE = 128


def squares(sides: list[float]) -> UvMap:
    """Square charts of two triangles each, side by side."""
    coordinates, faces, left = [], [], 0.0
    for number, side in enumerate(sides):
        corners = torch.tensor([[0.0, 0], [1, 0], [1, 1], [0, 1]]) * side
        coordinates.append(corners + torch.tensor([left, 0.0]))
        faces.append(torch.tensor([[0, 1, 2], [0, 2, 3]]) + 4 * number)
        left += side + 1
    return UvMap(torch.cat(coordinates), torch.cat(faces))


def half_taken() -> np.ndarray:
    taken = np.zeros((SIZE, SIZE), bool)
    taken[:, : SIZE // 2] = True
    return taken


def test_charts_lie_beside_what_is_taken_and_apart_from_each_other():
    uv, scale = pack_charts(squares([3.0, 2.0, 2.0, 1.0]), half_taken(), 10.0, padding=2)
    assert scale == 10.0
    covered = [
        map_texels(UvMap(uv.coordinates, uv.faces[rows : rows + 2]), (SIZE, SIZE)).covered.numpy()
        for rows in range(0, 8, 2)
    ]
    grown = [ndimage.binary_dilation(chart, iterations=1) for chart in covered]
    assert not any((chart & half_taken()).any() for chart in grown)
    for first in range(4):
        assert covered[first].sum() == pytest.approx([900, 400, 400, 100][first], rel=0.15)
        for second in range(first + 1, 4):
            assert not (grown[first] & grown[second]).any()


def test_too_large_charts_get_smaller_together():
    uv, scale = pack_charts(squares([3.0, 3.0]), half_taken(), 40.0, padding=2)
    assert scale < 40.0
    edge = (uv.coordinates[uv.faces[::2, 0]] - uv.coordinates[uv.faces[::2, 1]]).norm(dim=1)
    assert torch.allclose(edge * SIZE, torch.full((2,), 3.0 * scale), rtol=1e-4)


def test_a_full_texture_is_refused():
    taken = np.ones((SIZE, SIZE), bool)
    taken[:6, :6] = False
    with pytest.raises(MeshError, match="no room"):
        pack_charts(squares([3.0]), taken, 20.0, padding=2)


def test_charts_are_found_and_ordered_by_size():
    charts = find_charts(squares([1.0, 3.0, 2.0]))
    assert [int(chart.corners.min()) for chart in charts] == [4, 8, 0]
