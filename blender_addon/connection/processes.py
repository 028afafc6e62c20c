"""Is a process still there? On every system, and without touching it."""

import ctypes
import os
import sys

_STILL_ACTIVE = 259
_QUERY_LIMITED_INFORMATION = 0x1000


def is_alive(pid: int) -> bool:
    """Whether a process of that number exists; also where it belongs to somebody else."""
    if pid <= 0:
        return False
    if sys.platform == "win32":  # there os.kill(pid, 0) would end the process
        kernel = ctypes.windll.kernel32
        handle = kernel.OpenProcess(_QUERY_LIMITED_INFORMATION, False, pid)
        if not handle:
            return False
        code = ctypes.c_ulong()
        kernel.GetExitCodeProcess(handle, ctypes.byref(code))
        kernel.CloseHandle(handle)
        return code.value == _STILL_ACTIVE
    if _was_own_child(pid):
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _was_own_child(pid: int) -> bool:
    """Whether it is a child that has ended and that nobody has waited for.

    Such a one keeps its number. It happens when the extension is switched off and on again:
    the object that had started the backend is gone.
    """
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return False
