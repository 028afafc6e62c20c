"""What the artist wants made, what hinders it, and how to ask for it. Knows nothing of Blender."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from ..album.choice import used_hero, used_photos
from ..connection.types import Body, Goal, Job, Needs, Preset, Snapshot

NO_BACKEND = "The backend is not ready; see above."
NO_ALBUM = "Choose an album first."
NO_PROMPT = (
    "Describe the person in Prompt first: a woman with long brown hair wearing a red t-shirt."
)


@dataclass(frozen=True)
class Wish:
    """The choices of the panels, before anything is asked."""

    album: str
    """Id, empty where none is chosen."""
    left_out: Collection[str] = ()
    """Ids of the album's photos that are not to be used."""
    kept: Collection[str] = ()
    """Ids of those that are to be used though they are rejected."""
    hero: str = ""
    """Id of the photo that the avatar shall look like most; empty for none."""
    preset: str = ""
    """Empty takes the default one."""
    body: str = "anny"
    smplx_file: str = ""
    """Absolute path, for the body `smplx`."""
    prompt_addition: str = ""
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    workspace: str | None = None
    """Absolute path of the avatar's folder; None lets the backend choose."""
    known_photos: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """Job to the ids of the photos that it was begun with, as far as that is known."""


@dataclass(frozen=True)
class Request:
    """A POST to the backend."""

    path: str
    body: Mapping[str, Any]


def obstacles(snapshot: Snapshot, wish: Wish) -> tuple[str, ...]:
    """Why a job can't be begun now, in sentences; empty where it can."""
    if snapshot.status != "ready":
        return (NO_BACKEND,)
    album = snapshot.album(wish.album)
    if album is None:
        return (NO_ALBUM,)
    found: list[str] = []
    if album.state == "reading":
        found.append("The album is still being read.")
    elif album.state == "failed":
        found.append(album.message or "The album can't be read. Choose another one.")
    elif not used_photos(album, wish.left_out, wish.kept):
        found.append("No photo is ticked that can be used. Tick one, or add photos.")
    body = body_of(snapshot, wish.body)
    if body is not None and not body.is_available:
        found.append(f"{body.title} can't be used: {body.reason}")
    elif wish.body == "smplx" and not wish.smplx_file:
        found.append("Choose your SMPL-X model file.")
    elif wish.body == "smplx" and Path(wish.smplx_file).suffix != ".npz":
        found.append("The SMPL-X model is a file that ends with .npz. Choose it.")
    return tuple(found)


def request_for(snapshot: Snapshot, wish: Wish, goal: Goal, chosen: Job | None) -> Request:
    """How to ask for a job.

    Where the chosen job has found the assets of the same photos, an avatar is made from these,
    with the artist's edits; else a new job begins. A job that goes on keeps what it isn't told
    anew, so prompt and hero photo are said even where there is none.
    """
    changes: dict[str, Any] = {"goal": goal}
    preset = preset_of(snapshot, wish.preset)
    if preset is not None:
        changes["preset"] = preset.name
    changes["prompt_addition"] = wish.prompt_addition.strip()
    goes_on = goal == "avatar" and chosen is not None and goes_on_from(snapshot, chosen, wish)
    hero = _hero(snapshot, wish)
    had_hero = goes_on and chosen is not None and bool(chosen.hero_photo)
    settings = with_hero(wish.settings, hero) if hero or had_hero else wish.settings
    if settings:
        changes["settings"] = dict(settings)
    if goes_on and chosen is not None:
        return Request(f"/jobs/{chosen.id}/resume", changes)
    album = snapshot.album(wish.album)
    changes |= {"album": wish.album, "body": wish.body, "title": album.title if album else ""}
    if album is not None and (wish.left_out or wish.kept):
        changes["photos"] = [photo.id for photo in used_photos(album, wish.left_out, wish.kept)]
    if wish.body == "smplx":
        changes["smplx_file"] = wish.smplx_file
    if wish.workspace is not None:
        changes["workspace"] = wish.workspace
    return Request("/jobs", changes)


def obstacles_of_words(snapshot: Snapshot, wish: Wish) -> tuple[str, ...]:
    """Why an avatar can't be made from the prompt alone now, in sentences; empty where it can."""
    if snapshot.status != "ready":
        return (NO_BACKEND,)
    if not wish.prompt_addition.strip():
        return (NO_PROMPT,)
    return ()


def request_of_words(snapshot: Snapshot, wish: Wish) -> Request:
    """How to ask for an avatar that the prompt alone describes."""
    body: dict[str, Any] = {"prompt": wish.prompt_addition.strip()}
    preset = preset_of(snapshot, wish.preset)
    if preset is not None:
        body["preset"] = preset.name
    if wish.settings:
        body["settings"] = dict(wish.settings)
    if wish.workspace is not None:
        body["workspace"] = wish.workspace
    return Request("/prompts", body)


def with_hero(settings: Mapping[str, Any], hero: str) -> dict[str, Any]:
    """Settings with a hero photo, unless they name one themselves."""
    typed = settings.get("refine", {})
    if not isinstance(typed, Mapping):
        return dict(settings)  # the backend says what is wrong with it
    return {**settings, "refine": {"hero_photo": hero, **cast(Mapping[str, Any], typed)}}


def _hero(snapshot: Snapshot, wish: Wish) -> str:
    """Id of the hero photo, if it is used."""
    album = snapshot.album(wish.album)
    photo = used_hero(album, wish.hero, wish.left_out, wish.kept) if album is not None else None
    return photo.id if photo is not None else ""


def goes_on_from(snapshot: Snapshot, job: Job, wish: Wish) -> bool:
    """Whether a job has found the assets that the wish's avatar needs.

    That it used other photos than are ticked now is known only of jobs that this Blender began.
    """
    album = snapshot.album(wish.album)
    if album is None or (job.album, job.body) != (wish.album, wish.body):
        return False
    ticked = frozenset(photo.id for photo in used_photos(album, wish.left_out, wish.kept))
    is_same = wish.known_photos.get(job.id, ticked) == ticked
    return is_same and job.goal == "assets" and job.state == "done"


def preset_of(snapshot: Snapshot, name: str) -> Preset | None:
    """The preset of that name, or the default one."""
    named = next((preset for preset in snapshot.presets if preset.name == name), None)
    return named or next((preset for preset in snapshot.presets if preset.is_default), None)


def body_of(snapshot: Snapshot, name: str) -> Body | None:
    """The body of that name."""
    return next((body for body in snapshot.bodies if body.name == name), None)


def needs_sentence(needs: Needs) -> str:
    """What a job takes, in words.

    >>> needs_sentence(Needs(6.0, 2.5, 0.2, "2 CPU cores"))
    'About 6 minutes, 2.5 GB of memory and 0.2 GB of disk (measured on 2 CPU cores).'
    """
    return (
        f"About {_minutes(needs.minutes)}, {needs.memory_gib:.1f} GB of memory and "
        f"{needs.disk_gib:.1f} GB of disk (measured on {needs.measured_on})."
    )


def _minutes(minutes: float) -> str:
    if minutes < 1.5:
        return "1 minute"
    return f"{minutes:.0f} minutes" if minutes < 90 else f"{minutes / 60:.1f} hours"
