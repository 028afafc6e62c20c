"""The stage that hangs a variant's new part on the skeleton; the rest keeps its weights."""

from album2avatar.asset_table import load_asset_table
from album2avatar.body.rigged import RiggedAvatar, load_rigged, save_rigged
from album2avatar.body.storage import load_body
from album2avatar.mesh.storage import load_mesh
from album2avatar.pictures import load_texture
from album2avatar.progress import JobControl
from album2avatar.rig.preview import save_bends
from album2avatar.rig.stage import sorted_painted, vertices_of
from album2avatar.settings import Settings
from album2avatar.skinning.transfer import skin_surface
from album2avatar.workspace import Workspace


def run(workspace: Workspace, settings: Settings, job: JobControl) -> None:
    """Give the new vertices skinning weights and write the variant with its base's skeleton.

    Raises:
        WorkspaceError: an earlier stage's file is missing or damaged.
    """
    body, painted = load_body(workspace.body), load_mesh(workspace.painted)
    base = load_rigged(workspace.base.rigged)
    job.raise_if_cancelled()
    assets = load_asset_table(workspace).assets
    hair = vertices_of(painted, assets, "hair")
    weights = skin_surface(painted.mesh, body, hair, settings.rig)
    old_vertex = load_mesh(workspace.sculpt).extras["old_vertex"]
    kept = old_vertex >= 0
    surface, *others = base.parts
    weights[kept] = surface.weights[old_vertex[kept]].to(weights.dtype)
    variant = RiggedAvatar(base.skeleton, (sorted_painted(painted, weights, len(assets)), *others))
    save_rigged(workspace.rigged, variant)
    albedo = load_texture(workspace.albedo)
    preview = save_bends(workspace.preview(job.stage, 1), variant, albedo, body.kind)
    job.report(1, 1, preview=preview)
