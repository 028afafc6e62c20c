"""The doctor's report, made in a child process: it loads torch, which the service never does."""

import json
import logging
import subprocess
import sys
import threading

from album2avatar.errors import Album2AvatarError
from album2avatar.server.views import FindingView

logger = logging.getLogger(__name__)

_PATIENCE_SECONDS = 180.0


class DoctorChild:
    """Asks the doctor, and remembers what it said."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._findings: tuple[FindingView, ...] | None = None

    def findings(self, *, refresh: bool) -> tuple[FindingView, ...]:
        """Give the report; asked anew where that is wanted.

        Raises:
            Album2AvatarError: the doctor can't be asked.
        """
        with self._lock:
            if self._findings is None or refresh:
                self._findings = _examine()
            return self._findings


def _examine() -> tuple[FindingView, ...]:
    command = [sys.executable, "-m", "album2avatar.cli", "doctor", "--json"]
    try:
        asked = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE_SECONDS,
            check=False,  # it says by its code that something is broken, which the report tells
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        found = json.loads(asked.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        logger.exception("the doctor gave no report")
        raise Album2AvatarError(
            "The examination of this machine gave no result. Run 'album2avatar doctor' in a "
            "terminal to see why."
        ) from error
    return tuple(FindingView.model_validate(finding) for finding in found)
