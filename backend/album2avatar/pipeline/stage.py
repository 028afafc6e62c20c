"""What the pipeline knows of a stage."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from album2avatar.progress import JobControl
from album2avatar.settings import Settings
from album2avatar.workspace import Workspace


@dataclass(frozen=True)
class Stage:
    """One stage with what decides whether it has to run again."""

    name: str
    run: Callable[[Workspace, Settings, JobControl], None]
    section: str
    """The section of the settings that it reads."""
    inputs: Callable[[Workspace, Settings], list[Path]]
    outputs: Callable[[Workspace], list[Path]]
    also_reads: tuple[str, ...] = ()
    """Settings outside of its section that decide its result. No more than these: a stage that
    runs again without need throws away what the artist changed in its result."""
    version: int = 1
    """Raised when the same inputs give another result than before."""
