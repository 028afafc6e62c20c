"""Draws depend on seed and purpose, and on nothing else."""

import torch

from album2avatar.seeding import derive_seed, numpy_generator, torch_generator


def test_purposes_that_spell_alike_do_not_collide():
    seeds = {derive_seed(1, "a", 11), derive_seed(1, "a1", 1), derive_seed(11, "a", 1)}
    assert len(seeds) == 3


def test_a_purpose_gives_the_same_draw_in_any_order():
    first = torch.randn(3, generator=torch_generator(0, "sculpt", 5))
    torch_generator(0, "sculpt", 6)
    numpy_generator(0, "sculpt", 5).normal()
    again = torch.randn(3, generator=torch_generator(0, "sculpt", 5))
    assert torch.equal(first, again)
