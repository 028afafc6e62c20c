"""Which things hang together."""

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components


def linked_pieces(pairs: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
    """(count,) number of the connected piece of each thing, where `pairs` (E, 2) are linked."""
    graph = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), (count, count))
    return connected_components(graph, directed=False)[1].astype(np.int64)
