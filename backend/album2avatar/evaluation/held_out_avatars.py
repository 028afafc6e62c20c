"""Avatars of held-out people, for whatever is measured on them."""

import threading
from pathlib import Path

from album2avatar.evaluation.held_out_files import write_held_out_album
from album2avatar.pipeline.making import create_avatar
from album2avatar.presets import build_settings, load_preset
from album2avatar.progress import ProgressEvent
from album2avatar.synthetic.people import sample_person
from album2avatar.synthetic.splits import person_seed
from album2avatar.workspace import Workspace

ALBUM_SIZE = 512


def held_out_avatar(folder: Path, index: int, preset: str, last_stage: str = "export") -> Workspace:
    """Make a person's avatar from all their photos and true masks, as far as it isn't there.

    Args:
        folder: gets the album in `p{index}` and the avatar in `a{index}`.
        index: of the held-out person.
        preset: name of one.
        last_stage: up to which it is made.
    """
    album = folder / f"p{index}"
    if not (album / "masks" / "names.json").exists():
        write_held_out_album(album, sample_person(person_seed("held-out", index)), ALBUM_SIZE)
    changes = {
        "segmentation": {"provider": "masks", "masks_folder": str(album / "masks")},
        "album": {"leave_out": []},
    }
    return create_avatar(
        album / "photos",
        folder / f"a{index}",
        build_settings([load_preset(preset), changes]),
        _quiet,
        threading.Event(),
        last_stage=last_stage,
    )


def _quiet(event: ProgressEvent) -> None:
    pass
