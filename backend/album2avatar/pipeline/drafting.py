"""The draft as one stage: shaped and coloured, then rigged and written like the finished avatar."""

from album2avatar.draft import stage as draft_stage
from album2avatar.draft_report import load_draft_report
from album2avatar.export import stage as export_stage
from album2avatar.progress import JobControl
from album2avatar.rig import stage as rig_stage
from album2avatar.settings import Settings
from album2avatar.workspace import Workspace


def run(workspace: Workspace, settings: Settings, job: JobControl) -> None:
    """Make the avatar's draft, up to a GLB.

    Raises:
        AlbumError: a mask has another size than its photo, or the masks show nothing of the body.
        WorkspaceError: an earlier stage's file is missing or damaged.
    """
    # What words add needs the sculpture; the draft is the album's.
    of_album = settings.model_copy(update={"prompt_addition": ""})
    draft_stage.run(workspace, of_album, job)
    rig_stage.run(workspace.draft, of_album, job)
    export_stage.write_glb(workspace.draft, of_album)
    # Once more, now that the avatar beside it can be had, and instead of the rig's picture.
    said = load_draft_report(workspace.draft_report).sentence
    picture = draft_stage.picture_path(workspace, job.stage)
    job.report(1, 1, f"the draft is there. {said}", preview=picture)
