"""The export stage: everything about the avatar in one binary glTF file."""

from album2avatar import __version__
from album2avatar.asset_table import load_asset_table
from album2avatar.attire.worn import worn_assets
from album2avatar.body.rigged import load_rigged
from album2avatar.body.storage import load_body
from album2avatar.export.glb import build_glb
from album2avatar.export.metadata import describe_avatar
from album2avatar.export.placement import stand_on_floor
from album2avatar.export.textures import read_textures
from album2avatar.files import write_bytes
from album2avatar.progress import JobControl
from album2avatar.settings import Settings
from album2avatar.workspace import Workspace


def run(workspace: Workspace, settings: Settings, job: JobControl) -> None:
    """Write the rigged and painted avatar as GLB."""
    write_glb(workspace, settings)
    job.report(1, 1, f"wrote {workspace.glb.name}")


def write_glb(workspace: Workspace, settings: Settings) -> None:
    """Write `workspace.glb` from what the stages left in the workspace.

    Raises:
        WorkspaceError: a file of an earlier stage is missing or damaged, or the disk is full.
        AlbumError: an edit broke the asset table.
        ExportError: the avatar can't be expressed in glTF.
    """
    avatar = stand_on_floor(load_rigged(workspace.rigged))
    rig = load_body(workspace.body).kind
    table = load_asset_table(workspace)
    assets = worn_assets(table.assets, settings.prompt_addition, rig)
    extras = describe_avatar(avatar, rig, assets, settings)
    generator = f"album2avatar {__version__}"
    content = build_glb(avatar, read_textures(workspace), extras, generator)
    write_bytes(workspace.glb, content)
