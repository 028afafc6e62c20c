"""The stage that gives a variant the shape of its new garment; the rest stays bit by bit."""

from dataclasses import replace

import torch
from torch import Tensor

from album2avatar.asset_table import load_asset_table
from album2avatar.assets import AssetKind
from album2avatar.body.storage import load_body
from album2avatar.body.surface import outer_surface
from album2avatar.checkpoint import load_checkpoint, save_checkpoint
from album2avatar.devices import choose_device
from album2avatar.errors import MeshError
from album2avatar.guidance.cost import DistillationCost
from album2avatar.guidance.guiding_prior import load_guiding_prior
from album2avatar.json_models import write_model
from album2avatar.mesh.decimate import decimate
from album2avatar.mesh.label_cuts import LabelledMesh, cut_along_borders
from album2avatar.mesh.labels import faired_labels, without_islands
from album2avatar.mesh.normals import face_areas
from album2avatar.mesh.signed_distance import DistanceField
from album2avatar.mesh.stitching import Stitched, replace_part
from album2avatar.mesh.storage import load_mesh, save_mesh
from album2avatar.mesh.tetrahedra import TetrahedralMesh
from album2avatar.mesh.topology import edge_table
from album2avatar.mesh.types import Mesh
from album2avatar.progress import JobControl
from album2avatar.render.visibility_choice import choose_visibility
from album2avatar.sculpt.finishing import smoothed
from album2avatar.sculpt.normal_guidance import NormalGuidance
from album2avatar.sculpt.preview import save_normal_strip
from album2avatar.sculpt.swap_band import swap_lattice
from album2avatar.sculpt.swap_cover import underside_faces
from album2avatar.sculpt.swap_sculptor import SwapSculptor, lay_ground
from album2avatar.sculpt.swap_shape import DressedAvatar, SwapShape
from album2avatar.settings import Settings
from album2avatar.wardrobe.garment import load_swap
from album2avatar.wardrobe.layers import OFF_SKIN
from album2avatar.wardrobe.shape import garment_shape
from album2avatar.wardrobe.worn import Ground
from album2avatar.workspace import Workspace

SMALL_KINDS: frozenset[AssetKind] = frozenset({"hair", "headwear", "shoes"})
"""Kinds at head and feet, which need a finer lattice."""
RETRIES = 3
"""Times that the seam is moved by a ring of faces when the two surfaces can't be joined."""
ISLAND = 0.001
"""Square metres below which an island of one asset in another is noise."""
FINER = 1.3
"""Faces of the new part for each that the avatar has there on as much surface: hems need a few
more."""


def run(workspace: Workspace, settings: Settings, job: JobControl) -> None:
    """Take off what the garment replaces, put it on, and let the prior's normal maps shape it.

    Raises:
        MeshError: the garment's surface can't be joined with the avatar's.
        WardrobeError: the garment doesn't fit the avatar.
    """
    avatar = read_dressed_avatar(workspace)
    off_skin = OFF_SKIN[avatar.kinds[avatar.garment]]
    ground = Ground(avatar.body, avatar.mesh, avatar.may_be_covered, avatar.shows_hidden, off_skin)
    shape = SwapShape(avatar, garment_shape(workspace, ground))
    kept = shape.kept_faces()
    job.raise_if_cancelled()
    tall = float(avatar.mesh.vertices[:, 2].max() - avatar.mesh.vertices[:, 2].min())
    lattice = swap_lattice(shape, kept, tall / lattice_cells(avatar, settings))
    job.raise_if_cancelled()
    sculptor = sculpt(shape, lattice, kept, workspace, settings, job)

    stitched = join(avatar.mesh, kept, sculptor.finished())
    labelled = with_borders(stitched, shape)
    old_assets = avatar.face_assets[stitched.old_faces]
    extras = {
        "old_vertex": padded(stitched.old_vertices, len(labelled.mesh.vertices)),
        "old_face": padded(stitched.old_faces, len(labelled.mesh.faces)),
        "asset_shares": labelled.shares,
        "face_asset": torch.cat([old_assets, labelled.new_labels]),
    }
    preview = workspace.preview(job.stage, settings.swap.sculpt_steps)
    save_normal_strip(preview, labelled.mesh, avatar.body)
    steps = settings.swap.sculpt_steps
    cost = DistillationCost(steps=steps, prior_calls=sculptor.prior_calls)
    write_model(workspace.sculpt_cost, cost)
    save_mesh(workspace.sculpt, labelled.mesh, extras=extras)
    job.report(1, 1, preview=preview)
    workspace.checkpoint(job.stage).unlink(missing_ok=True)


def read_dressed_avatar(workspace: Workspace) -> DressedAvatar:
    """The base avatar of a variant, in the words of the variant's asset table."""
    base, swap = workspace.base, load_swap(workspace)
    kinds: tuple[AssetKind, ...] = tuple(a.kind for a in load_asset_table(workspace).assets)
    garment = kinds.index(swap.asset.kind)
    renumbered = torch.tensor(swap.places_in(kinds))
    painted = load_mesh(base.painted)
    faces = renumbered[painted.extras["face_asset"]]
    vertices = renumbered[painted.extras["vertex_asset"]]
    body = load_body(workspace.body)
    avatar = DressedAvatar(painted.mesh, faces, vertices, kinds, garment, body)
    skin = DistanceField(outer_surface(body))
    underside = underside_faces(painted.mesh, avatar.faces_of(("skin",)), faces < 0, skin)
    return replace(avatar, face_assets=torch.where(underside, -1, faces))


def lattice_cells(avatar: DressedAvatar, settings: Settings) -> float:
    """Lattice cubes along the body's height; more where a garment is small."""
    is_small = avatar.kinds[avatar.garment] in SMALL_KINDS
    finer = settings.sculpt.close_up_magnification if is_small else 1.0
    return finer * settings.swap.lattice_cells


def sculpt(
    shape: SwapShape,
    lattice: TetrahedralMesh,
    kept: Tensor,
    workspace: Workspace,
    settings: Settings,
    job: JobControl,
) -> SwapSculptor:
    """Optimise the new part."""
    steps = settings.swap.sculpt_steps
    prior = load_guiding_prior(workspace, settings)
    body = shape.avatar.body
    visibility = choose_visibility(settings.performance.rasterizer, choose_device(settings.device))
    guidance = NormalGuidance(prior, body, settings.sculpt, steps, settings.seed, visibility)
    sculptor = SwapSculptor(lay_ground(shape, lattice, kept), guidance, settings)
    path = workspace.checkpoint(job.stage)
    checkpoint = load_checkpoint(path)
    start = 0
    if checkpoint is not None:
        start = checkpoint.step
        sculptor.restore(checkpoint.tensors)
    for step in job.steps(steps, start):
        metrics = sculptor.train_step(step)
        done = step + 1
        if done % settings.swap.checkpoint_every == 0 and done < steps:
            save_checkpoint(path, done, sculptor.tensors())
        job.report(done, steps, sculptor.memory.news(), metrics)
    return sculptor


def join(avatar: Mesh, kept: Tensor, new: Mesh) -> Stitched:
    """Smooth and thin out the new surface, and sew it to the kept faces."""
    even = Mesh(smoothed(new, torch.ones(len(new.vertices), 1)), new.faces)
    density = max(_density(avatar), _density(Mesh(avatar.vertices, avatar.faces[~kept])))
    thinner = decimate(even, int(FINER * density * float(face_areas(even).sum())))
    for _ in range(RETRIES):
        try:
            return replace_part(avatar, kept, thinner)
        except MeshError:
            # Where a rim is ragged, another ring of faces makes it simple.
            kept = kept & ~_touching(avatar.faces, ~kept)
    return replace_part(avatar, kept, thinner)


def with_borders(stitched: Stitched, shape: SwapShape) -> LabelledMesh:
    """Find the assets of the new part, and cut its faces along smooth borders between them."""
    mesh, avatar = stitched.mesh, shape.avatar
    kept = len(stitched.old_vertices)
    labels = shape.assets(mesh.vertices)
    before = avatar.vertex_assets[stitched.old_vertices]
    labels[:kept] = torch.where(before >= 0, before, labels[:kept])
    is_kept = torch.arange(len(labels)) < kept
    labels = without_islands(labels, is_kept, mesh, ISLAND)
    shares = faired_labels(labels, len(avatar.kinds), is_kept, edge_table(mesh.faces))
    return cut_along_borders(mesh, shares, kept, len(stitched.old_faces))


def _touching(faces: Tensor, chosen: Tensor) -> Tensor:
    """(F,) bool, faces that share a vertex with a chosen one (F,) bool."""
    return torch.isin(faces, faces[chosen].unique()).any(1)


def padded(numbers: Tensor, count: int) -> Tensor:
    """Numbers (N,) followed by -1 up to `count`."""
    rest = torch.full((count - len(numbers),), -1, dtype=torch.int64)
    return torch.cat([numbers, rest])


def _density(mesh: Mesh) -> float:
    """Faces for each square metre; three times as many at the head as on the whole."""
    return len(mesh.faces) / float(face_areas(mesh).sum())
