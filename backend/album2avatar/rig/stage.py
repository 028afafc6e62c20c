"""The rig stage: the painted surface hangs on the template's skeleton."""

import torch
from torch import Tensor

from album2avatar.asset_table import load_asset_table
from album2avatar.body.rigged import RiggedAvatar, RiggedPart, save_rigged
from album2avatar.body.storage import load_body
from album2avatar.mesh.storage import StoredMesh, load_mesh
from album2avatar.progress import JobControl
from album2avatar.rig.eyes import eye_parts
from album2avatar.rig.preview import save_bends
from album2avatar.rig.transfer import skin_surface
from album2avatar.settings import Settings
from album2avatar.workspace import Workspace


def run(workspace: Workspace, settings: Settings, job: JobControl) -> None:
    """Give the painted surface skinning weights and write it with the skeleton.

    Raises:
        WorkspaceError: an earlier stage's file is missing or damaged.
    """
    body = load_body(workspace.body)
    painted = load_mesh(workspace.painted)
    job.raise_if_cancelled()
    weights = skin_surface(painted.mesh, body, hair_vertices(workspace, painted), settings.rig)
    avatar = RiggedPart("avatar", painted.mesh, painted.uv, weights, "albedo")
    preview = save_bends(workspace.preview(job.stage, 1), painted.mesh, weights, body)
    eyes = eye_parts(painted.mesh, body, settings.rig.iris_color)
    save_rigged(workspace.rigged, RiggedAvatar(body.skeleton, (avatar, *eyes)))
    job.report(1, 1, preview=preview)


def hair_vertices(workspace: Workspace, painted: StoredMesh) -> Tensor:
    """(V,) bool, the vertices that the paint stage named hair."""
    assets = load_asset_table(workspace).assets
    hair = [index for index, asset in enumerate(assets) if asset.kind == "hair"]
    return torch.isin(painted.extras["vertex_asset"], torch.tensor(hair, dtype=torch.int64))
