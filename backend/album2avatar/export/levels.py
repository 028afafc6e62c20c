"""Levels of detail: the finished avatar with fewer faces and a smaller texture, as GLB files."""

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from album2avatar import __version__
from album2avatar.asset_table import load_asset_table
from album2avatar.attire.worn import worn_assets
from album2avatar.body.rigged import RiggedAvatar, RiggedPart, load_rigged
from album2avatar.body.sorted_surface import sorted_surface
from album2avatar.body.storage import load_body
from album2avatar.export.glb import build_glb
from album2avatar.export.level_maps import MappedSurface, Maps, carry_maps
from album2avatar.export.metadata import describe_avatar
from album2avatar.export.placement import stand_on_floor
from album2avatar.files import write_bytes
from album2avatar.mesh.borders import border_edges
from album2avatar.mesh.collapse import collapse_edges
from album2avatar.mesh.quads import pair_triangles, without_seams
from album2avatar.mesh.signed_distance import DistanceField
from album2avatar.mesh.types import Mesh, UvMap
from album2avatar.mesh.uv import UnwrapOptions, unwrap
from album2avatar.pictures import load_texture
from album2avatar.settings import Settings
from album2avatar.workspace import Workspace

SMALLEST_TEXTURE = 64
INFLUENCES = 4
"""Bones that may pull at one vertex."""


@dataclass(frozen=True)
class Level:
    """An avatar with fewer faces."""

    avatar: RiggedAvatar
    maps: Maps
    """The normals are those that the finest level shows, in this one's tangent frames."""


def write_lods(workspace: Workspace, settings: Settings) -> list[Path]:
    """Write `export/avatar_lod1.glb` and on, one for each share in `export.lods`.

    Skeleton, bone names and extras are those of `avatar.glb`, so that an engine can exchange one
    for the other; its faces count as level 0.

    Raises:
        WorkspaceError: a file of an earlier stage is missing or damaged, or the disk is full.
        AlbumError: an edit broke the asset table.
        ExportError: the avatar can't be expressed in glTF.
        MeshError: a level can't be unwrapped.
    """
    avatar = stand_on_floor(load_rigged(workspace.rigged))
    rig = load_body(workspace.body).kind
    table = load_asset_table(workspace)
    assets = worn_assets(table.assets, settings.prompt_addition, rig)
    maps = Maps(
        load_texture(workspace.albedo),
        _load_if_there(workspace.normal_map),
        _load_if_there(workspace.roughness_map),
    )
    written: list[Path] = []
    for number, share in enumerate(settings.export.lods, 1):
        level = make_level(avatar, maps, share, maps.albedo.shape[0] >> number)
        extras = describe_avatar(level.avatar, rig, assets, settings) | {"lod": number}
        content = build_glb(
            level.avatar, level.maps.as_files(), extras, f"album2avatar {__version__}"
        )
        write_bytes(workspace.lod_glb(number), content)
        written.append(workspace.lod_glb(number))
    return written


def make_level(avatar: RiggedAvatar, maps: Maps, share: float, texture_size: int) -> Level:
    """Collapse edges, unwrap what is left, and bake what the finest level shows onto it.

    Args:
        maps: of the finest level.
        share: of the faces that are kept, 0..1.
        texture_size: texels of the side; not below `SMALLEST_TEXTURE`.
    """
    size = max(SMALLEST_TEXTURE, texture_size)
    parts: list[RiggedPart] = []
    baked = maps
    for part in avatar.parts:
        if part.uv is None:
            parts.append(_plain(part, share))
        else:
            coarse, baked = _textured(part, part.uv, maps, share, size)
            parts.append(coarse)
    return Level(replace(avatar, parts=tuple(parts)), baked)


def _load_if_there(path: Path) -> Tensor | None:
    return load_texture(path) if path.exists() else None


def _fewer(mesh: Mesh, share: float) -> Mesh:
    locked = torch.zeros(len(mesh.vertices), dtype=torch.bool)
    locked[border_edges(mesh.faces).flatten()] = True
    return collapse_edges(mesh, locked, int(share * len(mesh.faces))).mesh


def _plain(part: RiggedPart, share: float) -> RiggedPart:
    """A part of one colour: pieces of the eyes."""
    mesh = _fewer(part.mesh, share)
    closest = DistanceField(part.mesh).closest(mesh.vertices)
    weights = part.weights[closest.nearest_vertex()]
    return replace(part, mesh=mesh, weights=weights, quads=())


def _textured(
    part: RiggedPart, fine: UvMap, maps: Maps, share: float, size: int
) -> tuple[RiggedPart, Maps]:
    """The surface with a UV map of its own, and the textures that belong to that."""
    mesh = _fewer(part.mesh, share)
    field = DistanceField(part.mesh)
    count = max(1, len(part.asset_faces))
    label = torch.arange(count).repeat_interleave(torch.tensor(part.asset_faces or (0,)))
    label = torch.cat([label, label.new_zeros(len(part.mesh.faces) - len(label))])
    assets = label[field.closest(mesh.vertices[mesh.faces].mean(1)).faces]
    mate = pair_triangles(mesh, assets)
    uv = unwrap(mesh, UnwrapOptions(size))
    closest = field.closest(mesh.vertices)
    sorted_part = sorted_surface(
        mesh,
        uv,
        _strongest(closest.interpolate(part.weights)),
        assets,
        without_seams(mate, mesh, uv),
        count,
    )
    coarse = replace(sorted_part, name=part.name, asset_faces=_counts(part, sorted_part))
    assert coarse.uv is not None
    finest, own = MappedSurface(part.mesh, fine), MappedSurface(coarse.mesh, coarse.uv)
    return coarse, carry_maps(maps, finest, own, size)


def _counts(part: RiggedPart, coarse: RiggedPart) -> tuple[int, ...]:
    """Counts of the coarse part, where the part says which asset its faces are."""
    return coarse.asset_faces if part.asset_faces else ()


def _strongest(weights: Tensor) -> Tensor:
    """Rows (V, J) with the largest few entries alone, which sum to 1."""
    values, bones = weights.topk(min(INFLUENCES, weights.shape[1]), dim=1)
    kept = torch.zeros_like(weights).scatter(1, bones, values)
    return kept / kept.sum(1, keepdim=True).clamp(min=1e-12)
