"""The body as cloth lies on it: without navel and what else is small and covered."""

from collections.abc import Collection
from dataclasses import replace

import numpy as np
import torch
from scipy import sparse
from scipy.sparse.linalg import splu
from torch import Tensor

from album2avatar.assets import AssetKind
from album2avatar.body.types import CanonicalBody
from album2avatar.mesh.graph_laplacian import graph_laplacian
from album2avatar.mesh.laplacian import cotangent_weights, uniform_laplacian
from album2avatar.mesh.normals import face_areas
from album2avatar.mesh.topology import EdgeTable, edge_table
from album2avatar.mesh.types import Mesh

REACH = 0.016
"""Metres. Forms less than twice as wide go, those five times as wide stay: a breast does, a navel
doesn't."""
STEPS = 2
"""Of the filter: two take a navel, of which one leaves a quarter."""
WAIST = 0.58
"""Height, as a share of the body's, above which a top covers it and below which trousers do."""
_FADING = 6
"""Rounds over the mesh in which the covered part's border gets soft."""


def covered_relief(body: CanonicalBody, kinds: Collection[AssetKind]) -> CanonicalBody:
    """Take the small forms off the skin that is covered by what is worn.

    Args:
        kinds: what is worn.

    Returns:
        The body with other `vertices`; head, hands and feet keep theirs, and so does what is bare.
        Toes stand too far apart to become a shoe.

    Source: Desbrun et al. 1999, "Implicit fairing of irregular meshes", section 3; the filter is
        (I + h⁴ L²)⁻¹, in implicit steps.
    """
    skin = body.parts["surface"]
    covered = _covered(body, set(kinds)) & skin
    if not bool(covered.any()):
        return body
    faces = body.faces[skin[body.faces].all(1)]
    edges = edge_table(faces)
    soft = covered.to(body.vertices.dtype)[:, None]
    for _ in range(_FADING):
        soft = soft + uniform_laplacian(soft, edges)
    smooth = _fair(Mesh(body.vertices, faces), edges, skin)
    share = torch.minimum(covered.to(soft.dtype)[:, None], soft)
    return replace(body, vertices=torch.lerp(body.vertices, smooth, share))


def _covered(body: CanonicalBody, kinds: set[AssetKind]) -> Tensor:
    height = body.vertices[:, 2]
    skin = height[body.parts["surface"]]
    is_above = height > skin.amin() + WAIST * (skin.amax() - skin.amin())
    feet = body.parts["foot.L"] | body.parts["foot.R"]
    hands = body.parts["hand.L"] | body.parts["hand.R"]
    has_top = bool(kinds & {"top", "dress", "outerwear"})
    has_legs = bool(kinds & {"bottom", "dress"})
    covered = (is_above & has_top) | (~is_above & has_legs)
    return covered & ~hands & ~feet & ~body.parts["head"]


def _fair(mesh: Mesh, edges: EdgeTable, used: Tensor) -> Tensor:
    """Vertices (V, 3) without small forms; those that are not `used` (V,) stay."""
    places = mesh.vertices.double()
    count = len(places)
    weights = cotangent_weights(places, edges).clamp(min=1e-3).cpu().numpy()
    laplacian = sparse.csr_matrix(graph_laplacian(edges.vertices.cpu().numpy(), count, weights))
    area = places.new_zeros(count)
    area.index_add_(0, mesh.faces.reshape(-1), face_areas(mesh).double().repeat_interleave(3) / 3)
    mass = np.where(used.cpu().numpy(), area.cpu().numpy(), 1.0).clip(1e-9)
    bends = sparse.csr_matrix(laplacian @ sparse.diags(1.0 / mass) @ laplacian)
    system = sparse.csc_matrix(sparse.diags(mass) + REACH**4 * bends)
    solver, solved = splu(system), places.cpu().numpy()
    for _ in range(STEPS):
        solved = solver.solve(mass[:, None] * solved)
    return torch.from_numpy(solved).to(mesh.vertices)
