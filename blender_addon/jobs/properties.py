"""Which job the artist looks at. The jobs themselves are the backend's."""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false

from typing import Any

from bpy.props import BoolProperty, CollectionProperty, IntProperty, StringProperty
from bpy.types import PropertyGroup

from .. import backend


class ALBUM2AVATAR_PG_job_line(PropertyGroup):
    """A line of the list; it has nothing but the job's id."""

    job: StringProperty()  # pyright: ignore[reportInvalidTypeForm]


def _get_index(choices: Any) -> int:
    places = [place for place, line in enumerate(choices.lines) if line.job == choices.chosen]
    return places[0] if places else -1


def _set_index(choices: Any, place: int) -> None:
    if 0 <= place < len(choices.lines):
        choose_job(choices, choices.lines[place].job)


class ALBUM2AVATAR_PG_jobs(PropertyGroup):
    """The list, and the chosen job."""

    chosen: StringProperty()  # pyright: ignore[reportInvalidTypeForm]
    """Job's id."""
    lines: CollectionProperty(type=ALBUM2AVATAR_PG_job_line)  # pyright: ignore[reportInvalidTypeForm]
    index: IntProperty(get=_get_index, set=_set_index)  # pyright: ignore[reportInvalidTypeForm]
    is_preview_shown: BoolProperty(  # pyright: ignore[reportInvalidTypeForm]
        name="Preview", description="Show the newest picture of the job here", default=True
    )
    problem: StringProperty()  # pyright: ignore[reportInvalidTypeForm]


def choose_job(choices: Any, job: str) -> None:
    """Look at a job: its events and assets come from now on."""
    choices.chosen = job
    backend.connection().follow(job or None)


CLASSES = (ALBUM2AVATAR_PG_job_line, ALBUM2AVATAR_PG_jobs)
