"""What is known of some vertices reaches the others of the same asset."""

import torch

from album2avatar.mesh.topology import edge_table
from album2avatar.projection.spreading import spread_values

COLUMNS = 12


def strip() -> torch.Tensor:
    """Faces of a ribbon of two rows of vertices."""
    faces = []
    for column in range(COLUMNS - 1):
        a, b = 2 * column, 2 * column + 1
        faces += [[a, a + 2, b], [b, a + 2, b + 2]]
    return torch.tensor(faces)


def test_between_two_known_ends_values_change_evenly():
    values, weights = torch.zeros(2 * COLUMNS, 1), torch.zeros(2 * COLUMNS)
    values[-2:], weights[:2], weights[-2:] = 1.0, 1e6, 1e6
    assets = torch.zeros(2 * COLUMNS, dtype=torch.int64)
    found = spread_values(edge_table(strip()), assets, values, weights, 0.0)
    upper = found[::2, 0]
    assert torch.all(upper.diff() > 0)
    assert torch.allclose(upper[2:-2].diff(), torch.full((7,), 1 / 11), atol=0.02)


def test_nothing_crosses_a_border():
    values, weights = torch.ones(2 * COLUMNS, 1), torch.zeros(2 * COLUMNS)
    values[:2], values[-2:], weights[:2], weights[-2:] = 0.2, 0.8, 1.0, 1.0
    assets = (torch.arange(2 * COLUMNS) >= COLUMNS).long()
    found = spread_values(edge_table(strip()), assets, values, weights, 0.0)[:, 0]
    assert torch.allclose(found[:COLUMNS], torch.tensor(0.2), atol=1e-3)
    assert torch.allclose(found[COLUMNS:], torch.tensor(0.8), atol=1e-3)


def test_with_fading_far_places_hear_nothing():
    values, weights = torch.zeros(2 * COLUMNS, 1), torch.zeros(2 * COLUMNS)
    values[:2], weights[:2] = 1.0, 1e6
    assets = torch.zeros(2 * COLUMNS, dtype=torch.int64)
    found = spread_values(edge_table(strip()), assets, values, weights, 1.0)[:, 0]
    assert found[0] > 0.99
    assert found[4] < 0.3
    assert found[-1] < 0.01
