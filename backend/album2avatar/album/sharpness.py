"""How sharp a picture is. Needs NumPy alone, for the decoding process's sake."""

import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.float32]

SIDE = 512
"""Pictures are measured at this long side, so that the limits hold for every camera."""
CONTRAST_MIN = 0.1
"""Below, noise would count as edges."""


def sharpness(grey: Grey) -> float:
    """How hard the hardest edges are, against the picture's contrast; 0 is a plain picture.

    99th percentile of the Laplacian's absolute value. Unlike its variance, which is often used,
    it says the same of a person before a plain wall and before a hedge.
    """
    if min(grey.shape) < 3:
        return 0.0
    low, high = np.percentile(grey, (1, 99))
    middle = grey[1:-1, 1:-1]
    around = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:]
    hardest = float(np.percentile(np.abs(around - 4 * middle), 99))
    return hardest / max(CONTRAST_MIN, float(high - low))
