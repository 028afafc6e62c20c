"""Where things of this user are kept; the same folders as the backend's own defaults."""

import os
import sys
from pathlib import Path

NAME = "album2avatar"


def user_data() -> Path:
    """The user's data folder of album2avatar, as the backend's platformdirs finds it."""
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        base = Path(local) if local else Path.home() / "AppData" / "Local"
        return base / NAME / NAME
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / NAME
    chosen = os.environ.get("XDG_DATA_HOME", "").strip()
    return (Path(chosen) if chosen else Path.home() / ".local" / "share") / NAME


def default_state() -> Path:
    """Folder of the service's ledger, token and logs."""
    chosen = os.environ.get("ALBUM2AVATAR_STATE", "").strip()
    return Path(chosen) if chosen else user_data() / "service"


def default_installation() -> Path:
    """Folder in which the backend's own environment is made."""
    return user_data() / "backend"


def default_avatars() -> Path:
    """Folder in which the backend makes avatars."""
    return user_data() / "avatars"
