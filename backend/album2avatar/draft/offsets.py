"""The offsets at which the surface's outlines meet the masks, and where limbs really are."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy import sparse
from scipy.sparse.linalg import splu
from torch import Tensor

from album2avatar.draft.limbs import Limbs
from album2avatar.draft.outlines import OutlineGaps
from album2avatar.mesh.graph_laplacian import graph_laplacian
from album2avatar.mesh.topology import EdgeTable

OUTWARD, INWARD = 0.12, 0.01
"""Metres that the surface may leave the body at most: hair and coats; a fit that is too fat."""
FURTHEST = 0.05
"""Metres that a limb may be elsewhere than the fitted pose says."""
STRETCH = 0.5
"""Weight of a difference between neighbours against one look of a photo."""
BEND = 4.0
"""Weight of a bend, which keeps the surface smooth where photos disagree."""
MIRROR = 0.3
"""Weight of a difference between the two sides: what one shows, the other most likely has."""
ACROSS = 0.03
"""What both weigh between two assets: a skirt ends, the leg below it doesn't follow."""
HOLD = 0.0005
"""Weight of an offset itself: what no photo looks past stays near the body."""
SHIFT = 0.03
"""Weight of a limb's shift, for each look at it. A pose that is fitted wrongly moves both outlines
of a limb the same way, cloth moves them apart."""
FEWEST = 40
"""Looks for which a limb's shift counts at least, so that few looks don't move it."""
OUTLIERS = (0.12, 0.05, 0.02, 0.02)
"""Metres beyond which a look says something else than the others, for each of the solutions that
follow one on the other: a skirt is no outlier, though the first one doesn't reach it."""


@dataclass(frozen=True)
class Outlines:
    """What is looked for."""

    offsets: Tensor
    """(V,) metres along the template's directions."""
    shifts: Tensor
    """(P, L, 2) metres to the right and up in each photo's camera frame, for each limb."""


class OffsetProblem:
    """The surface, whose part of the equations stays the same from solution to solution."""

    def __init__(
        self, edges: EdgeTable, freedom: Tensor, assets: Tensor, limbs: Limbs, mirror: Tensor
    ) -> None:
        """
        Args:
            edges: of the mesh.
            assets: (V,) int64, what each vertex is covered by.
            freedom: (V,) 0..1, see `DraftTemplate.freedom`.
            mirror: (V,) int64, the vertex on the other side; -1 where there is none.
        """
        count = len(freedom)
        same = assets[edges.vertices[:, 0]] == assets[edges.vertices[:, 1]]
        strength = torch.where(same, 1.0, ACROSS).double().numpy()
        links = graph_laplacian(edges.vertices.numpy(), count, strength)
        stretch = sparse.csc_matrix(links)
        paired = (mirror >= 0).nonzero().squeeze(1)
        pairs = torch.stack([paired, mirror[paired]], 1)
        sides = graph_laplacian(pairs.numpy(), count)
        bend = sparse.diags(1.0 / np.maximum(stretch.diagonal(), ACROSS)) @ stretch
        self._stiffness = sparse.csc_matrix(
            STRETCH * stretch
            + BEND * (bend.T @ bend)
            + MIRROR / 2 * sides
            + HOLD * sparse.identity(count)
        )
        self._freedom, self._limbs = freedom, limbs

    def solve(self, now: Outlines, photos: Sequence[OutlineGaps]) -> Outlines:
        """Lead the surface's outlines to the masks'; bounded and smooth.

        Least squares: a look at a vertex says where it should be, give or take a shift of its
        limbs in that photo.

        Args:
            now: where the looks were taken from.
            photos: what each photo shows.
        """
        count = len(self._freedom)
        rows, target = self._looks(now, photos)
        seen = np.asarray(abs(rows[:, count:]).sum(0)).ravel()
        shifting = sparse.diags(SHIFT * np.maximum(seen, FEWEST))
        prior = sparse.block_diag([self._stiffness, shifting], format="csc")
        weights, solved = np.ones(len(target)), np.zeros(count + now.shifts.numel())
        for outlier in OUTLIERS:
            weighted = sparse.diags(weights) @ rows
            normal = (rows.T @ weighted + prior).tocsc()
            # The matrix is symmetric; an ordering that knows it leaves a fraction of the fill.
            factors = splu(normal, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
            solved = factors.solve(weighted.T @ target)
            away = (target - rows @ solved) / outlier
            weights = 1.0 / (1.0 + away**2) ** 2
        found = torch.from_numpy(solved).to(now.offsets)
        return Outlines(
            self._freedom * found[:count].clamp(-INWARD, OUTWARD),
            found[count:].view_as(now.shifts).clamp(-FURTHEST, FURTHEST),
        )

    def _looks(
        self, now: Outlines, photos: Sequence[OutlineGaps]
    ) -> tuple[sparse.csr_matrix, np.ndarray]:
        """Coefficients of all unknowns for each look, and what they should add up to."""
        blocks: list[sparse.csr_matrix] = []
        targets: list[Tensor] = []
        count, limbs = len(self._freedom), self._limbs.count
        for index, photo in enumerate(photos):
            # What can't widen, such as a cheek under hair, says nothing where more is worn over it.
            seen = photo.select((self._freedom[photo.vertices] > 0) | (photo.gaps < 0))
            looks = len(seen.vertices)
            slopes = self._limbs.weights[seen.vertices, :, None] * seen.slopes[:, None]
            own = sparse.csr_matrix(
                (
                    self._freedom[seen.vertices].double().numpy(),
                    (np.arange(looks), seen.vertices.numpy()),
                ),
                (looks, count),
            )
            shifts = sparse.csr_matrix(slopes.reshape(looks, 2 * limbs).double().numpy())
            before = sparse.csr_matrix((looks, 2 * limbs * index))
            after = sparse.csr_matrix((looks, 2 * limbs * (len(photos) - index - 1)))
            blocks.append(sparse.csr_matrix(sparse.hstack([own, before, shifts, after])))
            moved = (slopes * now.shifts[index]).sum((1, 2))
            targets.append(seen.gaps + now.offsets[seen.vertices] + moved)
        return sparse.csr_matrix(sparse.vstack(blocks)), torch.cat(targets).double().numpy()
