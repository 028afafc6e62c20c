"""The first stage of a clip: the video's frames, taken evenly."""

from album2avatar.progress import JobControl
from album2avatar.settings import Settings
from album2avatar.workspace import Workspace


def run(workspace: Workspace, settings: Settings, job: JobControl) -> None:
    """Take the frames."""
    raise NotImplementedError
