"""How far a job is and how long it will take, by hand-worked examples."""

import pytest

from album2avatar.jobs.estimate import JobEstimate, StageReport

SHARES = {"read": 1.0, "learn": 6.0, "write": 3.0}


def report(
    stage: str, step: int, total: int, seconds: float, here: int, left: float | None = None
) -> StageReport:
    return StageReport(stage, step, total, seconds, here, left)


def test_progress_counts_stages_by_their_usual_time():
    estimate = JobEstimate(SHARES, None)
    assert estimate.update(report("read", 0, 4, 0, 0)).progress == 0
    assert estimate.update(report("read", 4, 4, 2, 4)).progress == pytest.approx(0.1)
    assert estimate.update(report("learn", 3, 6, 5, 3)).progress == pytest.approx(0.4)
    assert estimate.update(report("write", 1, 1, 1, 1)).progress == pytest.approx(1.0)


def test_a_machine_of_even_speed_is_predicted_exactly():
    """One second per tenth of a share: half of `learn` done leaves 3 + 3 s."""
    estimate = JobEstimate(SHARES, None)
    estimate.update(report("read", 4, 4, 1.0, 4))
    assert estimate.update(report("learn", 3, 6, 3.0, 3, left=3.0)).seconds_left == pytest.approx(6)


def test_a_machine_twice_as_slow_doubles_the_later_stages():
    slow = JobEstimate(SHARES, None)
    slow.update(report("read", 4, 4, 2.0, 4))
    left = slow.update(report("learn", 3, 6, 6.0, 3, left=6.0)).seconds_left
    assert left == pytest.approx(12)


def test_without_any_measurement_nothing_is_promised():
    assert JobEstimate(SHARES, None).update(report("read", 0, 4, 0, 0)).seconds_left is None


def test_the_usual_time_serves_until_something_was_measured():
    left = JobEstimate(SHARES, 100).update(report("read", 0, 4, 0, 0)).seconds_left
    assert left == pytest.approx(100)


def test_what_was_measured_outweighs_the_usual_time():
    estimate = JobEstimate(SHARES, 1000)
    estimate.update(report("read", 4, 4, 1.0, 4))
    left = estimate.update(report("learn", 6, 6, 6.0, 6, left=0.0)).seconds_left
    assert left is not None
    assert 3 < left < 30  # 3 s at the speed that was seen, 300 s at the usual one


def test_after_a_resume_only_steps_of_this_process_count_for_speed():
    """Step 5 of 6 was reached by one step of one second; five were taken before a crash."""
    estimate = JobEstimate(SHARES, None)
    left = estimate.update(report("learn", 5, 6, 1.0, 1, left=1.0)).seconds_left
    assert left == pytest.approx(1 + 3)


def test_a_skipped_stage_says_nothing_of_speed():
    estimate = JobEstimate(SHARES, None)
    skipped = estimate.update(report("read", 1, 1, 0.0, 0))
    assert skipped.progress == pytest.approx(0.1)
    assert skipped.seconds_left is None
