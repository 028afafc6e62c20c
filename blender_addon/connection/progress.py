"""How a job's record follows its events, and what a poll may change of it."""

from dataclasses import replace
from typing import cast

from .events import Event
from .parsing import Fields, parse_problem
from .types import Job, JobState


def after_event(job: Job, event: Event) -> Job:
    """The job as its newest event describes it; an older event changes nothing.

    Raises:
        AnswerError: the event is not of the agreed form.
    """
    if event.id <= job.last_event:
        return job
    fields = Fields(event.data)
    if event.name == "state":
        return replace(
            job,
            state=cast(JobState, fields.one_of("state", JobState)),
            message=fields.text("message"),
            error=fields.record_or_none("error", parse_problem),
            last_event=event.id,
        )
    if event.name == "progress":
        return replace(
            job,
            stage=fields.text("stage"),
            stage_title=fields.text("stage_title"),
            stage_index=fields.integer("stage_index"),
            stage_count=fields.integer("stage_count"),
            step=fields.integer("step"),
            total=fields.integer("total"),
            progress=fields.number("progress"),
            seconds_left=fields.number_or_none("seconds_left"),
            message=fields.text("message"),
            preview=fields.text_or_none("preview") or job.preview,
            metrics=fields.numbers("metrics"),
            last_event=event.id,
        )
    return replace(job, last_event=event.id)


def after_poll(known: Job | None, polled: Job) -> Job:
    """The polled job, unless events have told newer things of it already."""
    if known is None:
        return polled
    if polled.attempts == known.attempts and polled.last_event < known.last_event:
        return known
    return replace(polled, metrics=polled.metrics or known.metrics)
