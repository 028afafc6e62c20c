"""Labels on a ball: borders become smooth, and stay where they are."""

import torch
import trimesh

from album2avatar.mesh.labels import faired_labels
from album2avatar.mesh.topology import edge_table
from album2avatar.mesh.types import Mesh

SKIN, CLOTH = 0, 1


def ball() -> Mesh:
    sphere = trimesh.creation.icosphere(subdivisions=4)
    return Mesh(torch.tensor(sphere.vertices).float(), torch.tensor(sphere.faces).long())


def faired(labels: torch.Tensor, fixed: torch.Tensor) -> torch.Tensor:
    return faired_labels(labels, 2, fixed, edge_table(ball().faces)).argmax(1)


def test_cloth_that_ends_where_labels_are_fixed_keeps_its_last_ring():
    mesh = ball()
    is_cloth = mesh.vertices[:, 2] > 0.3
    touching = is_cloth[mesh.faces].any(1) & ~is_cloth[mesh.faces].all(1)
    last_ring = mesh.faces[touching].unique()
    last_ring = last_ring[is_cloth[last_ring]]
    after = faired(is_cloth.long(), ~is_cloth)
    assert float((after[last_ring] == CLOTH).float().mean()) > 0.8


def test_a_fixed_label_stays_even_where_all_around_it_speaks_against_it():
    height = ball().vertices[:, 2]
    labels = torch.full_like(height, CLOTH, dtype=torch.int64)
    labels[height.argmax()] = SKIN
    alone = torch.arange(len(height)) == height.argmax()
    assert torch.equal(faired(labels, alone), labels)


def test_specks_go():
    height = ball().vertices[:, 2]
    labels = (height > 0).long()
    specked = labels.clone()
    specked[height.argmax()] = SKIN
    specked[height.argmin()] = CLOTH
    assert torch.equal(faired(specked, torch.zeros_like(height, dtype=torch.bool)), labels)
