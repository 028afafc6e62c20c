"""Jobs in words. Knows nothing of Blender."""

from collections.abc import Mapping

from ..connection.types import Job

STATE_TITLES: Mapping[str, str] = {
    "queued": "Waiting",
    "running": "Running",
    "cancelling": "Stopping",
    "cancelled": "Cancelled",
    "failed": "Failed",
    "done": "Done",
}
STATE_ICONS: Mapping[str, str] = {
    "queued": "SORTTIME",
    "running": "PLAY",
    "cancelling": "PAUSE",
    "cancelled": "CANCEL",
    "failed": "ERROR",
    "done": "CHECKMARK",
}


def state_line(job: Job) -> str:
    """A job's state, as in the list: "Waiting (2nd)", "Running 40 %"."""
    if job.state == "queued" and job.position is not None:
        return f"Waiting, number {job.position}"
    if job.state == "running":
        return f"{job.progress:.0%}"
    if job.state == "done" and job.goal == "assets":
        return "Assets found"
    return STATE_TITLES[job.state]


def stage_line(job: Job) -> str:
    """Which stage a job is in: "5 of 8: Sculpt the shape"."""
    if not job.stage_index:
        return STATE_TITLES[job.state]
    return f"{job.stage_index} of {job.stage_count}: {job.stage_title}"


def step_line(job: Job) -> str:
    """Where in the stage a job is: "Step 120 of 400, about 3 min left"."""
    parts: list[str] = []
    if job.total:
        parts.append(f"Step {job.step} of {job.total}")
    if job.seconds_left is not None:
        parts.append(time_left(job.seconds_left))
    return ", ".join(parts)


def time_left(seconds: float) -> str:
    """A time that is as vague as the estimate: "about 3 min left"."""
    if seconds < 45:
        return "less than a minute left"
    minutes = round(seconds / 60)
    if minutes < 90:
        return f"about {minutes} min left"
    return f"about {minutes / 60:.1f} h left"


def gradient_line(job: Job) -> str:
    """How much the newest step still changes; empty where the stage doesn't say."""
    norm = job.metrics.get("gradient_norm")
    return "" if norm is None else f"Gradient norm {norm:.3g}"
