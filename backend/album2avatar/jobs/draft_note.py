"""What an artist should know of a draft."""

from album2avatar.draft_report import load_draft_report
from album2avatar.errors import WorkspaceError
from album2avatar.workspace import Workspace


def draft_note(workspace: Workspace) -> str:
    """How much of it was guessed, in a sentence; empty without one or with a damaged report."""
    if not workspace.draft_report.is_file():
        return ""
    try:
        return load_draft_report(workspace.draft_report).sentence
    except WorkspaceError:
        return ""
