"""The last stage of a clip: the animated avatar, and a contact sheet."""

from album2avatar.progress import JobControl
from album2avatar.settings import Settings
from album2avatar.workspace import Workspace


def run(workspace: Workspace, settings: Settings, job: JobControl) -> None:
    """Write the animated GLB."""
    raise NotImplementedError
