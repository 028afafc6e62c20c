"""What a job of another goal needs before anything is made of its avatar."""

from album2avatar.jobs.errors import ConflictError
from album2avatar.jobs.records import JobRecord


def check_finished(base: JobRecord, then: str) -> None:
    """See that a job made an avatar that is still there.

    Args:
        base: the avatar's job.
        then: what the artist does with it afterwards, such as "animate it".

    Raises:
        ConflictError: the avatar isn't finished, or its files are gone.
    """
    if base.state != "done" or not base.makes_avatar:
        raise ConflictError(
            f"'{base.title}' is no finished avatar. Let its job come to the end, then {then}."
        )
    if not base.workspace.rigged.is_file():
        raise ConflictError(
            f"The files of '{base.title}' in {base.workspace_root} are gone. Make the avatar anew, "
            f"then {then}."
        )
