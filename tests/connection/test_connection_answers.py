"""Whatever a backend may send: a record, or an error of the kind that becomes a sentence."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blender_addon.connection import parsing, progress
from blender_addon.connection.events import Event, parse_events

PARSERS = [
    parsing.parse_job,
    parsing.parse_album,
    parsing.parse_asset,
    parsing.parse_preset,
    parsing.parse_body,
    parsing.parse_queue,
    parsing.parse_finding,
    parsing.parse_wardrobe_item,
]
JOB = {
    "id": "someone-1a2b",
    "title": "Someone",
    "goal": "avatar",
    "state": "running",
    "progress": 0.25,
    "attempts": 1,
    "last_event": 7,
    "preview": "someone-1a2b.preview.paint.00120",
    "a field of next year": {"deep": [1]},
}
FIELDS = (
    *("id", "title", "state", "goal", "photos", "records", "total", "progress", "position"),
    *("error", "preview", "needs", "metrics", "kind", "token", "name", "order", "paused"),
    *("subject", "detail", "warnings", "verdict"),
)
NAMES = st.sampled_from(FIELDS)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=8,
)


@pytest.mark.parametrize("parse", PARSERS, ids=lambda parse: parse.__name__)
@given(value=VALUES, start=st.sampled_from([{}, JOB]))
def test_any_json_is_a_record_or_an_answer_error(parse, value, start):
    answer = {**start, **value} if isinstance(value, dict) else value
    with contextlib.suppress(parsing.AnswerError):
        parse(parsing.Fields(answer))


@given(st.binary(max_size=200), st.binary(max_size=40))
def test_any_bytes_before_an_event_do_not_hide_it(noise, data):
    lines = [*noise.splitlines(keepends=True), b"\n", b"\n"]
    lines += [b"id: 5\n", b"event: state\n", b'data: {"state": "done"}\n', b"\n"]
    assert list(parse_events(lines))[-1] == Event(5, "state", {"state": "done"})


def job(**changes):
    return parsing.parse_job(parsing.Fields({**JOB, **changes}))


def test_added_fields_are_passed_over_and_missing_ones_are_neutral():
    found = job()
    assert (found.id, found.progress, found.last_event) == ("someone-1a2b", 0.25, 7)
    assert (found.error, found.seconds_left, found.log_path, found.has_assets) == (
        None,
        None,
        "",
        False,
    )
    with pytest.raises(parsing.AnswerError, match="state is 'dancing'"):
        job(state="dancing")
    with pytest.raises(parsing.AnswerError, match="id is missing"):
        job(id="")


def test_events_move_a_job_on_and_old_ones_do_not():
    data = {"stage": "paint", "progress": 0.5, "step": 3, "metrics": {"gradient_norm": 0.1}}
    moved = progress.after_event(job(), Event(8, "progress", data))
    assert (moved.stage, moved.progress, moved.last_event) == ("paint", 0.5, 8)
    assert moved.metrics["gradient_norm"] == 0.1
    # A preview stays until there is a newer one.
    assert moved.preview == JOB["preview"]
    assert progress.after_event(moved, Event(8, "progress", {"progress": 0.1})) is moved


def test_a_late_poll_does_not_take_a_job_back():
    moved = progress.after_event(job(), Event(9, "progress", {"progress": 0.75}))
    assert progress.after_poll(moved, job(last_event=8, progress=0.5)) is moved
    assert progress.after_poll(moved, job(last_event=9, state="done")).state == "done"
    assert progress.after_poll(moved, job(last_event=1, attempts=2)).last_event == 1


def test_json_that_python_reads_but_that_is_no_number():
    answer = json.loads('{"id": "a", "goal": "avatar", "state": "done", "step": NaN}')
    with pytest.raises(parsing.AnswerError, match="step is no number"):
        parsing.parse_job(parsing.Fields(answer))
