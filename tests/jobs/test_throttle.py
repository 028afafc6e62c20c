"""Which reports reach the reader."""

from album2avatar.jobs.throttle import Throttle
from album2avatar.jobs.worker_protocol import ProgressMessage


def report(step: int, stage: str = "paint", preview: str | None = None) -> ProgressMessage:
    return ProgressMessage(stage=stage, step=step, total=1000, preview=preview)


def steps(reports: list[ProgressMessage]) -> list[int]:
    return [each.step for each in reports]


def test_a_thousand_reports_in_a_second_become_five():
    throttle = Throttle(0.2)
    passed = [step for step in range(999) if throttle.offer(report(step), step / 1000)]
    assert len(passed) == 5


def test_pictures_last_steps_and_new_stages_always_pass():
    throttle = Throttle(0.2)
    assert steps(throttle.offer(report(1), 0.0)) == [1]
    assert steps(throttle.offer(report(2), 0.01)) == []
    assert steps(throttle.offer(report(3, preview="paint-00003"), 0.02)) == [3]
    assert steps(throttle.offer(report(1000), 0.03)) == [1000]
    assert steps(throttle.offer(report(1, stage="rig"), 0.04)) == [1]


def test_the_latest_report_is_shown_when_nothing_follows():
    throttle = Throttle(0.2)
    throttle.offer(report(1), 0.0)
    throttle.offer(report(2), 0.05)
    throttle.offer(report(3), 0.1)
    assert throttle.due(0.15) == []
    assert steps(throttle.due(0.25)) == [3]
    assert throttle.due(9.0) == []


def test_a_report_that_was_held_back_comes_before_the_next_stage():
    throttle = Throttle(0.2)
    throttle.offer(report(1), 0.0)
    throttle.offer(report(2), 0.1)
    assert steps(throttle.offer(report(7, stage="rig"), 0.11)) == [2, 7]
