"""The describing stage."""

from pathlib import Path

import pytest

from album2avatar.album_choice import write_prompt
from album2avatar.asset_table import load_asset_table
from album2avatar.assets import Asset
from album2avatar.body.storage import load_body, load_poses
from album2avatar.description.stage import run
from album2avatar.errors import SettingsError, WorkspaceError
from album2avatar.prior.personalized import load_personalized_prior
from album2avatar.progress import silent_job
from album2avatar.settings import FittingSettings, Settings
from album2avatar.workspace import Workspace
from toy_person import write_tiny_prior


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = write_tiny_prior(tmp_path_factory.mktemp("models") / "tiny")
    return Settings(device="cpu", prior=str(folder))


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory, settings: Settings) -> Workspace:
    workspace = Workspace(tmp_path_factory.mktemp("described"))
    write_prompt(workspace, "a tall woman wearing a red shirt and a bag, smiling")
    run(workspace, settings, silent_job("describe"))
    return workspace


def files(workspace: Workspace) -> dict[str, bytes]:
    paths = [path for path in workspace.root.rglob("*") if path.is_file()]
    return {str(path.relative_to(workspace.root)): path.read_bytes() for path in paths}


def test_it_writes_what_the_later_stages_read(described: Workspace):
    table = load_asset_table(described)
    assert table.subject == "woman"
    assert table.photos == ()
    assert Asset(kind="top", name="red shirt") in table.assets
    assert not any(asset.token for asset in table.assets)
    assert load_body(described.body).kind == "anny"
    assert load_poses(described.poses).photos == ()


def test_the_prior_says_what_was_described_and_nothing_else(
    described: Workspace, settings: Settings
):
    """Trousers that nobody spoke of are on the body, but in no prompt."""
    prior = load_personalized_prior(
        Path(settings.prior), described.personalization, "cpu", "with a red hat"
    )
    assert prior.prompt(None, "front", "full body") == (
        "a photo of a tall woman wearing a red hat, a red shirt and a bag, front view, full body,"
        " smiling"
    )
    assert prior.prompt({"bottom"}, None, None) == "a photo of a woman, smiling"


def test_a_repeated_run_writes_the_same_bits(
    described: Workspace, settings: Settings, tmp_path: Path
):
    again = Workspace(tmp_path)
    write_prompt(again, "a tall woman wearing a red shirt and a bag, smiling")
    run(again, settings, silent_job("describe"))
    assert files(again) == files(described)
    run(again, settings, silent_job("describe"))
    assert files(again) == files(described)


def test_a_body_without_patterns_is_refused(settings: Settings, tmp_path: Path):
    workspace = Workspace(tmp_path)
    write_prompt(workspace, "a woman")
    smplx = settings.model_copy(update={"fitting": FittingSettings(body="smplx")})
    with pytest.raises(SettingsError, match=r"fitting\.body"):
        run(workspace, smplx, silent_job("describe"))


def test_a_folder_without_a_prompt_is_refused(settings: Settings, tmp_path: Path):
    with pytest.raises(WorkspaceError, match="no prompt"):
        run(Workspace(tmp_path), settings, silent_job("describe"))
