"""The stage that holds the painted avatar against the photos."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from album2avatar.asset_table import load_asset_table
from album2avatar.assets import Asset, AssetKind, AssetTable
from album2avatar.attire.worn import worn_assets
from album2avatar.body.front import eye_middles
from album2avatar.body.storage import load_body, load_poses, save_poses
from album2avatar.body.types import CanonicalBody, PhotoPoses
from album2avatar.checkpoint import load_checkpoint, save_checkpoint
from album2avatar.errors import SettingsError
from album2avatar.mesh.storage import StoredMesh, load_mesh, save_mesh
from album2avatar.mesh.topology import edge_table
from album2avatar.mesh.types import Mesh, UvMap
from album2avatar.mesh.uncrossing import uncrossed
from album2avatar.pictures import load_texture, save_picture, save_texture
from album2avatar.progress import JobControl
from album2avatar.projection.album_views import read_trimmed_photo
from album2avatar.projection.drawing import covered_pixels
from album2avatar.projection.fusion import TexturedSurface, fuse_photos, lay_over
from album2avatar.projection.painted_eyes import without_painted_eyes
from album2avatar.projection.trimming import without_gaps
from album2avatar.refine.aligner import Aligner
from album2avatar.refine.heads import FINE_ROUNDS, ROUGH_ROUNDS, HeadEvidence, align_heads
from album2avatar.refine.holding import freedom
from album2avatar.refine.photo_choice import photo_chances
from album2avatar.refine.preview import comparison_strip
from album2avatar.refine.seen_keypoints import SeenKeypoints
from album2avatar.refine.settling import PoseEvidence
from album2avatar.render.closed_seams import close_seams
from album2avatar.render.seams import continue_across_seams
from album2avatar.settings import RigSettings, Settings
from album2avatar.skinning.transfer import skin_surface
from album2avatar.workspace import Workspace

FADING = 0.003
"""Photos' colours are carried on over about 18 edges of what no photo shows."""


def run(workspace: Workspace, settings: Settings, job: JobControl) -> None:
    """Align shape and poses with the photos, then take the colours that they show.

    What no photo shows keeps the prior's colours, shifted to meet those beside it. Without photos
    the surface is handed on as it was painted.

    Raises:
        SettingsError: the hero photo is none of the album.
        AlbumError: a mask has another size than its photo.
        WorkspaceError: an earlier stage's file is missing or damaged.
    """
    painted, albedo = load_mesh(workspace.distilled), load_texture(workspace.distilled_albedo)
    poses = load_poses(workspace.poses)
    if not poses.photos or settings.refine.source == "none":
        _save(workspace, painted, painted.mesh.vertices, albedo, torch.zeros(*albedo.shape[:2], 3))
        save_poses(workspace.refined_poses, poses)
        job.report(1, 1)
        return
    table, body = load_asset_table(workspace), load_body(workspace.body)
    assets = worn_assets(table.assets, settings.prompt_addition, body.kind)
    surface = textured_surface(painted, body, assets, len(table.assets), settings.rig)
    photos = [read_trimmed_photo(workspace, photo) for photo in poses.photos]
    labels = {label.photo: label for label in table.photos}
    kinds: list[AssetKind] = [asset.kind for asset in table.assets]
    heads = HeadEvidence(photos, [labels[photo] for photo in poses.photos], kinds)

    def with_heads(vertices: Tensor, poses: PhotoPoses, rounds: Sequence[int]) -> PhotoPoses:
        if settings.refine.turn_rate == 0 or settings.refine.visits == 0:
            return poses
        return align_heads(surface, vertices, body, poses, heads, rounds, job.raise_if_cancelled)

    poses = with_heads(painted.mesh.vertices, poses, ROUGH_ROUNDS)
    keypoints = SeenKeypoints.of(
        [labels[photo] for photo in poses.photos],
        [photo.mask for photo in photos],
        kinds,
        body,
        poses,
    )
    aligner = Aligner(
        surface,
        painted.mesh.vertices,
        freedom(painted.mesh, surface.edges, body),
        albedo.shape[0],
        PoseEvidence.of(body, poses, keypoints),
        photos,
        _chances(table, poses, settings.refine.hero_photo),
        settings.refine,
        settings.seed,
    )

    checkpoint_path = workspace.checkpoint(job.stage)
    checkpoint = load_checkpoint(checkpoint_path)
    start = 0
    if checkpoint is not None:
        start = checkpoint.step
        aligner.restore(checkpoint.tensors, start)
    for step in job.steps(aligner.steps, start):
        metrics = aligner.train_step(step)
        done = step + 1
        if done % settings.refine.checkpoint_every == 0 or done == aligner.steps:
            save_checkpoint(checkpoint_path, done, aligner.tensors())
        job.report(done, aligner.steps, metrics=metrics)

    vertices = _apart(aligner.vertices, painted.mesh)
    refined = with_heads(vertices, aligner.poses, FINE_ROUNDS)
    size = (albedo.shape[0], albedo.shape[1])
    photos = [
        without_gaps(photo, covered_pixels(surface, vertices, refined, index))
        for index, photo in enumerate(photos)
    ]
    fused = fuse_photos(surface, vertices, refined, photos, size)
    eyes = eye_middles(body)
    if eyes is not None:
        points = fused.texels.read(vertices, surface.faces)
        fused = without_painted_eyes(fused, points, eyes)
    texture = fused.texels.fill(lay_over(surface, fused, albedo, FADING))
    texture = continue_across_seams(texture, surface.faces, surface.uv, fused.texels)
    seen = fused.texels.fill(fused.confidence[:, None]).expand(-1, -1, 3)
    _save(workspace, painted, vertices, texture, seen)
    save_poses(workspace.refined_poses, refined)
    preview = workspace.preview(job.stage, aligner.steps)
    strip = comparison_strip(surface, vertices, refined, texture, fused.lights, photos)
    save_picture(preview, strip)
    job.report(aligner.steps, aligner.steps, preview=preview)
    checkpoint_path.unlink(missing_ok=True)


def textured_surface(
    painted: StoredMesh,
    body: CanonicalBody,
    assets: tuple[Asset, ...],
    album_assets: int,
    settings: RigSettings,
) -> TexturedSurface:
    """The painted mesh with the weights that the rig gives it."""
    owners = painted.extras["vertex_asset"]
    hair = torch.tensor([asset.kind == "hair" for asset in assets])[owners]
    return TexturedSurface(
        faces=painted.mesh.faces,
        edges=edge_table(painted.mesh.faces),
        uv=_uv(painted),
        weights=skin_surface(painted.mesh, body, hair, settings),
        shares=one_hot(owners, len(assets)).to(painted.mesh.vertices.dtype),
        album_assets=album_assets,
    )


def _apart(vertices: Tensor, before: Mesh) -> Tensor:
    """Vertices (V, 3) that moving has not brought through one another."""
    if torch.equal(vertices, before.vertices):
        return vertices
    return uncrossed(Mesh(vertices, before.faces), before.vertices).vertices


def _uv(painted: StoredMesh) -> UvMap:
    assert painted.uv is not None  # the paint stage always writes one
    return painted.uv


def _chances(table: AssetTable, poses: PhotoPoses, hero: str) -> Tensor:
    labels = {label.photo: label for label in table.photos}
    if hero and hero not in labels:
        raise SettingsError(
            f"refine.hero_photo is '{hero}', but the album has no such photo. Its photos are "
            f"{', '.join(sorted(labels))}."
        )
    return photo_chances([labels[photo] for photo in poses.photos], hero)


def _save(
    workspace: Workspace, painted: StoredMesh, vertices: Tensor, albedo: Tensor, seen: Tensor
) -> None:
    save_texture(workspace.albedo, close_seams(albedo, painted.mesh.faces, _uv(painted)))
    save_texture(workspace.seen_map, seen)
    save_mesh(workspace.painted, Mesh(vertices, painted.mesh.faces), painted.uv, painted.extras)
