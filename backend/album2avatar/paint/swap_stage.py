"""The stage that colours a variant's new part; every other texel stays as it was."""

from dataclasses import dataclass

import torch
from torch import Tensor

from album2avatar.asset_table import load_asset_table
from album2avatar.assets import AssetKind
from album2avatar.body.storage import load_body
from album2avatar.body.types import CanonicalBody
from album2avatar.checkpoint import load_checkpoint, save_checkpoint
from album2avatar.devices import choose_device
from album2avatar.guidance.cost import DistillationCost
from album2avatar.guidance.guiding_prior import load_guiding_prior
from album2avatar.json_models import write_model
from album2avatar.mesh.quads import mates_of_rows, pair_triangles, without_seams
from album2avatar.mesh.storage import StoredMesh, load_mesh, save_mesh
from album2avatar.mesh.topology import edge_table
from album2avatar.mesh.types import Mesh, UvMap
from album2avatar.mesh.uv import UnwrapOptions, unwrap
from album2avatar.paint.baking import preview_strip
from album2avatar.paint.canvas import OverpaintCanvas, blank_field, color_logits
from album2avatar.paint.painter import Painter
from album2avatar.paint.roughness import as_channels, asset_roughness
from album2avatar.paint.scene import MEAN_BRIGHTNESS, PaintedSurface
from album2avatar.paint.swap_surface import (
    VariantTexture,
    clean_texels,
    extend_uv,
    feathered,
    new_parts,
    vertex_colors,
)
from album2avatar.pictures import load_texture, save_picture, save_texture
from album2avatar.progress import JobControl
from album2avatar.render.detail import FLAT
from album2avatar.render.visibility_choice import choose_visibility
from album2avatar.settings import Settings
from album2avatar.wardrobe.garment import load_swap
from album2avatar.wardrobe.layers import OFF_SKIN
from album2avatar.wardrobe.shape import garment_shape
from album2avatar.wardrobe.worn import Ground, WornPattern
from album2avatar.workspace import Workspace

ELSEWHERE = 0.5
"""How far the colour of an asset elsewhere is believed where it comes to light."""


def run(workspace: Workspace, settings: Settings, job: JobControl) -> None:
    """Colour the new part with what is known of the garment and with the prior.

    Raises:
        MeshError: the texture has no room for the new part.
    """
    variant = read_variant(workspace)
    job.raise_if_cancelled()
    new_uv = unwrap(
        new_parts(variant.mesh, variant.face_assets, variant.kept_faces),
        UnwrapOptions(variant.albedo.shape[0]),
        job.raise_if_cancelled,
    )
    texture = extend_uv(variant.mesh, variant.old_faces, variant.base_uv, new_uv, variant.albedo)
    surface = painted_surface(variant)
    texels = new_texels(variant, surface, texture)
    texture = VariantTexture(
        texture.uv, texture.texels, texture.with_new(texels.colors), texture.beside_old
    )
    canvas = overpaint_canvas(surface, variant, texture, settings)
    calls = paint(surface, canvas, variant, workspace, settings, job)

    with torch.no_grad():
        added = canvas.field.logits(texels.points, texels.assets)
        painted = torch.sigmoid(color_logits(texels.colors) + added)
    save_texture(workspace.albedo, texture.with_new(seamless(painted, texels, variant)))
    _extend_maps(workspace, texture, texels.assets)
    cost = DistillationCost(steps=settings.swap.paint_steps, prior_calls=calls)
    write_model(workspace.paint_cost, cost)
    extras = {
        "vertex_asset": variant.assets,
        "face_asset": variant.face_assets,
        "quad_mate": without_seams(quads_of(variant), variant.mesh, texture.uv),
    }
    save_mesh(workspace.painted, variant.mesh, texture.uv, extras)
    workspace.checkpoint(job.stage).unlink(missing_ok=True)


def _extend_maps(workspace: Workspace, texture: VariantTexture, assets: Tensor) -> None:
    """Give the new part its roughness, and no more detail than its surface has.

    An avatar that was made before there were such maps has none, and its variants neither.

    Args:
        assets: (N,) int64 of the new texels.
    """
    base = workspace.base
    if base.normal_map.exists():
        flat = torch.tensor(FLAT).expand(len(assets), 3)
        detail = texture.laid_over(load_texture(base.normal_map), flat)
        save_texture(workspace.normal_map, detail)
    if base.roughness_map.exists():
        table = asset_roughness(load_asset_table(workspace).assets)
        rough = texture.laid_over(load_texture(base.roughness_map), as_channels(table[assets]))
        save_texture(workspace.roughness_map, rough)


@dataclass(frozen=True)
class Variant:
    """The sculpted variant with its assets. Kept vertices and faces come first."""

    mesh: Mesh
    old_faces: Tensor
    """(K,) int64, number of each kept face in the base."""
    old_vertices: Tensor
    """The same for vertices."""
    shares: Tensor
    """(V, A) shares of the assets."""
    face_assets: Tensor
    """(F,) int64."""
    kinds: tuple[AssetKind, ...]
    """Of the asset table."""
    places: Tensor
    """(B,) int64, the base's assets in that table; -1 for what is taken off."""
    garment: int
    """The new garment's place in it."""
    worn: WornPattern
    """The garment on the variant's body, for its colours."""
    body: CanonicalBody
    base: StoredMesh
    albedo: Tensor
    """(S, S, 3) sRGB 0..1, the base's."""

    @property
    def base_uv(self) -> UvMap:
        """The base's texture coordinates."""
        assert self.base.uv is not None  # the paint stage always writes one
        return self.base.uv

    @property
    def kept_vertices(self) -> int:
        """Number of vertices that are the base's."""
        return len(self.old_vertices)

    @property
    def kept_faces(self) -> int:
        """Number of faces that are the base's."""
        return len(self.old_faces)

    @property
    def assets(self) -> Tensor:
        """(V,) int64, the asset that each vertex mostly is."""
        return self.shares.argmax(1)


@dataclass(frozen=True)
class NewTexels:
    """What the new faces' texels show before painting."""

    points: Tensor
    """(N, 3)."""
    assets: Tensor
    """(N,) int64."""
    colors: Tensor
    """(N, 3) sRGB 0..1."""


def read_variant(workspace: Workspace) -> Variant:
    """Read the sculpted mesh, which asset is where, and what it was made from."""
    stored, base = load_mesh(workspace.sculpt), load_mesh(workspace.base.painted)
    body, swap = load_body(workspace.body), load_swap(workspace)
    kinds: tuple[AssetKind, ...] = tuple(a.kind for a in load_asset_table(workspace).assets)
    # Only colours are read: where the garment lies, the sculpture has decided.
    nothing = torch.zeros(len(base.mesh.faces), dtype=torch.bool)
    ground = Ground(body, base.mesh, nothing, nothing, OFF_SKIN[swap.asset.kind])
    old_face, old_vertex = stored.extras["old_face"], stored.extras["old_vertex"]
    return Variant(
        stored.mesh,
        old_face[old_face >= 0],
        old_vertex[old_vertex >= 0],
        stored.extras["asset_shares"],
        stored.extras["face_asset"],
        kinds,
        torch.tensor(swap.places_in(kinds)),
        kinds.index(swap.asset.kind),
        garment_shape(workspace, ground),
        body,
        base,
        load_texture(workspace.base.albedo),
    )


def quads_of(variant: Variant) -> Tensor:
    """(F,) int64 mates: the base's where both halves of a quad are kept; new faces are paired."""
    alone = torch.full((len(variant.base.mesh.faces),), -1, dtype=torch.int64)
    before = variant.base.extras.get("quad_mate", alone)
    is_new = torch.arange(len(variant.mesh.faces)) >= variant.kept_faces
    mate = pair_triangles(variant.mesh, torch.where(is_new, variant.face_assets, -1))
    mate[: variant.kept_faces] = mates_of_rows(before, variant.old_faces)
    return mate


def painted_surface(variant: Variant) -> PaintedSurface:
    """The variant as the painter sees it.

    What stays is known fully, and so is the garment where its avatar showed it. What comes to
    light is known to look like the same asset elsewhere.
    """
    before = vertex_colors(variant.base.mesh, variant.base_uv, variant.albedo)
    kept = before[variant.old_vertices]
    garment = variant.worn.colors(variant.mesh.vertices)
    is_garment = variant.assets == variant.garment
    usual = usual_colors(kept, variant.assets[: variant.kept_vertices], variant)
    colors = torch.where(is_garment[:, None], garment.colors, usual[variant.assets])
    known = torch.where(is_garment, garment.known, ELSEWHERE)
    colors[: variant.kept_vertices] = kept
    known[: variant.kept_vertices] = 1.0
    return PaintedSurface(
        variant.mesh,
        edge_table(variant.mesh.faces),
        variant.shares,
        MEAN_BRIGHTNESS * colors,
        known,
    )


def new_texels(variant: Variant, surface: PaintedSurface, texture: VariantTexture) -> NewTexels:
    """Colours before painting: the garment's own, else what the asset looks like elsewhere."""
    colors = surface.photo_colors / MEAN_BRIGHTNESS
    attributes = torch.cat([variant.mesh.vertices, variant.shares], 1)
    rows = texture.texels.read(attributes, variant.mesh.faces)
    points, assets = rows[:, :3], rows[:, 3:].argmax(1)
    kept = slice(0, variant.kept_vertices)
    usual = usual_colors(colors[kept], variant.assets[kept], variant)[assets]
    garment = variant.worn.colors(points)
    is_garment = (assets == variant.garment)[:, None]
    return NewTexels(points, assets, torch.where(is_garment, garment.colors, usual))


def overpaint_canvas(
    surface: PaintedSurface, variant: Variant, texture: VariantTexture, settings: Settings
) -> OverpaintCanvas:
    """The texture so far, and an empty field over its new part."""
    free = torch.arange(len(variant.mesh.faces)) >= variant.kept_faces
    field = blank_field(surface, settings.paint, settings.seed)
    corner_uv = texture.uv.coordinates[texture.uv.faces]
    return OverpaintCanvas(field, texture.albedo, corner_uv, free)


def paint(
    surface: PaintedSurface,
    canvas: OverpaintCanvas,
    variant: Variant,
    workspace: Workspace,
    settings: Settings,
    job: JobControl,
) -> int:
    """Distil what the field adds from the prior; returns the pictures that the prior judged."""
    steps = settings.swap.paint_steps
    if steps == 0:
        return 0
    changed = {"steps": steps, "photo_weight": settings.swap.anchor_color_weight}
    own = settings.paint.model_copy(update=changed)
    prior = load_guiding_prior(workspace, settings)
    visibility = choose_visibility(settings.performance.rasterizer, choose_device(settings.device))
    painter = Painter(
        surface, canvas, variant.kinds, variant.body, prior, own, settings.seed, visibility
    )
    path = workspace.checkpoint(job.stage)
    checkpoint = load_checkpoint(path)
    start = 0
    if checkpoint is not None:
        start = checkpoint.step
        painter.restore(checkpoint.tensors)
    for step in job.steps(steps, start):
        metrics = painter.train_step(step)
        done, preview = step + 1, None
        if done % own.preview_every == 0 or done == steps:
            preview = workspace.preview(job.stage, done)
            save_picture(preview, preview_strip(surface, variant.body, canvas))
        if done % settings.swap.checkpoint_every == 0 and done < steps:
            save_checkpoint(path, done, painter.tensors())
        job.report(done, steps, painter.memory.news(), metrics, preview)
    return painter.prior_calls


def seamless(colors: Tensor, texels: NewTexels, variant: Variant) -> Tensor:
    """Let what is beside the garment look as the avatar does there; the garment ends at its hem."""
    clean = clean_texels(variant.base, variant.albedo, variant.places)
    return feathered(colors, texels.points, texels.assets, clean)


def usual_colors(colors: Tensor, assets: Tensor, variant: Variant) -> Tensor:
    """(A, 3) median of the kept vertices' colours (K, 3) for each asset; grey where there is none.

    Args:
        assets: (K,) int64.
    """
    usual = torch.full((variant.shares.shape[1], 3), 0.5)
    for asset in assets.unique().tolist():
        usual[asset] = colors[assets == asset].median(0).values
    return usual
