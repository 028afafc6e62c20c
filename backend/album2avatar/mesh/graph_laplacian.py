"""The Laplacian of a mesh as a graph, for systems that are solved directly."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse


def graph_laplacian(pairs: NDArray[np.int64], count: int) -> sparse.spmatrix:
    """Degrees minus links, (count, count), where `pairs` (E, 2) are linked."""
    start, end = pairs.T
    links = sparse.coo_matrix((np.ones(len(start)), (start, end)), (count, count))
    links = links + links.T
    return sparse.diags(np.asarray(links.sum(1)).ravel()) - links
