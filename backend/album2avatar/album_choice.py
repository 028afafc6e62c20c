"""What the artist asked an avatar to be made of: a folder and which of its photos, or words."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from album2avatar.errors import WorkspaceError
from album2avatar.files import write_json
from album2avatar.workspace import Workspace

VIDEO_SUFFIXES = (".mp4", ".mov", ".mkv", ".webm")

_FRAME = re.compile(r"(?P<file>.+\.(?:mp4|mov|mkv|webm))@(?P<seconds>\d+\.\d{3})", re.IGNORECASE)


@dataclass(frozen=True)
class AlbumChoice:
    """Photos and videos of one folder, or one video.

    A photo's name is its file name; a frame's is what `frame_name` gives.
    """

    folder: Path
    """Absolute; only ever read. A video file is an album of its frames."""
    photos: Sequence[str] | None
    """Names of what is used, whatever is wrong with it; a video's file name stands for the frames
    that are chosen of it. Where None, everything is used that nothing speaks against."""
    keep: Sequence[str] = ()
    """Names or ids of what is used though something speaks against it."""
    leave_out: Sequence[str] = ()
    """Names or ids of what isn't used, whatever speaks for it."""


def frame_name(file: str, milliseconds: int) -> str:
    """Name of a video's frame.

    >>> frame_name("clip.mov", 12433)
    'clip.mov@12.433'
    """
    return f"{file}@{milliseconds // 1000}.{milliseconds % 1000:03d}"


def file_and_moment(name: str) -> tuple[str, int | None]:
    """File name and milliseconds of what `frame_name` made; None where it is a whole file.

    >>> file_and_moment("clip.mov@12.433"), file_and_moment("IMG_1.jpg")
    (('clip.mov', 12433), ('IMG_1.jpg', None))
    """
    match = _FRAME.fullmatch(name)
    if match is None:
        return name, None
    seconds, milliseconds = match["seconds"].split(".")
    return match["file"], 1000 * int(seconds) + int(milliseconds)


def write_album_choice(workspace: Workspace, choice: AlbumChoice) -> None:
    """Write `job.json` atomically.

    Raises:
        WorkspaceError: the avatar in this folder was made from words.
    """
    if _asked(workspace).get("prompt") is not None:
        raise WorkspaceError(
            f"The avatar in {workspace.root} was made from words, not from an album. Choose "
            "another folder."
        )
    photos = {} if choice.photos is None else {"photos": sorted(choice.photos)}
    lists = {"keep": sorted(choice.keep), "leave_out": sorted(choice.leave_out)}
    decided = {name: names for name, names in lists.items() if names}
    write_json(workspace.job_file, {"album": str(choice.folder), **photos, **decided})


def read_album_choice(workspace: Workspace) -> AlbumChoice:
    """Read `job.json`.

    Raises:
        WorkspaceError: it is missing or damaged.
    """
    try:
        values = json.loads(workspace.job_file.read_text(encoding="utf-8"))
        photos = values.get("photos")
        return AlbumChoice(
            Path(values["album"]),
            None if photos is None else [str(name) for name in photos],
            [str(name) for name in values.get("keep", ())],
            [str(name) for name in values.get("leave_out", ())],
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WorkspaceError(
            f"{workspace.job_file} does not name the album. Run `album2avatar create` again."
        ) from error


def write_prompt(workspace: Workspace, prompt: str) -> None:
    """Write a description in place of an album into `job.json`, atomically.

    Raises:
        WorkspaceError: the avatar in this folder was made from an album.
    """
    if _asked(workspace).get("album") is not None:
        raise WorkspaceError(
            f"The avatar in {workspace.root} was made from an album, not from words. Choose "
            "another folder; words are added to an album's person with the album and --prompt."
        )
    write_json(workspace.job_file, {"prompt": prompt})


def read_prompt(workspace: Workspace) -> str:
    """Read the description in `job.json`.

    Raises:
        WorkspaceError: it is missing or damaged.
    """
    prompt = _asked(workspace).get("prompt")
    if not isinstance(prompt, str):
        raise WorkspaceError(
            f"{workspace.job_file} has no prompt. Run `album2avatar create --prompt` again."
        )
    return prompt


def _asked(workspace: Workspace) -> dict[str, Any]:
    """What `job.json` holds; nothing where it is missing or damaged."""
    try:
        values = json.loads(workspace.job_file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return cast("dict[str, Any]", values) if isinstance(values, dict) else {}
