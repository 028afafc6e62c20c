"""Which job an avatar in the scene comes from. Kept on its armature, so that it is saved."""

# pyright: reportMissingImports=false

from typing import Any

JOB = "album2avatar_job"
"""Custom property: id of the job that made it. It names neither a person nor a folder."""
VARIANTS = "album2avatar_variants"
"""Custom property that the variants of one avatar share."""
KNOWLEDGE = "album2avatar_known"
"""Custom property: the picture of what photos know of its surface."""
MARKS = (JOB, VARIANTS, KNOWLEDGE)


def remember_job(armature: Any, job: str) -> None:
    """Note where an avatar comes from."""
    armature[JOB] = job


def job_of(armature: Any) -> str | None:
    """Id of the job that made an avatar; None where it came from a file."""
    job = armature.get(JOB)
    return job if isinstance(job, str) and job else None
