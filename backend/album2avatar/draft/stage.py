"""The stage that makes the first avatar that an artist can look at."""

import logging
from pathlib import Path

import torch
from torch import Tensor

from album2avatar.asset_table import load_asset_table
from album2avatar.assets import AssetKind
from album2avatar.body.relief import covered_relief
from album2avatar.body.storage import load_body, load_poses, save_poses
from album2avatar.body.types import CanonicalBody, PhotoPoses
from album2avatar.draft.coloring import color_surface
from album2avatar.draft.limbs import Limbs, shift_limbs
from album2avatar.draft.mirroring import mirror_vertices
from album2avatar.draft.preview import draft_strip
from album2avatar.draft.shaping import ROUNDS, meet_outlines, shrink_mask
from album2avatar.draft.template import DraftTemplate, make_template
from album2avatar.draft_report import DraftReport, save_draft_report
from album2avatar.mesh.quads import labels_of_faces, without_seams
from album2avatar.mesh.storage import save_mesh
from album2avatar.mesh.types import Mesh
from album2avatar.pictures import save_picture, save_texture
from album2avatar.progress import JobControl
from album2avatar.projection.album_views import read_trimmed_photo
from album2avatar.projection.fusion import TexturedSurface
from album2avatar.projection.observations import MaskedPhoto, observe_photos
from album2avatar.projection.possible_assets import possible_assets
from album2avatar.projection.surface_labels import share_surface
from album2avatar.settings import Settings
from album2avatar.workspace import Workspace

logger = logging.getLogger(__name__)

_PICTURE = 2
"""Number of the stage's picture; the rig's is the first."""


def run(workspace: Workspace, settings: Settings, job: JobControl) -> None:
    """Widen the fitted body to the masks, and lay the photos' colours on it.

    It takes seconds and is the same at every run: it keeps no checkpoint, and resuming is
    beginning anew.

    Raises:
        AlbumError: a mask has another size than its photo, or the masks show nothing of the body.
        WorkspaceError: an earlier stage's file is missing or damaged.
    """
    own, draft = settings.draft, workspace.draft
    body, poses = load_body(workspace.body), load_poses(workspace.poses)
    kinds: list[AssetKind] = [asset.kind for asset in load_asset_table(workspace).assets]
    photos = [read_trimmed_photo(workspace, photo) for photo in poses.photos]
    template = make_template(covered_relief(body, kinds), own.texture_size, job.raise_if_cancelled)
    limbs = Limbs.of(body.skeleton, body.kind, template.weights)
    looks = ROUNDS * len(photos)
    total = 2 * looks  # colours take about as long as the looks

    def before_look(number: int) -> None:
        job.raise_if_cancelled()
        job.report(number, total)

    masks = [shrink_mask(photo, own.photo_height) for photo in photos]
    mirror = mirror_vertices(template.mesh.vertices)
    bare = _shares(template.mesh, template, body, poses, photos, kinds).argmax(1)
    found = meet_outlines(template, bare, limbs, mirror, poses, masks, before_look)
    job.raise_if_cancelled()
    job.report(looks, total)

    mesh = Mesh(template.moved(found.offsets), template.mesh.faces)
    better = shift_limbs(poses, limbs, found.shifts)
    shares = _shares(mesh, template, body, better, photos, kinds)
    surface = TexturedSurface(
        mesh.faces, template.edges, template.uv, template.weights, shares, len(kinds)
    )
    colors = color_surface(
        surface, mesh.vertices, template.mesh.vertices, better, photos, own.texture_size
    )
    owners = shares.argmax(1)
    extras = {
        "vertex_asset": owners,
        "face_asset": labels_of_faces(owners, mesh.faces, template.mate),
        "quad_mate": without_seams(template.mate, mesh, template.uv),
    }
    save_texture(draft.albedo, colors.albedo)
    save_texture(draft.seen_map, colors.origin[..., None].expand(-1, -1, 3))
    save_mesh(draft.painted, mesh, template.uv, extras)
    save_poses(draft.refined_poses, better)
    picture = picture_path(workspace, job.stage)
    save_picture(picture, draft_strip(mesh, template.uv, colors))
    report = DraftReport(seen=float(colors.seen_share), mirrored=float(colors.mirrored_share))
    save_draft_report(workspace.draft_report, report)
    logger.info(report.sentence)
    metrics = {"seen": report.seen, "mirrored": report.mirrored}
    job.report(total, total, metrics=metrics, preview=picture)


def picture_path(workspace: Workspace, stage: str) -> Path:
    """Where the stage's picture is."""
    return workspace.preview(stage, _PICTURE)


def _shares(
    mesh: Mesh,
    template: DraftTemplate,
    body: CanonicalBody,
    poses: PhotoPoses,
    photos: list[MaskedPhoto],
    kinds: list[AssetKind],
) -> Tensor:
    """(V, K) the assets that photos vote for; what words add comes with the sculpture."""
    seen = observe_photos(mesh, body, poses, dict(zip(poses.photos, photos, strict=True)))
    possible = possible_assets(template.mesh.vertices, body, kinds)
    return share_surface(mesh, seen, possible, torch.ones(len(possible)))
