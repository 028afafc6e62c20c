"""Events are numbered without a gap, whatever cuts a write off."""

import threading
from pathlib import Path

import pytest

from album2avatar.jobs.event_log import EventLog


def test_events_are_numbered_from_one_and_read_from_any_number(tmp_path: Path):
    log = EventLog(tmp_path / "events.jsonl")
    for step in range(5):
        log.append("progress", {"step": step})
    assert [event.id for event in log.read(after=0)] == [1, 2, 3, 4, 5]
    assert [event.data["step"] for event in log.read(after=3)] == [3, 4]
    assert log.read(after=5) == []
    assert log.read(after=99) == []


def test_a_new_process_goes_on_counting(tmp_path: Path):
    EventLog(tmp_path / "events.jsonl").append("state", {"state": "queued"})
    again = EventLog(tmp_path / "events.jsonl")
    assert again.append("progress", {"message": "é…\n"}).id == 2
    assert [event.data for event in again.read(after=1)] == [{"message": "é…\n"}]
    latest = again.latest("state")
    assert latest is not None
    assert latest.data == {"state": "queued"}


@pytest.mark.parametrize("kept", [0, 1, 10, 30, 61])
def test_a_torn_last_line_is_cut_off_and_its_number_used_again(tmp_path: Path, kept: int):
    path = tmp_path / "events.jsonl"
    log = EventLog(path)
    log.append("state", {"state": "queued"})
    whole = path.read_bytes()
    log.append("progress", {"step": 1, "message": "half of this will be lost"})
    path.write_bytes(whole + path.read_bytes()[len(whole) :][:kept])
    again = EventLog(path)
    assert again.last_id == 1
    assert again.append("progress", {"step": 2}).id == 2
    assert [event.data for event in EventLog(path).read(after=0)] == [
        {"state": "queued"},
        {"step": 2},
    ]


def test_threads_that_write_at_once_lose_nothing(tmp_path: Path):
    log = EventLog(tmp_path / "events.jsonl")

    def write(name: int) -> None:
        for step in range(50):
            log.append("progress", {"name": name, "step": step})

    threads = [threading.Thread(target=write, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    events = EventLog(tmp_path / "events.jsonl").read(after=0, at_most=1000)
    assert [event.id for event in events] == list(range(1, 201))
    for name in range(4):
        assert [e.data["step"] for e in events if e.data["name"] == name] == list(range(50))
