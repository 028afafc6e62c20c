"""Failures in words: what went wrong, and what to do about it."""

import errno
import re
from dataclasses import dataclass
from pathlib import Path

from .types import Problem

API = 1
"""Version of the HTTP interface that this extension speaks."""

SET_UP = "Preferences > Add-ons > album2avatar"

OFF = Problem("off", "The backend is not running. Press Start, then try again.")
STARTING_TOOK_TOO_LONG = Problem(
    "start_timeout",
    "The backend did not get ready in time. The computer may be busy; press Start to try again.",
)
GONE = Problem(
    "gone",
    "The backend has ended unexpectedly. Press Start; jobs go on from their last checkpoint.",
)
REFUSED = Problem("refused", "The backend does not answer any more. Press Start to start it again.")
TIMED_OUT = Problem(
    "timeout", "The backend took too long to answer. It may be busy; try again in a moment."
)
UNAUTHORIZED = Problem(
    "unauthorized",
    "The backend does not accept this Blender's key. Another one may run in the same state "
    "folder; press Stop, then Start.",
)
BAD_ANSWER = Problem(
    "bad_answer",
    f"The backend's answer can't be read. Backend and extension may not match; see {SET_UP}.",
)
FAULT = Problem(
    "bug",
    "The extension has a fault; Blender's console says which. Report it, then try again.",
)
CLOSED = Problem("closed", "The extension was switched off before this was done.")
NOT_INSTALLED = Problem(
    "not_installed",
    f"The chosen Python has no album2avatar. Open {SET_UP} and press Install, or choose another "
    "environment.",
)
OUT_OF_MEMORY = Problem(
    "out_of_memory",
    "The computer ran out of memory. Close other programs or choose a smaller preset, then resume.",
)
DISK_FULL = Problem(
    "disk_full", "The disk is full. Free some space, then try again; what is done is kept."
)


@dataclass(frozen=True)
class _Symptom:
    """Words of a program's output that betray a cause."""

    pattern: str
    problem: Problem


_SYMPTOMS = (
    _Symptom(r"No space left on device|WinError 112|Errno 28\b|Disk quota exceeded", DISK_FULL),
    _Symptom(
        r"No module named '?album2avatar'?|Error while finding module specification", NOT_INSTALLED
    ),
    _Symptom(
        r"CUDA out of memory|CUBLAS_STATUS_ALLOC_FAILED",
        Problem(
            "out_of_memory",
            "The graphics card ran out of memory. Close other programs that use it or choose a "
            "smaller preset, then resume.",
        ),
    ),
    _Symptom(r"MemoryError|Cannot allocate memory|Out of memory|WinError 1455", OUT_OF_MEMORY),
    _Symptom(
        r"Address already in use|WinError 10048|Errno 98\b",
        Problem(
            "port_taken",
            "Another program took the backend's port. Press Start; it looks for a free one.",
        ),
    ),
    _Symptom(
        r"ensurepip is not available|No module named '?(venv|ensurepip)'?",
        Problem(
            "no_venv",
            "This Python can't make environments: its venv module is missing. Install it (on "
            "Debian and Ubuntu: sudo apt install python3-venv) or choose another Python.",
        ),
    ),
    _Symptom(
        r"requires a different Python|Requires-Python|requires-python|does not satisfy Python",
        Problem(
            "python_too_old",
            "This Python's version does not suit album2avatar. Choose Python 3.11 or newer.",
        ),
    ),
    _Symptom(
        r"Temporary failure in name resolution|Name or service not known|Network is unreachable|"
        r"NewConnectionError|Max retries exceeded|getaddrinfo failed|ConnectTimeout|"
        r"Failed to fetch|dns error|Connection refused|Could not connect",
        Problem(
            "no_network",
            "The package index can't be reached. Check the network connection or the proxy, then "
            "press Try Again; it goes on where it stopped.",
        ),
    ),
    _Symptom(
        r"CERTIFICATE_VERIFY_FAILED|SSLError|invalid peer certificate",
        Problem(
            "certificate",
            "The package index's certificate is not trusted here. Name your organisation's "
            "certificate file in pip's configuration (pip config set global.cert FILE).",
        ),
    ),
    _Symptom(
        r"No matching distribution found|Could not find a version|No solution found|"
        r"was not found in the package registry",
        Problem(
            "package_not_found",
            "A package was not found in the package index. Check the package source in the "
            "preferences; the log names the package.",
        ),
    ),
    _Symptom(
        r"not a valid editable requirement|does not appear to be a Python project|"
        r"Invalid requirement|Invalid wheel filename|is not a valid wheel|"
        r"is not installable|Distribution not found at",
        Problem(
            "bad_source",
            "The package source is no album2avatar. Choose its source folder, its wheel file, or "
            "leave the field empty.",
        ),
    ),
    _Symptom(
        r"Permission denied|WinError 5\b|Read-only file system|Access is denied",
        Problem(
            "not_writable",
            "A folder can't be written. Choose another one in the preferences; the log names it.",
        ),
    ),
)


def recognize(output: str) -> Problem | None:
    """The cause that a program's output betrays, None where it is not a known one."""
    for symptom in _SYMPTOMS:
        if re.search(symptom.pattern, output):
            return symptom.problem
    return None


def ended_while_starting(output: str, code: int | None) -> Problem:
    """The backend ended before it was ready; `output` is the end of what it said."""
    known = recognize(output)
    if known is not None:
        return known
    last = _last_line(output)
    said = f" It said: {last}" if last else ""
    return Problem(
        "start_failed",
        f"The backend ended while it started (exit code {code}).{said} Open {SET_UP} to check it.",
    )


def python_missing(python: Path) -> Problem:
    """The program that should run the backend is not there or can't be run."""
    return Problem(
        "python_missing",
        f"{python} can't be started. Open {SET_UP} and press Install, or choose another "
        "environment.",
    )


def other_version(backend: str, extension: str) -> Problem:
    """Backend and extension are of different releases."""
    return Problem(
        "version_mismatch",
        f"The backend is version {backend}, the extension {extension}. Open {SET_UP} and press "
        "Update; a backend that still runs has to be stopped first.",
    )


def other_api(backend: object) -> Problem:
    """The backend speaks another version of the interface."""
    return Problem(
        "api_mismatch",
        f"The backend speaks interface {backend}, the extension {API}. Open {SET_UP} and press "
        "Update; a backend that still runs has to be stopped first.",
    )


def folder_unwritable(folder: Path, error: OSError) -> Problem:
    """Something can't be written below `folder`."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DISK_FULL
    reason = error.strerror or str(error)
    return Problem(
        "not_writable", f"{folder} can't be written ({reason}). Choose another folder in {SET_UP}."
    )


def answered_with_error(status: int) -> Problem:
    """An HTTP status without the backend's own words."""
    if status == 401:
        return UNAUTHORIZED
    return Problem(
        f"http_{status}",
        f"The backend could not do this (status {status}). Its log in the state folder says why.",
    )


def from_os_error(error: OSError) -> Problem:
    """A connection that could not be made, or broke."""
    if isinstance(error, TimeoutError):
        return TIMED_OUT
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DISK_FULL
    return REFUSED


def _last_line(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1][:300] if lines else ""
