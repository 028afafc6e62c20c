"""Looking for people from a process that must not load torch."""

from pathlib import Path
from types import TracebackType
from typing import Self

from album2avatar.album.child import ChildDiedError, ChildTooSlowError, LineChild
from album2avatar.album.person import PersonMeasures, measures_from_json
from album2avatar.errors import ModelError

PATIENCE_SECONDS = 180.0
"""For one photo; the first waits for torch, which a cold disk gives slowly."""


class SightProcess:
    """A child process with the perception network; called with a photo, it says what it shows.

    Use as a context manager; the child ends with it.
    """

    def __init__(self, model: Path) -> None:
        self._child = LineChild("album2avatar.album.sight_worker", {"model": str(model)})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._child.stop()

    def __call__(self, photo: Path) -> PersonMeasures:
        """Look at a PNG that the decoder wrote.

        Raises:
            ModelError: the network can't be asked.
        """
        try:
            answer = self._child.ask({"photo": str(photo)}, PATIENCE_SECONDS)
        except (ChildDiedError, ChildTooSlowError) as error:
            raise ModelError(
                "The network that looks for people gave no answer. Run 'album2avatar doctor' in a "
                "terminal to see why."
            ) from error
        if "error" in answer:
            raise ModelError(f"The network that looks for people failed: {answer['error']}")
        return measures_from_json(answer)
