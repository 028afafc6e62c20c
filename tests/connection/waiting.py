"""Waiting for what threads and processes do, with an end."""

import time
from collections.abc import Callable
from typing import TypeVar

Value = TypeVar("Value")


def wait_for(look: Callable[[], Value], seconds: float = 10.0) -> Value:
    """Look until what is seen is true, and give it back; fail after so many seconds."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, f"not within {seconds} seconds; seen last: {seen!r}"
        time.sleep(0.02)
    return seen
