"""The log of a workspace: what ran, for how long, what went wrong; never photo content."""

import logging
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


@contextmanager
def logged_to(path: Path) -> Generator[None]:
    """Append this package's log records to a file; an error that ends the run is the last."""
    logger = logging.getLogger("album2avatar")
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter(_FORMAT))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    except BaseException as error:
        logger.error("stopped by %s: %s", type(error).__name__, error)
        raise
    finally:
        logger.removeHandler(handler)
        handler.close()
