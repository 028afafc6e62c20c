"""The stage that colours the sculpted mesh."""

import logging
from collections.abc import Sequence

from album2avatar.asset_table import load_asset_table
from album2avatar.assets import Asset, AssetKind, PhotoLabels
from album2avatar.attire.patterns import make_attire
from album2avatar.attire.worn import worn_assets
from album2avatar.body.relief import covered_relief
from album2avatar.body.storage import load_body, load_poses
from album2avatar.body.types import CanonicalBody
from album2avatar.checkpoint import load_checkpoint, save_checkpoint
from album2avatar.devices import choose_device
from album2avatar.guidance.cost import DistillationCost
from album2avatar.guidance.guiding_prior import load_guiding_prior
from album2avatar.json_models import write_model
from album2avatar.mesh.quads import labels_of_faces, without_seams
from album2avatar.mesh.storage import load_mesh, save_mesh
from album2avatar.mesh.topology import edge_table
from album2avatar.mesh.types import Mesh
from album2avatar.paint.baking import bake_albedo, preview_strip
from album2avatar.paint.canvas import FieldCanvas, first_field
from album2avatar.paint.painter import Painter
from album2avatar.paint.remeshing import remesh
from album2avatar.paint.roughness import asset_roughness, bake_roughness
from album2avatar.paint.scene import PaintedSurface
from album2avatar.paint.unwrapping import unwrap_body
from album2avatar.pictures import save_picture, save_texture
from album2avatar.progress import JobControl
from album2avatar.projection.album_views import read_trimmed_photo
from album2avatar.projection.observations import observe_photos, with_attire
from album2avatar.projection.possible_assets import assets_standing_off
from album2avatar.projection.surface_labels import photo_colors, share_surface, smoothing_steps
from album2avatar.render.detail import bake_detail
from album2avatar.render.visibility_choice import choose_visibility
from album2avatar.settings import Settings
from album2avatar.workspace import Workspace

logger = logging.getLogger(__name__)


def run(workspace: Workspace, settings: Settings, job: JobControl) -> None:
    """Distil the avatar's colours from the personalised prior and bake them to a texture."""
    own = settings.paint
    device = choose_device(settings.device)
    table = load_asset_table(workspace)
    body = load_body(workspace.body)
    assets = worn_assets(table.assets, settings.prompt_addition, body.kind)
    kinds: list[AssetKind] = [asset.kind for asset in assets]
    sculpture = load_mesh(workspace.sculpt).mesh
    remeshed = remesh(sculpture, covered_relief(body, kinds), own.faces)
    for remark in remeshed.remarks:
        logger.info("topology: %s", remark)
    job.raise_if_cancelled()
    surface = prepare_surface(workspace, table.photos, assets, body, remeshed.mesh).on(device)
    prior = load_guiding_prior(workspace, settings)
    field = first_field(surface, own, settings.seed)
    canvas = FieldCanvas(field)
    visibility = choose_visibility(settings.performance.rasterizer, device)
    painter = Painter(surface, canvas, kinds, body, prior, own, settings.seed, visibility)

    checkpoint_path = workspace.checkpoint(job.stage)
    checkpoint = load_checkpoint(checkpoint_path)
    start = 0
    if checkpoint is not None:
        start = checkpoint.step
        painter.restore(checkpoint.tensors)
    for step in job.steps(own.steps, start):
        metrics = painter.train_step(step)
        done, preview = step + 1, None
        if done % own.preview_every == 0 or done == own.steps:
            preview = workspace.preview(job.stage, done)
            save_picture(preview, preview_strip(surface, body, canvas))
        if done % own.checkpoint_every == 0 or done == own.steps:
            save_checkpoint(checkpoint_path, done, painter.tensors())
        job.report(done, own.steps, painter.memory.news(), metrics, preview)

    mate = remeshed.mate.to(device)
    uv = unwrap_body(surface.mesh, mate, body, own.texture_size, job.raise_if_cancelled)
    texture = bake_albedo(surface, uv, field, own.texture_size)
    save_texture(workspace.distilled_albedo, texture)
    cost = DistillationCost(steps=own.steps, prior_calls=painter.prior_calls)
    write_model(workspace.paint_cost, cost)
    detail = bake_detail(sculpture.to(device), surface.mesh, uv, own.texture_size)
    save_texture(workspace.normal_map, detail)
    owners = labels_of_faces(surface.assets, surface.mesh.faces, mate)
    rough = bake_roughness(uv, owners, asset_roughness(assets), own.texture_size)
    save_texture(workspace.roughness_map, rough)
    extras = {
        "vertex_asset": surface.assets,
        "face_asset": owners,
        "quad_mate": without_seams(mate, surface.mesh, uv),
    }
    save_mesh(workspace.distilled, surface.mesh, uv, extras)
    checkpoint_path.unlink(missing_ok=True)


def prepare_surface(
    workspace: Workspace,
    labels: Sequence[PhotoLabels],
    assets: Sequence[Asset],
    body: CanonicalBody,
    mesh: Mesh,
) -> PaintedSurface:
    """Find the asset of each of a mesh's vertices in photos and words."""
    photos = {label.photo: read_trimmed_photo(workspace, label.photo) for label in labels}
    seen = observe_photos(mesh, body, load_poses(workspace.poses), photos)
    observations = with_attire(seen, mesh, make_attire(body, assets))
    kinds: list[AssetKind] = [asset.kind for asset in assets]
    possible = assets_standing_off(mesh.vertices, body, kinds)
    shares = share_surface(mesh, observations, possible, smoothing_steps(mesh))
    colors, known = photo_colors(shares.argmax(1), observations, len(kinds))
    return PaintedSurface(mesh, edge_table(mesh.faces), shares, colors, known)
