"""Compare the demo album's avatar with its person: `scripts/evaluate_demo WORKSPACE`."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from album2avatar.body.storage import load_body
from album2avatar.errors import Album2AvatarError
from album2avatar.evaluation.avatar import load_avatar
from album2avatar.evaluation.comparison import compare
from album2avatar.evaluation.report import as_json, comparison_strip, markdown_table
from album2avatar.files import atomic_path, write_json
from album2avatar.synthetic.album import demo_person
from album2avatar.synthetic.ground_truth import ground_truth
from album2avatar.workspace import Workspace


def evaluate(workspace: Workspace, output: Path, size: int, points: int) -> str:
    """Write evaluation.json and evaluation.png into `output`; return the Markdown table.

    Raises:
        WorkspaceError: the workspace holds no avatar, or `output` can't be written.
    """
    avatar = load_avatar(workspace)
    body = load_body(workspace.body) if workspace.body.exists() else None
    comparison = compare(ground_truth(demo_person()), avatar, body, size, points)
    write_json(output / "evaluation.json", as_json(comparison))
    with atomic_path(output / "evaluation.png") as path:
        comparison_strip(comparison).save(path)
    return markdown_table(comparison)


def main(
    workspace: Annotated[Path, typer.Argument(help="folder that `album2avatar create` filled")],
    output: Annotated[Path | None, typer.Option(help="folder for JSON and picture")] = None,
    size: Annotated[int, typer.Option(min=64, max=2048, help="pixels of a picture")] = 384,
    points: Annotated[int, typer.Option(min=1000, help="points on each surface")] = 100_000,
) -> None:
    """Print how near the avatar of the demo album comes to the person in it."""
    try:
        table = evaluate(Workspace(workspace), output or workspace / "evaluation", size, points)
    except Album2AvatarError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(error.exit_code) from error
    print(table)


if __name__ == "__main__":
    typer.run(main)
