"""Limbs of a small skeleton."""

import torch

from album2avatar.body.limb_bones import limb_of_bones
from album2avatar.body.types import Skeleton


def test_a_bone_belongs_to_the_nearest_limb_that_begins_at_or_above_it():
    names = ("root", "thigh", "spine", "shin", "foot", "arm")
    places = torch.zeros(6, 3)
    parents = (-1, 0, 0, 1, 3, 2)
    skeleton = Skeleton(names, parents, places, places, torch.eye(4).repeat(6, 1, 1))
    limbs = limb_of_bones(skeleton, {"thigh": 1, "foot": 2, "tail": 3})
    assert limbs.tolist() == [0, 1, 0, 1, 2, 0]
