"""The decompose stage: plate, soft masks, and poses again."""

from album2avatar.progress import JobControl
from album2avatar.settings import Settings
from album2avatar.workspace import Workspace


def run(workspace: Workspace, settings: Settings, job: JobControl) -> None:
    """Take every frame apart."""
    raise NotImplementedError
