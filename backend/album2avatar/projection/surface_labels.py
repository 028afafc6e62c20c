"""Which asset each point of the surface belongs to, and its colour, as the photos vote."""

from collections.abc import Sequence

import torch
from scipy.spatial import KDTree
from torch import Tensor, nn

from album2avatar.mesh.laplacian import uniform_laplacian
from album2avatar.mesh.topology import edge_table
from album2avatar.mesh.types import Mesh
from album2avatar.projection.medians import weighted_median
from album2avatar.projection.observations import Observation

SMOOTHING_ROUNDS = 24
"""Rounds in which neighbours agree; each reaches one edge further."""
FAIRING_ROUNDS = 6
"""Rounds without the vertices' own votes, which make hems and hairlines smooth."""
NEIGHBOR_WEIGHT = 2.0
"""Weight of the neighbours' mean against one clear vote of the vertex's own."""
SMOOTHED_EDGE = 0.0175
"""Metres of an edge across which neighbours agree as the constants above say; across longer ones
they agree less, or an opened jacket would close."""
ASSET_WEIGHT = 0.1
"""Weight of the asset's usual colour against one clear view of the vertex itself."""


def smoothing_steps(mesh: Mesh) -> Tensor:
    """(V,) 0..1, by how much neighbours agree in a round: less where edges are long.

    Smoothing then reaches as many metres on a coarse mesh as on a fine one.
    """
    ends = edge_table(mesh.faces).vertices
    start, end = mesh.vertices[ends].unbind(1)
    length = (end - start).norm(dim=1).repeat_interleave(2)
    count = torch.bincount(ends.flatten(), minlength=len(mesh.vertices))
    total = torch.zeros(len(mesh.vertices), device=length.device)
    mean = total.index_add(0, ends.flatten(), length) / count.clamp(min=1)
    return (SMOOTHED_EDGE / mean.clamp(min=1e-9)).square().clamp(max=1.0)


def share_surface(
    mesh: Mesh, observations: Sequence[Observation], possible: Tensor, steps: Tensor
) -> Tensor:
    """How far each vertex belongs to each asset: (V, K), rows sum to 1.

    Photos vote as far as they see a vertex face-on; unseen vertices follow the nearest seen
    one, and neighbours agree. The border of two assets runs where their shares are equal.

    Args:
        observations: at least one of them sees some vertex.
        possible: (V, K) bool, at least one a row; votes for other assets don't count.
        steps: (V,) 0..1, see `smoothing_steps`; ones for a mesh whose detail is meant to go.
    """
    votes = mesh.vertices.new_zeros(possible.shape[0], possible.shape[1] + 1)
    for seen in observations:
        votes[torch.arange(len(seen.asset)), seen.asset + 1] += seen.facing
    return _spread(votes[:, 1:] * possible, possible, mesh, steps[:, None])


def photo_colors(
    assets: Tensor, observations: Sequence[Observation], asset_count: int
) -> tuple[Tensor, Tensor]:
    """Middle colour of each vertex in the photos that show its asset there.

    The geometric median over the photos, weighted by how they face the vertex (Weiszfeld 1937): a
    pose that is fitted wrongly puts one photo's sole onto the shoe, but seldom two photos'.

    Args:
        assets: (V,) int64, the asset that each vertex mostly is.

    Returns:
        (V, 3) sRGB, drawn to the asset's median where the photos show little or nothing of
        the vertex; (V,) 1.0, or 0.0 where the photos show no colour of the whole asset.
    """
    shares = torch.stack(
        [seen.facing.square() * (seen.is_inner & (seen.asset == assets)) for seen in observations]
    )
    weight = shares.sum(0)
    total = weight[:, None] * weighted_median(
        torch.stack([seen.color for seen in observations]), shares
    )
    usual, known = torch.full((asset_count, 3), 0.5), torch.zeros(asset_count)
    for index in range(asset_count):
        rows = ((assets == index) & (weight > 0)).nonzero().squeeze(1)
        if len(rows):
            usual[index] = (total[rows] / weight[rows, None]).median(0).values
            known[index] = 1.0
    mixed = (total + ASSET_WEIGHT * usual[assets]) / (weight + ASSET_WEIGHT)[:, None]
    return mixed, known[assets]


def _spread(votes: Tensor, possible: Tensor, mesh: Mesh, steps: Tensor) -> Tensor:
    """Let neighbours agree and unseen vertices follow the nearest seen one, (V, K).

    Args:
        votes: (V, K), not all zero.
        steps: (V, 1).
    """
    total = votes.sum(1, keepdim=True)
    seen = (total[:, 0] > 0).nonzero().squeeze(1)
    tree = KDTree(mesh.vertices[seen].cpu().numpy())
    _, nearest = tree.query(mesh.vertices.cpu().numpy())
    shares = votes / total.clamp(min=1e-9)
    opinion = shares[seen[torch.as_tensor(nearest, device=seen.device)]]
    confidence = total.clamp(max=1.0)
    edges, pull = edge_table(mesh.faces), NEIGHBOR_WEIGHT * steps
    for _ in range(SMOOTHING_ROUNDS):
        around = opinion + uniform_laplacian(opinion, edges)
        opinion = (confidence * shares + pull * around) / (confidence + pull)
    # Whole votes are faired, not shares: a border would move towards the less certain asset.
    whole = nn.functional.one_hot((opinion * possible).argmax(1), opinion.shape[1])
    shares = whole.to(opinion.dtype)
    for _ in range(FAIRING_ROUNDS):
        shares = shares + steps * uniform_laplacian(shares, edges)
    # The least bit of every possible asset decides where no vote was for a possible one.
    shares = (shares + 1e-6) * possible
    return shares / shares.sum(1, keepdim=True)
