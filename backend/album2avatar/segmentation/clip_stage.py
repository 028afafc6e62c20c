"""The person in each frame of a clip: a mask, joints, and the side that is seen."""

from album2avatar.progress import JobControl
from album2avatar.settings import Settings
from album2avatar.workspace import Workspace


def run(workspace: Workspace, settings: Settings, job: JobControl) -> None:
    """Look at every frame."""
    raise NotImplementedError
