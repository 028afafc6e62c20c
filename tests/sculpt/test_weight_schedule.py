"""Weights that fall over the steps."""

import itertools

import pytest

from album2avatar.sculpt.schedule import falling


def test_a_weight_falls_by_the_same_factor_at_every_step():
    values = [falling(900.0, 0.03, step, 50) for step in range(50)]
    assert values[0] == pytest.approx(900.0)
    assert values[-1] == pytest.approx(27.0)
    factors = [later / earlier for earlier, later in itertools.pairwise(values)]
    assert factors == pytest.approx([factors[0]] * 49)


def test_a_share_of_one_or_a_single_step_leaves_the_weight_as_it_is():
    assert [falling(5.0, 1.0, step, 9) for step in range(9)] == [5.0] * 9
    assert falling(5.0, 0.1, 0, 1) == 5.0
