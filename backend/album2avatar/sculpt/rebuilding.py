"""The band laid anew during the optimisation: around a surface that left it, and finer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from album2avatar.attire.shape import ClothField
from album2avatar.mesh.bisection import bisected, edges_of
from album2avatar.mesh.laplacian import uniform_laplacian
from album2avatar.mesh.marching import march
from album2avatar.mesh.normals import vertex_normals
from album2avatar.mesh.signed_distance import DistanceField
from album2avatar.mesh.tetrahedra import TetrahedralMesh
from album2avatar.mesh.topology import edge_table
from album2avatar.mesh.types import Mesh
from album2avatar.sculpt.band import Band, band_of
from album2avatar.sculpt.band_cells import BandCells, choose_cells, with_room
from album2avatar.sculpt.photos import MaskedPhoto
from album2avatar.sculpt.template import Template
from album2avatar.settings.sculpt import SculptSettings

_SMOOTHING = 4
"""Rounds that take the lattice's steps off the surface before its turning is measured."""


@dataclass(frozen=True)
class LaidBand:
    """A band, and how the surface lies in it at first."""

    band: Band
    cells: BandCells
    first: Tensor
    """(N,) metres, offsets of the signed distance."""

    def tensors(self) -> dict[str, Tensor]:
        """What a checkpoint needs to lay the band again."""
        return {
            "band.vertices": self.band.lattice.vertices,
            "band.tetrahedra": self.band.lattice.tetrahedra.int(),
            "band.cells": self.cells.cells.int(),
            "band.first": self.first,
        }


class BandBuilder:
    """Lays the band anew at fixed steps, so that a resumed run does it where the other did."""

    def __init__(self, template: Template, described: ClothField, settings: SculptSettings) -> None:
        self._template = template
        self._described = described
        self._settings = settings

    def first(self, photos: Sequence[MaskedPhoto] | None) -> tuple[BandCells, Band]:
        """The band around the body, as far as masks and words leave room; everywhere for None."""
        settings = self._settings
        cells = choose_cells(
            self._template,
            photos,
            self._described,
            settings.lattice_cells,
            settings.outward_reach,
        )
        return cells, self._evaluated(cells)

    def wider(self, cells: BandCells, places: Tensor) -> tuple[BandCells, Band]:
        """The band with more room around places (P, 3), metres."""
        wider = with_room(cells, self._template, places)
        return wider, self._evaluated(wider)

    def restored(self, tensors: Mapping[str, Tensor], laid: LaidBand) -> LaidBand:
        """The band that `LaidBand.tensors` gave, or the given one where they tell of none."""
        if "band.vertices" not in tensors:
            return laid
        device = laid.first.device
        lattice = TetrahedralMesh(
            tensors["band.vertices"].to(device), tensors["band.tetrahedra"].long().to(device)
        )
        cells = BandCells(
            laid.cells.origin, laid.cells.spacing, tensors["band.cells"].long().to(device)
        )
        band = band_of(lattice, self._template, self._described)
        return LaidBand(band, cells, tensors["band.first"].to(device))

    def rebuilt(self, step: int, laid: LaidBand, offsets: Tensor) -> LaidBand | None:
        """The band as it is from step number `step` on; None where it stays.

        Args:
            offsets: (N,) metres, as they are now.
        """
        settings = self._settings
        if step == _step(settings.refine_after, settings) and settings.refined_share > 0:
            return self._refined(laid, offsets)
        last = settings.refine_after if settings.refined_share > 0 else 1.0
        parts = settings.recentrings + 1
        if step in {_step(last * k / parts, settings) for k in range(1, parts)}:
            return self._recentred(laid, offsets)
        return None

    def _recentred(self, laid: LaidBand, offsets: Tensor) -> LaidBand | None:
        """Room for the surface where it has come to the band's outer rim."""
        band = laid.band
        ends, surface = _surface(band, band.body_distance + offsets)
        at_rim = _at_rim(band, offsets, ends, surface.vertices)
        if not bool(at_rim.any()):
            return None
        cells = with_room(laid.cells, self._template, surface.vertices[at_rim])
        wider = self._evaluated(cells)
        carried = DistanceField(surface).closest_signed(wider.lattice.vertices).signed_distance
        carried = carried - wider.body_distance
        # Nothing moves: what was free keeps its offset to the bit, the rest of the rim has none.
        is_reached = torch.zeros_like(band.fixed)
        is_reached[ends[at_rim].reshape(-1)] = True
        kept = ~(band.fixed & is_reached)
        carried[_places_of(laid.cells, cells)[kept]] = torch.where(band.fixed, 0.0, offsets)[kept]
        return LaidBand(wider, cells, torch.where(wider.freedom > 0, carried, 0.0))

    def _refined(self, laid: LaidBand, offsets: Tensor) -> LaidBand:
        """Smaller tetrahedra where the surface turns most within one."""
        band = laid.band
        distance = band.body_distance + offsets
        turning = self._turning(band, distance)
        count = int(self._settings.refined_share * int((turning >= 0).sum()))
        chosen = torch.zeros_like(turning, dtype=torch.bool)
        chosen[turning.argsort(descending=True, stable=True)[:count]] = True
        finer = bisected(band.lattice.vertices, band.edges, edges_of(band.edges, chosen))
        refined = band_of(finer.mesh, self._template, self._described)
        return LaidBand(refined, laid.cells, finer.interpolate(offsets))

    def _evaluated(self, cells: BandCells) -> Band:
        return band_of(cells.lattice(self._template), self._template, self._described)

    def _turning(self, band: Band, distance: Tensor) -> Tensor:
        """How far the surface's normals turn within each tetrahedron, (T,) 0..2 as one minus a
        cosine; -1 where it isn't near.

        Where the template is held its own surface counts: of a finger that is thinner than the
        lattice nothing may have been marched.
        """
        _, surface = _surface(band, distance)
        edges = edge_table(surface.faces)
        vertices = surface.vertices
        for _ in range(_SMOOTHING):
            vertices = vertices + 0.5 * uniform_laplacian(vertices, edges)
        towards = _normals_near(Mesh(vertices, surface.faces), band)
        own = _normals_near(self._template.surface, band)
        normals = torch.where((band.freedom < 0.5)[:, None], own, towards)
        ends = band.edges.vertices
        turned = 1 - (normals[ends[:, 0]] * normals[ends[:, 1]]).sum(dim=1)
        corners = band.lattice.tetrahedra
        is_near = distance.abs()[corners].amin(dim=1) < 0.5 * band.spacing[corners].amax(dim=1)
        return torch.where(is_near, turned[band.edges.of_tetrahedra].amax(dim=1), -1.0)


def _step(share: float, settings: SculptSettings) -> int:
    return round(share * settings.steps)


def _surface(band: Band, distance: Tensor) -> tuple[Tensor, Mesh]:
    """The marched surface, and the lattice vertices (V, 2) between which each of its lies."""
    fixed = torch.where(band.fixed, band.body_distance, distance)
    marched = march(fixed, band.edges)
    return marched.edges, Mesh(marched.carry(band.lattice.vertices), marched.faces)


def _normals_near(surface: Mesh, band: Band) -> Tensor:
    """The surface's normals (N, 3) where it is closest to the band's vertices."""
    normals = vertex_normals(surface.vertices, surface.faces)
    closest = DistanceField(surface).closest(band.lattice.vertices)
    return F.normalize(closest.interpolate(normals), dim=1)


def _at_rim(band: Band, offsets: Tensor, ends: Tensor, places: Tensor) -> Tensor:
    """Mark the surface's vertices (V,) that press against the band's outer rim: they are past
    the middle of an edge to it, or would be if the rim let them.

    Args:
        ends: (V, 2) lattice vertices between which they lie.
        places: (V, 3) metres.
    """
    outer = band.fixed & (band.body_distance > 0)
    pressed = outer & (band.body_distance + offsets < 0.5 * band.spacing)
    beside = torch.zeros(len(places), dtype=torch.bool, device=places.device)
    for side in (0, 1):
        rim = ends[:, side]
        gaps = [
            torch.linalg.vector_norm(places - band.lattice.vertices[end], dim=1)
            for end in (rim, ends[:, 1 - side])
        ]
        beside |= pressed[rim] | (outer[rim] & (gaps[0] < gaps[1]))
    return beside


def _places_of(old: BandCells, new: BandCells) -> Tensor:
    """Numbers (N,) of the old lattice's vertices in a new one that has them all."""
    points = [old.points(), new.points()]
    low = points[1].amin(dim=0)
    extent = points[1].amax(dim=0) - low + 1
    factors = torch.stack([extent[1] * extent[2], extent[2], torch.ones_like(extent[2])])
    # Lattice points come in the order of these keys.
    keys = [((part - low) * factors).sum(dim=1) for part in points]
    return torch.searchsorted(keys[1], keys[0])
