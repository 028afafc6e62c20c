"""PNG files of 8 bits as numpy arrays; fit for a process that never loads torch."""

from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from album2avatar.errors import WorkspaceError


def read_png(path: Path, mode: Literal["L", "RGB"], remedy: str) -> NDArray[np.uint8]:
    """Read a picture: (H, W) of mode L, (H, W, 3) of RGB; row 0 at the top.

    Args:
        remedy: what to do where it can't be read; the message's last sentences.

    Raises:
        WorkspaceError: it is missing or no PNG.
    """
    try:
        with Image.open(path, formats=("PNG",)) as image:
            return np.asarray(image.convert(mode))
    except (OSError, ValueError, SyntaxError) as error:
        raise WorkspaceError(f"{path} is missing or damaged ({error}). {remedy}") from error
