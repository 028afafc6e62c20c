"""What a wardrobe's folder holds, and what the tests put into it."""

import hashlib
from pathlib import Path

PAINTED = ((10, 120, 30), (250, 250, 0), (0, 100, 200))
"""Colours of hair, shirt and trousers in an avatar's texture; its photos show others."""


def state_of(folder: Path) -> dict[str, str]:
    """Every file below a folder with its hash, but for the lock."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != ".lock"
    }
