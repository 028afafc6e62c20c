"""Callbacks in Blender's main thread: in order, and never for long."""

import time

import pytest

from blender_addon.connection.connection import Connection

BUDGET, LIMIT = 0.004, 0.005


def busy(seconds: float) -> None:
    until = time.perf_counter() + seconds
    while time.perf_counter() < until:
        pass


@pytest.fixture
def connection(tmp_path):
    connection = Connection(tmp_path)
    yield connection
    connection.close("now", 1.0)


def ask(connection: Connection, callback) -> None:
    """A request that fails at once, for no backend runs: the quickest way to a callback."""
    connection.request("GET", "/jobs", fail=callback)


def wait_for_requests(connection: Connection, count: int) -> None:
    deadline = time.monotonic() + 10
    while len(connection._callbacks) < count:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_thousand_callbacks_never_keep_blender_for_5_ms(connection):
    called = []

    def callback(number):
        def call(problem):
            busy(0.0001)
            called.append(number)

        return call

    for number in range(1000):
        ask(connection, callback(number))
    wait_for_requests(connection, 1000)
    ticks = []
    while len(called) < 1000:
        began = time.thread_time()
        connection.drain(BUDGET)
        ticks.append(time.thread_time() - began)
    assert max(ticks) < LIMIT
    assert called == list(range(1000))
    assert len(ticks) < 60


def test_a_callback_that_fails_does_not_keep_the_next_from_its_turn(connection, caplog):
    called = []
    ask(connection, lambda problem: 1 / 0)
    ask(connection, called.append)
    wait_for_requests(connection, 2)
    connection.drain(BUDGET)
    assert [problem.code for problem in called] == ["off"]
    assert "ZeroDivisionError" in caplog.text


def test_draining_says_whether_there_is_something_new(connection):
    assert not connection.drain(BUDGET)
    connection.follow("job1")
    assert connection.drain(BUDGET)
    assert not connection.drain(BUDGET)


def test_after_closing_a_request_says_so(connection):
    called = []
    connection.close("now", 1.0)
    ask(connection, called.append)
    connection.drain(BUDGET)
    assert connection.snapshot().status == "off"
