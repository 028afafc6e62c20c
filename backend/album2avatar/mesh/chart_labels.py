"""Labels of faces as the charts of a texture want them: whole quads, short borders, no islands."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from album2avatar.mesh.linked import linked_pieces
from album2avatar.mesh.normals import face_areas
from album2avatar.mesh.topology import edge_table
from album2avatar.mesh.types import Mesh

SHORTENING_ROUNDS = 12
"""Rounds at most in which borders get shorter face by face."""
YIELDING = 0.7
"""Share of its best score that a face's label must have."""

Ints = npt.NDArray[np.int64]


def chart_labels(
    mesh: Mesh,
    mate: Tensor,
    scores: Tensor,
    shows: Tensor,
    least: float,
    poll: Callable[[], None] = lambda: None,
) -> Tensor:
    """Label faces so that labels' borders are short and run where they show least; on the CPU.

    Args:
        mate: (F,) int64, triangles that are quads together get one label; see `mesh.quads`.
        scores: (V, K) how much each vertex is of each label.
        shows: (V,) positive, what a metre of border costs there.
        least: square metres below which an island of a label goes to what is around it.
        poll: called for every island; raises to stop.

    Returns:
        (F,) int64 below K.
    """
    own = torch.arange(len(mesh.faces))
    lead = torch.where(mate >= 0, torch.minimum(own, mate), own)
    _, unit = lead.unique(return_inverse=True)
    count = int(unit.max()) + 1
    of_faces = scores[mesh.faces].mean(1)
    summed = torch.zeros(count, scores.shape[1]).index_add(0, unit, of_faces)
    allowed = (summed >= YIELDING * summed.amax(1, keepdim=True)).numpy()
    labels = summed.argmax(1)
    areas = torch.zeros(count).index_add(0, unit, face_areas(mesh))
    table = edge_table(mesh.faces)
    inner = (table.faces >= 0).all(1)
    ends, units = table.vertices[inner], unit[table.faces[inner]]
    lengths = (mesh.vertices[ends[:, 0]] - mesh.vertices[ends[:, 1]]).norm(dim=1)
    between = units[:, 0] != units[:, 1]
    pairs = units[between].numpy()
    costs = (lengths * shows[ends].mean(1))[between].double().numpy()
    found = _without_islands(labels.numpy(), areas.double().numpy(), pairs, costs, least, poll)
    found = _shortened(found, allowed, pairs, costs)
    found = _without_islands(found, areas.double().numpy(), pairs, costs, least, poll)
    return torch.from_numpy(found)[unit]


def _shortened(
    labels: Ints,
    allowed: npt.NDArray[np.bool_],
    pairs: Ints,
    costs: npt.NDArray[np.float64],
) -> Ints:
    """Labels of units after each took the allowed label with which its borders cost least."""
    result = labels.copy()
    beside: dict[int, list[tuple[int, float]]] = {}
    for (one, other), cost in zip(pairs.tolist(), costs.tolist(), strict=True):
        beside.setdefault(one, []).append((other, cost))
        beside.setdefault(other, []).append((one, cost))
    for _ in range(SHORTENING_ROUNDS):
        at_border = np.unique(pairs[result[pairs[:, 0]] != result[pairs[:, 1]]])
        changed = False
        for unit in at_border.tolist():
            joined: dict[int, float] = {}
            for other, cost in beside[unit]:
                label = int(result[other])
                if allowed[unit, label]:
                    joined[label] = joined.get(label, 0.0) + cost
            if not joined:
                continue
            best = max(joined, key=lambda label: (joined[label], -label))
            if joined[best] > joined.get(int(result[unit]), 0.0) * (1 + 1e-6):
                result[unit] = best
                changed = True
        if not changed:
            break
    return result


def _without_islands(
    labels: Ints,
    areas: npt.NDArray[np.float64],
    pairs: Ints,
    costs: npt.NDArray[np.float64],
    least: float,
    poll: Callable[[], None],
) -> Ints:
    """Labels in which each small piece has the label that it has the longest border with."""
    result = labels.copy()
    while True:
        poll()
        same = pairs[result[pairs[:, 0]] == result[pairs[:, 1]]]
        piece = linked_pieces(same, len(result))
        size = np.bincount(piece, weights=areas)
        across = piece[pairs[:, 0]] != piece[pairs[:, 1]]
        small = [int(k) for k in np.argsort(size, kind="stable") if size[k] < least]
        border = np.concatenate([pairs[across], pairs[across][:, ::-1]])
        weight = np.concatenate([costs[across], costs[across]])
        for number in small:
            leaving = piece[border[:, 0]] == number
            # Borders without any length join nothing: then the piece would be looked at forever.
            if weight[leaving].sum() > 0:
                joined = np.bincount(result[border[leaving, 1]], weights=weight[leaving])
                result[piece == number] = int(joined.argmax())
                break
        else:
            return result
