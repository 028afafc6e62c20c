"""The Laplacian of a mesh as a graph, for systems that are solved directly."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse


def graph_laplacian(
    pairs: NDArray[np.int64], count: int, weights: NDArray[np.float64] | None = None
) -> sparse.spmatrix:
    """Degrees minus links, (count, count), where `pairs` (E, 2) are linked.

    Args:
        weights: (E,) of the links; 1 each where None.
    """
    start, end = pairs.T
    strength = np.ones(len(start)) if weights is None else weights
    links = sparse.coo_matrix((strength, (start, end)), (count, count))
    links = links + links.T
    return sparse.diags(np.asarray(links.sum(1)).ravel()) - links
