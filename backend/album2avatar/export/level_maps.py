"""The textures of a level of detail, carried over from the finest level's surface."""

from dataclasses import dataclass

from torch import Tensor

from album2avatar.export.textures import SurfaceTextures
from album2avatar.mesh.signed_distance import DistanceField
from album2avatar.mesh.types import Mesh, UvMap
from album2avatar.pictures import texture_png
from album2avatar.render.baking import TexelMap, map_texels
from album2avatar.render.closed_seams import close_seams
from album2avatar.render.detail import DetailedSurface, bake_detail, carry_detail
from album2avatar.render.images import area_downsample
from album2avatar.render.seams import continue_across_seams
from album2avatar.render.texture import texture


@dataclass(frozen=True)
class Maps:
    """Square textures of one surface, row 0 at v = 0."""

    albedo: Tensor
    """(S, S, 3) sRGB 0..1."""
    normals: Tensor | None = None
    """(S, S, 3) tangent space, 0..1; None where the shape tells all."""
    roughness: Tensor | None = None
    """(S, S, 3) roughness in green, metal in blue."""

    def as_files(self) -> SurfaceTextures:
        """PNG files for a GLB."""
        return SurfaceTextures(texture_png(self.albedo), _png(self.normals), _png(self.roughness))


@dataclass(frozen=True)
class MappedSurface:
    """A surface that textures belong to."""

    mesh: Mesh
    uv: UvMap


def carry_maps(maps: Maps, finest: MappedSurface, coarse: MappedSurface, size: int) -> Maps:
    """What the finest level shows, on another surface beside it.

    Returns:
        Textures of `size` squared; the normals also tell the shape that the coarse surface lacks.
    """
    normals = _smaller(maps.normals, size)
    roughness = _smaller(maps.roughness, size)
    if normals is None:
        detail = bake_detail(finest.mesh, coarse.mesh, coarse.uv, size)
    else:
        shown = DetailedSurface(finest.mesh, finest.uv, normals)
        detail = carry_detail(shown, coarse.mesh, coarse.uv, size)
    return Maps(
        _carry_albedo(maps.albedo, finest, coarse, size),
        detail,
        None
        if roughness is None
        else _carry(roughness, finest, coarse.mesh, map_texels(coarse.uv, (size, size))),
    )


def _carry_albedo(
    albedo: Tensor, finest: MappedSurface, coarse: MappedSurface, size: int
) -> Tensor:
    # Texels of the finest level's size, then their means: nothing flickers in the distance.
    factor = max(1, albedo.shape[0] // size)
    texels = map_texels(coarse.uv, (size * factor, size * factor))
    filled = _carry(albedo, finest, coarse.mesh, texels)
    filled = continue_across_seams(filled, coarse.mesh.faces, coarse.uv, texels)
    smaller = area_downsample(filled[None], factor)[0]
    return close_seams(smaller, coarse.mesh.faces, coarse.uv)


def _carry(values: Tensor, finest: MappedSurface, mesh: Mesh, texels: TexelMap) -> Tensor:
    """A texture of the finest surface, read at the places that are closest to the texels."""
    points = DistanceField(finest.mesh).closest(texels.read(mesh.vertices, mesh.faces))
    places = points.read(finest.uv.coordinates, finest.uv.faces)
    return texels.fill(texture(values, places, "clamp"))


def _smaller(values: Tensor | None, size: int) -> Tensor | None:
    """Means of texels, so that what is read at fewer places flickers as little."""
    if values is None:
        return None
    return area_downsample(values[None], max(1, values.shape[0] // size))[0]


def _png(values: Tensor | None) -> bytes | None:
    return None if values is None else texture_png(values)
