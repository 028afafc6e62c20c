"""Between two drawings: bring the panels' lists and pictures up to date.

Drawing may change nothing and must be quick; so what a new snapshot brings is put in place by
a timer, in Blender's main thread, as soon as it differs from the last one.
"""

# pyright: reportMissingImports=false

import logging
from typing import Any

import bpy

from .. import backend
from ..album.refresh import refresh_album
from ..assets.mask_image import fill_masks
from ..assets.refresh import refresh_assets
from ..connection.types import Snapshot
from ..jobs.refresh import refresh_jobs
from ..wardrobe.refresh import refresh_wardrobe
from .pictures import pictures
from .state import state

PERIOD = 0.1
"""Seconds between two looks."""

_NO_ICONS = (".avatar", ".draft", "seen", ".animation", ".plate")
"""Artifacts that no panel shows."""

_log = logging.getLogger(__name__)


def refresh(context: Any, snapshot: Snapshot) -> None:
    """Bring everything up to date, and ask for the pictures that the panels show."""
    choices = state(context)
    wanted = refresh_album(choices.album, snapshot)
    wanted += refresh_jobs(choices.jobs, snapshot)
    wanted += refresh_assets(choices.assets, choices.jobs.chosen, snapshot)
    wanted += refresh_wardrobe(choices.wardrobe, snapshot)
    connection = backend.connection()
    for artifact in (*wanted, *fill_masks(snapshot.files)):
        connection.want_artifact(artifact)
    shown = [artifact for artifact in wanted if not artifact.endswith(_NO_ICONS)]
    if pictures().load(shown, snapshot.files):
        backend.redraw()


def tick() -> float:
    """One look of the timer; the answer is the seconds until the next."""
    try:
        refresh(bpy.context, backend.connection().peek())
    except Exception:  # a bug; an exception would end the timer for good
        _log.exception("The panels' timer")
    return PERIOD


def register() -> None:
    """After the backend; the timer survives the loading of files."""
    bpy.app.timers.register(tick, first_interval=PERIOD, persistent=True)


def unregister() -> None:
    """Before the backend."""
    if bpy.app.timers.is_registered(tick):
        bpy.app.timers.unregister(tick)
