"""From the panels' choices to a job."""

# pyright: reportMissingImports=false

from dataclasses import replace
from typing import Any

import bpy

from .. import backend
from ..album.choice import used_photos
from ..album.properties import hero_of, kept_of, left_out_of
from ..connection.types import Goal, Job, Snapshot
from ..errors import AvatarError
from ..jobs.properties import choose_job
from ..sidebar.handing_in import hand_in, require_answered
from ..sidebar.state import state
from .settings_text import parse_settings
from .wish import (
    Wish,
    goes_on_from,
    obstacles,
    obstacles_of_words,
    request_for,
    request_of_words,
)


def obstacles_now(context: Any, snapshot: Snapshot) -> tuple[str, ...]:
    """Why Create would not work now, in sentences. Cheap enough for drawing."""
    try:
        return obstacles(snapshot, _wish(context))
    except AvatarError as error:
        return (str(error),)


def continued_job(context: Any, snapshot: Snapshot) -> Job | None:
    """The chosen job, where Create goes on from its assets. Cheap enough for drawing."""
    job = snapshot.job(state(context).jobs.chosen)
    try:
        wish = _wish(context)
    except AvatarError:
        return None
    return job if job is not None and goes_on_from(snapshot, job, wish) else None


def find_assets(context: Any) -> None:
    """Begin a job that ends at the assets, and look at it.

    Raises:
        AvatarError: something is missing.
    """
    _submit(context, "assets", "assets")


def create_avatar(context: Any) -> None:
    """Begin a job that makes an avatar, or let one with its assets found go on.

    Raises:
        AvatarError: something is missing.
    """
    _submit(context, "avatar", "creation")


def create_from_words(context: Any) -> None:
    """Begin a job that makes an avatar of the prompt alone.

    Raises:
        AvatarError: there is no prompt, or no backend.
    """
    require_answered()
    snapshot = backend.connection().peek()
    wish = _wish(context)
    hindered = obstacles_of_words(snapshot, wish)
    if hindered:
        raise AvatarError(" ".join(hindered))
    folder = backend.avatar_folder(wish.prompt_addition)
    request = request_of_words(snapshot, replace(wish, workspace=folder))
    hand_in(
        "creation",
        request.path,
        request.body,
        lambda job: choose_job(state(bpy.context).jobs, job["id"]),
    )


def _submit(context: Any, goal: Goal, section: str) -> None:
    require_answered()
    snapshot = backend.connection().peek()
    wish = _wish(context)
    hindered = obstacles(snapshot, wish)
    if hindered:
        raise AvatarError(" ".join(hindered))
    album = snapshot.album(wish.album)
    folder = backend.avatar_folder(album.title if album is not None else "")
    chosen = snapshot.job(state(context).jobs.chosen)
    request = request_for(snapshot, replace(wish, workspace=folder), goal, chosen)
    ticked = used_photos(album, wish.left_out, wish.kept) if album is not None else ()
    photos = " ".join(photo.id for photo in ticked)
    hand_in(section, request.path, request.body, lambda job: _look_at(job["id"], photos))


def _look_at(job: str, photos: str) -> None:
    choices = state(bpy.context)
    begun = choices.creation.begun.add()
    begun.job, begun.photos = job, photos
    choose_job(choices.jobs, job)


def _wish(context: Any) -> Wish:
    choices = state(context)
    creation = choices.creation
    return Wish(
        album=choices.album.chosen,
        left_out=left_out_of(choices.album),
        kept=kept_of(choices.album),
        hero=hero_of(choices.album),
        preset=creation.preset,
        body=creation.body,
        smplx_file=bpy.path.abspath(creation.smplx_file) if creation.smplx_file else "",
        prompt_addition=creation.prompt_addition,
        settings=parse_settings(creation.settings),
        known_photos={found.job: frozenset(found.photos.split()) for found in creation.begun},
    )
