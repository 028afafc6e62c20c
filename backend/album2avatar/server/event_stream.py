"""A job's events as server-sent events (WHATWG HTML, section 9.2)."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncGenerator

from album2avatar.jobs.errors import NotFoundError
from album2avatar.jobs.event_log import Event
from album2avatar.jobs.job_store import JobStore
from album2avatar.jobs.records import TERMINAL

HEARTBEAT_SECONDS = 10.0
_POLL_SECONDS = 0.05


async def stream_events(
    store: JobStore, job: str, after: int, ending: threading.Event
) -> AsyncGenerator[bytes]:
    """Send every event after a number, then new ones as they come, until the job has ended.

    The final `end` has no number, so that a reader who comes back later asks for what followed
    it: a job may be resumed.

    Args:
        store: the jobs.
        job: id of the job.
        after: number of the last event that the reader knows; 0 for all.
        ending: set when the service ends, and the stream with it.
    """
    sent_at = time.monotonic()
    yield b": hello\n\n"
    while not ending.is_set():
        try:
            log = store.log(job)
        except NotFoundError:  # deleted meanwhile
            break
        events = await asyncio.to_thread(log.read, after) if log.last_id > after else []
        if events:
            after = events[-1].id
            sent_at = time.monotonic()
            yield b"".join(_frame(event) for event in events)
            continue
        state = log.latest("state")
        if state is not None and state.data["state"] in TERMINAL and log.last_id <= after:
            break
        if time.monotonic() - sent_at >= HEARTBEAT_SECONDS:
            sent_at = time.monotonic()
            yield b": still here\n\n"
        await asyncio.sleep(_POLL_SECONDS)
    if not ending.is_set():
        yield f"event: end\ndata: {json.dumps({'job': job})}\n\n".encode()


def _frame(event: Event) -> bytes:
    data = json.dumps(event.data, ensure_ascii=False)
    return f"id: {event.id}\nevent: {event.kind}\ndata: {data}\n\n".encode()
