"""Server-sent events: read as the format says, and resumed where they broke off."""

import json
import threading
import time

import pytest

from blender_addon.connection.client import Client
from blender_addon.connection.events import Event, Follower, parse_events


def block(number, name="progress", **data):
    return f"id: {number}\nevent: {name}\ndata: {json.dumps(data)}\n\n".encode()


def events_of(text: bytes) -> list[Event]:
    return list(parse_events(text.splitlines(keepends=True)))


def test_events_comments_and_line_ends():
    text = b': heartbeat\r\n\r\nid: 4\r\nevent: state\r\ndata: {\r\ndata: "a": 1}\r\n\r\n'
    assert events_of(text) == [Event(4, "state", {"a": 1})]


def test_an_event_counts_only_when_it_is_whole():
    text = block(1) + block(2)
    whole = [len(events_of(text[:length])) for length in range(len(text) + 1)]
    assert whole == sorted(whole)
    assert whole[len(block(1)) - 1] == 0
    assert whole[-2] == 1
    assert whole[-1] == 2


@pytest.mark.parametrize("data", ["nonsense", "[1]", '"text"', "{"])
def test_what_cannot_be_read_is_passed_over(data):
    text = f"id: 1\nevent: progress\ndata: {data}\n\n".encode() + block(2)
    assert [event.id for event in events_of(text)] == [2]


class Seen:
    """Collects events and lets a test wait for the end."""

    def __init__(self):
        self.events: list[Event] = []
        self.has_ended = threading.Event()

    def __call__(self, job, event):
        self.events.append(event)
        if event.name == "end":
            self.has_ended.set()


def start_stream(handler):
    handler.send_response(200)
    handler.send_header("Content-Type", "text/event-stream")
    handler.end_headers()


def test_a_broken_stream_goes_on_after_the_last_whole_event(tiny_server):
    """Each connection gives two events and half of the next; nothing is lost or told twice."""

    def break_off(handler):
        start_stream(handler)
        after = int(handler.headers["Last-Event-ID"])
        for number in range(after + 1, min(after + 3, 8)):
            handler.wfile.write(block(number))
        last = block(8, "end") if after >= 6 else block(after + 3)[:-1]
        handler.wfile.write(last)

    server, seen = tiny_server(break_off), Seen()
    follower = Follower(seen)
    follower.follow(Client(server.url, "token"), "job1", 0)
    assert seen.has_ended.wait(10)
    assert [event.id for event in seen.events] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [headers["Last-Event-ID"] for _, _, headers in server.requests] == ["0", "2", "4", "6"]


def test_a_silent_stream_is_opened_again(tiny_server):
    def fall_silent(handler):
        start_stream(handler)
        if handler.headers["Last-Event-ID"] == "0":
            handler.wfile.write(block(1))
            time.sleep(5)
        else:
            handler.wfile.write(block(2, "end"))

    seen = Seen()
    follower = Follower(seen, longest_silence=0.3)
    follower.follow(Client(tiny_server(fall_silent).url, "token"), "job1", 0)
    assert seen.has_ended.wait(4)


def test_leaving_does_not_wait_for_the_next_event(tiny_server):
    opened = threading.Event()

    def fall_silent(handler):
        start_stream(handler)
        opened.set()
        time.sleep(20)

    follower = Follower(Seen())
    follower.follow(Client(tiny_server(fall_silent).url, "token"), "job1", 0)
    assert opened.wait(5)
    threads = [thread for thread in threading.enumerate() if thread.name == "album2avatar events"]
    follower.leave()
    for thread in threads:
        thread.join(2)
    assert threads
    assert not any(thread.is_alive() for thread in threads)


def test_a_job_that_is_gone_is_not_asked_for_again(tiny_server):
    def gone(handler):
        content = b'{"error": {"code": "not_found", "message": "There is no such job."}}'
        handler.send_response(404)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    server = tiny_server(gone)
    follower = Follower(Seen())
    follower.follow(Client(server.url, "token"), "job1", 0)
    time.sleep(1.0)
    assert len(server.requests) == 1
    assert follower.job is None
