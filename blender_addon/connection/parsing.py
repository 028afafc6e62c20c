"""From the backend's JSON to records. Fields that a newer backend adds are passed over."""

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar, cast, get_args

from .types import (
    Album,
    AlbumState,
    Asset,
    AssetPhoto,
    Body,
    Clip,
    Finding,
    FindingState,
    FunnelRow,
    Goal,
    Job,
    JobState,
    Needs,
    Photo,
    PhotoFit,
    Preset,
    Problem,
    Queue,
    Verdict,
    WardrobeItem,
)

Parsed = TypeVar("Parsed")


class AnswerError(Exception):
    """An answer is not of the agreed form; the message says where."""


class Fields:
    """A JSON object whose fields are checked as they are read.

    A field that is missing or null is its neutral value ("", 0, None), unless it is required.
    """

    def __init__(self, value: object) -> None:
        if not isinstance(value, Mapping):
            raise AnswerError(f"an object was expected, not {type(value).__name__}")
        self._fields = cast(Mapping[str, Any], value)

    def required(self, name: str) -> str:
        """A text that has to be there."""
        value = self._fields.get(name)
        if not isinstance(value, str) or not value:
            raise AnswerError(f"{name} is missing")
        return value

    def text(self, name: str) -> str:
        """A text, "" where there is none."""
        return self.text_or_none(name) or ""

    def text_or_none(self, name: str) -> str | None:
        """A text, or None."""
        value = self._fields.get(name)
        if value is not None and not isinstance(value, str):
            raise AnswerError(f"{name} is no text")
        return value

    def number(self, name: str) -> float:
        """A number, 0 where there is none."""
        return self.number_or_none(name) or 0.0

    def number_or_none(self, name: str) -> float | None:
        """A number, or None."""
        value = self._fields.get(name)
        if value is None:
            return None
        number = _finite(value)
        if number is None:
            raise AnswerError(f"{name} is no number")
        return number

    def integer(self, name: str) -> int:
        """A whole number, 0 where there is none."""
        return int(self.number(name))

    def truth(self, name: str) -> bool:
        """Whether a field is true."""
        return self._fields.get(name) is True

    def one_of(self, name: str, choices: Any) -> Any:
        """One of a Literal's words; a newer backend's unknown word is an error."""
        value = self._fields.get(name)
        if value not in get_args(choices):
            raise AnswerError(f"{name} is {value!r}")
        return value

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of texts."""
        return tuple(str(value) for value in self._list(name))

    def records(self, name: str, parse: Callable[["Fields"], Parsed]) -> tuple[Parsed, ...]:
        """A list of objects."""
        return tuple(parse(Fields(value)) for value in self._list(name))

    def record_or_none(self, name: str, parse: Callable[["Fields"], Parsed]) -> Parsed | None:
        """An object, or None."""
        value = self._fields.get(name)
        return None if value is None else parse(Fields(value))

    def numbers(self, name: str) -> Mapping[str, float]:
        """An object of numbers; what is no number is passed over."""
        value = self._fields.get(name)
        if not isinstance(value, Mapping):
            return MappingProxyType({})
        found = {key: _finite(item) for key, item in cast(Mapping[str, Any], value).items()}
        return MappingProxyType({key: item for key, item in found.items() if item is not None})

    def _list(self, name: str) -> list[Any]:
        value = self._fields.get(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise AnswerError(f"{name} is no list")
        return cast(list[Any], value)


def _finite(value: object) -> float | None:
    """A number as JSON means it; Python also reads NaN, infinities and numbers without end."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def parse_problem(fields: Fields) -> Problem:
    """`{"code", "message"}`."""
    return Problem(fields.text("code"), fields.text("message"))


def parse_album(fields: Fields) -> Album:
    """One of GET /albums."""
    return Album(
        id=fields.required("id"),
        folder=fields.text("folder"),
        title=fields.text("title"),
        state=cast(AlbumState, fields.one_of("state", AlbumState)),
        read=fields.integer("read"),
        total=fields.integer("total"),
        message=fields.text("message"),
        photos=fields.records("photos", _parse_photo),
        notes=fields.texts("notes"),
        funnel=fields.records("funnel", _parse_funnel_row),
    )


def parse_job(fields: Fields) -> Job:
    """One of GET /jobs."""
    position = fields.number_or_none("position")
    return Job(
        id=fields.required("id"),
        title=fields.text("title"),
        goal=cast(Goal, fields.one_of("goal", Goal)),
        state=cast(JobState, fields.one_of("state", JobState)),
        position=None if position is None else int(position),
        stage=fields.text("stage"),
        stage_title=fields.text("stage_title"),
        stage_index=fields.integer("stage_index"),
        stage_count=fields.integer("stage_count"),
        step=fields.integer("step"),
        total=fields.integer("total"),
        progress=fields.number("progress"),
        seconds_left=fields.number_or_none("seconds_left"),
        message=fields.text("message"),
        error=fields.record_or_none("error", parse_problem),
        created_at=fields.text("created_at"),
        started_at=fields.text_or_none("started_at"),
        finished_at=fields.text_or_none("finished_at"),
        album=fields.text_or_none("album"),
        folder=fields.text("folder"),
        preset=fields.text("preset"),
        body=fields.text("body"),
        prompt_addition=fields.text("prompt_addition"),
        workspace=fields.text("workspace"),
        preview=fields.text_or_none("preview"),
        log=fields.text_or_none("log"),
        log_path=fields.text("log_path"),
        avatar=fields.text_or_none("avatar"),
        avatar_path=fields.text_or_none("avatar_path"),
        has_assets=fields.truth("has_assets"),
        doubtful_photos=fields.records("doubtful_photos", _parse_photo_fit),
        attempts=fields.integer("attempts"),
        last_event=fields.integer("last_event"),
        draft=fields.text_or_none("draft"),
        draft_seen=fields.text_or_none("draft_seen"),
        seen=fields.text_or_none("seen"),
        draft_note=fields.text("draft_note"),
        hero_photo=fields.text("hero_photo"),
        base=fields.text_or_none("base"),
        clip=fields.record_or_none("clip", _parse_clip),
        metrics=fields.numbers("metrics"),
    )


def _parse_clip(fields: Fields) -> Clip:
    return Clip(
        animation=fields.required("animation"),
        plate=fields.required("plate"),
        folder=fields.text("folder"),
    )


def parse_asset(fields: Fields) -> Asset:
    """One of GET /jobs/{id}/assets."""
    return Asset(
        kind=fields.required("kind"),
        name=fields.text("name"),
        token=fields.text("token"),
        icon=fields.text_or_none("icon"),
        photos=fields.records("photos", _parse_asset_photo),
    )


def parse_preset(fields: Fields) -> Preset:
    """One of the presets of GET /presets."""
    return Preset(
        name=fields.required("name"),
        title=fields.text("title") or fields.required("name"),
        summary=fields.text("summary"),
        is_default=fields.truth("is_default"),
        needs=fields.record_or_none("needs", _parse_needs),
    )


def parse_body(fields: Fields) -> Body:
    """One of the bodies of GET /presets."""
    return Body(
        name=fields.required("name"),
        title=fields.text("title") or fields.required("name"),
        is_available=fields.truth("is_available"),
        reason=fields.text("reason"),
    )


def parse_queue(fields: Fields) -> Queue:
    """GET /queue."""
    return Queue(fields.truth("paused"), fields.text("message"), fields.texts("order"))


def parse_wardrobe_item(fields: Fields) -> WardrobeItem:
    """One of GET /wardrobe."""
    return WardrobeItem(
        id=fields.required("id"),
        kind=fields.required("kind"),
        name=fields.text("name"),
        token=fields.text("token"),
        source=fields.text("source"),
        has_pattern=fields.truth("has_pattern"),
        icon=fields.text_or_none("icon"),
    )


def parse_finding(fields: Fields) -> Finding:
    """One of GET /doctor, or of `doctor --json`."""
    return Finding(
        subject=fields.required("subject"),
        state=cast(FindingState, fields.one_of("state", FindingState)),
        detail=fields.text("detail"),
        remedy=fields.text("remedy"),
    )


def _parse_photo(fields: Fields) -> Photo:
    return Photo(
        id=fields.required("id"),
        name=fields.text("name"),
        width=fields.integer("width"),
        height=fields.integer("height"),
        verdict=cast(Verdict, fields.one_of("verdict", Verdict)),
        warnings=fields.texts("warnings"),
        thumbnail=fields.text_or_none("thumbnail"),
        is_readable=fields.truth("is_readable"),
    )


def _parse_funnel_row(fields: Fields) -> FunnelRow:
    return FunnelRow(fields.required("step"), fields.integer("count"))


def _parse_photo_fit(fields: Fields) -> PhotoFit:
    return PhotoFit(fields.required("id"), fields.required("name"), fields.texts("warnings"))


def _parse_asset_photo(fields: Fields) -> AssetPhoto:
    return AssetPhoto(
        fields.required("photo"), fields.number("share"), fields.text_or_none("preview")
    )


def _parse_needs(fields: Fields) -> Needs:
    return Needs(
        minutes=fields.number("minutes"),
        memory_gib=fields.number("memory_gib"),
        disk_gib=fields.number("disk_gib"),
        measured_on=fields.text("measured_on"),
    )
