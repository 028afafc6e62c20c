"""The stage that finds the avatar's geometry."""

from dataclasses import replace

import torch

from album2avatar.asset_table import load_asset_table
from album2avatar.assets import AssetKind
from album2avatar.attire.patterns import make_attire
from album2avatar.attire.shape import ClothField
from album2avatar.attire.worn import worn_assets
from album2avatar.body.relief import covered_relief
from album2avatar.body.storage import load_body, load_poses
from album2avatar.body.types import CanonicalBody
from album2avatar.checkpoint import load_checkpoint, save_checkpoint
from album2avatar.devices import choose_device
from album2avatar.guidance.cost import DistillationCost
from album2avatar.guidance.guiding_prior import load_guiding_prior
from album2avatar.json_models import write_model
from album2avatar.mesh.signed_distance import DistanceField
from album2avatar.mesh.storage import load_mesh, save_mesh
from album2avatar.mesh.types import Mesh
from album2avatar.progress import JobControl
from album2avatar.render.visibility_choice import choose_visibility
from album2avatar.sculpt.finishing import finish
from album2avatar.sculpt.photos import read_photos
from album2avatar.sculpt.preview import save_normal_strip
from album2avatar.sculpt.rebuilding import BandBuilder
from album2avatar.sculpt.sculptor import Sculptor
from album2avatar.sculpt.template import make_template, part_cover, part_freedom
from album2avatar.settings import Settings
from album2avatar.workspace import Workspace


def run(workspace: Workspace, settings: Settings, job: JobControl) -> None:
    """Sculpt the body to the photos' masks and the personalised prior's normal maps."""
    own = settings.sculpt
    device = choose_device(settings.device)
    fitted = load_body(workspace.body)
    body = _body_on(fitted, device)
    assets = worn_assets(load_asset_table(workspace).assets, settings.prompt_addition, fitted.kind)
    attire = make_attire(fitted, assets)
    photos = read_photos(workspace, load_poses(workspace.poses), attire, own.photo_height, device)
    kinds: set[AssetKind] = {asset.kind for asset in assets}
    template = make_template(
        covered_relief(body, kinds),
        own.close_up_magnification,
        part_freedom(kinds),
        part_cover(kinds),
    )
    job.raise_if_cancelled()
    described = ClothField(attire, fitted)
    builder = BandBuilder(template, described, own)
    prior = load_guiding_prior(workspace, settings)
    draft = _draft(workspace, device)
    visibility = choose_visibility(settings.performance.rasterizer, device)
    sculptor = Sculptor(builder, body, photos, prior, own, settings.seed, draft, visibility)

    checkpoint_path = workspace.checkpoint(job.stage)
    checkpoint = load_checkpoint(checkpoint_path)
    start = 0
    if checkpoint is not None:
        start = checkpoint.step
        sculptor.restore(checkpoint.tensors)
    for step in job.steps(own.steps, start):
        metrics = sculptor.train_step(step)
        done, preview = step + 1, None
        if done % own.preview_every == 0:
            preview = workspace.preview(job.stage, done)
            save_normal_strip(preview, _mesh(sculptor), body)
        if done % own.checkpoint_every == 0 or done == own.steps:
            save_checkpoint(checkpoint_path, done, sculptor.tensors())
        job.report(done, own.steps, sculptor.memory.news(), metrics, preview)

    finished = finish(_mesh(sculptor), template, described)
    extras = {
        "body_distance": finished.body_distance,
        "nearest_body_vertex": finished.nearest_body_vertex,
    }
    preview = workspace.preview(job.stage, own.steps)
    save_normal_strip(preview, finished.mesh, body)
    cost = DistillationCost(steps=own.steps, prior_calls=sculptor.prior_calls)
    write_model(workspace.sculpt_cost, cost)
    save_mesh(workspace.sculpt, finished.mesh, extras=extras)
    job.report(own.steps, own.steps, preview=preview)
    checkpoint_path.unlink(missing_ok=True)


def _draft(workspace: Workspace, device: torch.device) -> DistanceField | None:
    """The distance to the draft; words alone have none."""
    if not workspace.draft.painted.exists():
        return None
    return DistanceField(load_mesh(workspace.draft.painted).mesh.to(device))


def _mesh(sculptor: Sculptor) -> Mesh:
    with torch.no_grad():
        return sculptor.surface(sculptor.field.offsets()).mesh


def _body_on(body: CanonicalBody, device: torch.device) -> CanonicalBody:
    """The body with the tensors that this stage reads on the device."""
    return replace(
        body,
        vertices=body.vertices.to(device),
        faces=body.faces.to(device),
        weights=body.weights.to(device),
        parts={name: mask.to(device) for name, mask in body.parts.items()},
    )
