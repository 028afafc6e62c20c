"""How often the prior is asked about a view."""

from album2avatar.guidance.gradients import LOW_NOISE_TIMESTEP, wordings_read
from album2avatar.guidance.personal import rule_at
from album2avatar.guidance.timesteps import TimestepSchedule, highest_timestep
from album2avatar.settings.guidance import GuidanceSettings


def mean_calls(settings: GuidanceSettings, steps: int) -> float:
    """Pictures that the prior judges of a view, as the mean over the steps and their draws.

    The negative prompt is read where there is much noise alone, so what a step asks depends on the
    schedule.
    """
    return sum(_calls_at(settings, step, steps) for step in range(steps)) / steps


def _calls_at(settings: GuidanceSettings, step: int, steps: int) -> float:
    wordings = wordings_read(rule_at(settings, step / steps))
    if "negative" not in wordings:
        return len(wordings)
    schedule = TimestepSchedule(
        settings.lowest_timestep, settings.highest_timestep_first, settings.highest_timestep_last
    )
    highest = highest_timestep(schedule, step, steps)
    noisy = highest - LOW_NOISE_TIMESTEP / 1000
    share = noisy / max(highest - schedule.lowest, 1e-9)
    return len(wordings) - 1 + min(max(share, 0.0), 1.0)
