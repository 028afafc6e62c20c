"""The avatar's own body in the pose of every frame, before one camera."""

from album2avatar.progress import JobControl
from album2avatar.settings import Settings
from album2avatar.workspace import Workspace


def run(workspace: Workspace, settings: Settings, job: JobControl) -> None:
    """Find the camera's motion and the poses."""
    raise NotImplementedError
