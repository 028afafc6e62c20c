"""Sparse systems that are solved directly."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.sparse.linalg import splu

Floats = npt.NDArray[np.float64]


def solved_symmetric(system: Any, right: Floats) -> Floats | None:
    """Solution of a symmetric sparse system, or None where it has none."""
    try:
        solver = splu(system, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
    except RuntimeError:  # it is singular
        return None
    result = np.asarray(solver.solve(right))
    return result if np.isfinite(result).all() else None
