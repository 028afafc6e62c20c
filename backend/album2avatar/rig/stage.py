"""The rig stage: the painted surface hangs on the template's skeleton."""

from collections.abc import Sequence

import torch
from torch import Tensor

from album2avatar.asset_table import load_asset_table
from album2avatar.assets import Asset, AssetKind
from album2avatar.attire.worn import worn_assets
from album2avatar.body.rigged import RiggedAvatar, RiggedPart, save_rigged
from album2avatar.body.sorted_surface import sorted_surface
from album2avatar.body.storage import load_body
from album2avatar.mesh.storage import StoredMesh, load_mesh
from album2avatar.pictures import load_texture
from album2avatar.progress import JobControl
from album2avatar.rig.eyes import eye_parts
from album2avatar.rig.preview import save_bends
from album2avatar.settings import Settings
from album2avatar.skinning.transfer import skin_surface
from album2avatar.workspace import Workspace


def run(workspace: Workspace, settings: Settings, job: JobControl) -> None:
    """Give the painted surface skinning weights and write it with the skeleton.

    Raises:
        WorkspaceError: an earlier stage's file is missing or damaged.
    """
    body = load_body(workspace.body)
    painted = load_mesh(workspace.painted)
    job.raise_if_cancelled()
    table = load_asset_table(workspace)
    assets = worn_assets(table.assets, settings.prompt_addition, body.kind)
    hair = vertices_of(painted, assets, "hair")
    weights = skin_surface(painted.mesh, body, hair, settings.rig)
    surface = sorted_painted(painted, weights, len(assets))
    eyes = eye_parts(painted.mesh, body, settings.rig.iris_color)
    rigged = RiggedAvatar(body.skeleton, (surface, *eyes))
    save_rigged(workspace.rigged, rigged)
    albedo = load_texture(workspace.albedo)
    preview = save_bends(workspace.preview(job.stage, 1), rigged, albedo, body.kind)
    job.report(1, 1, preview=preview)


def vertices_of(painted: StoredMesh, assets: Sequence[Asset], kind: AssetKind) -> Tensor:
    """(V,) bool, the vertices that the paint stage gave to assets of a kind."""
    chosen = [index for index, asset in enumerate(assets) if asset.kind == kind]
    return torch.isin(painted.extras["vertex_asset"], torch.tensor(chosen, dtype=torch.int64))


def sorted_painted(painted: StoredMesh, weights: Tensor, asset_count: int) -> RiggedPart:
    """The painted surface with its faces in the order of their assets, quads first in each."""
    # A mesh whose maker knew no quads has triangles only.
    alone = torch.full((len(painted.mesh.faces),), -1, dtype=torch.int64)
    return sorted_surface(
        painted.mesh,
        painted.uv,
        weights,
        painted.extras["face_asset"],
        painted.extras.get("quad_mate", alone),
        asset_count,
    )
