"""All patches of a laid template that a surface takes, whatever has to be given up for that."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from scipy.spatial import KDTree
from torch import Tensor

from album2avatar.errors import MeshError
from album2avatar.mesh.grafting import CrossingSeamError, QuadMesh, graft
from album2avatar.mesh.template_patch import Dual, patches_of, settled_patch
from album2avatar.mesh.types import Mesh

ATTEMPTS = 6
"""Times that one patch is tried, each time a little smaller."""
CLEARING = 0.006
"""Metres around a crossing that the patch gives up first; each attempt adds as much."""


@dataclass(frozen=True)
class Refusal:
    """A patch that could not be put in."""

    faces: int
    """Of the template."""
    region: str
    """Which region most of it is in."""
    reason: str


@dataclass(frozen=True)
class Patched:
    """A surface with patches of a template's quads."""

    surface: QuadMesh
    refusals: tuple[Refusal, ...]


@dataclass(frozen=True)
class PatchTemplate:
    """A template as it lies on the surface."""

    mesh: Mesh
    dual: Dual
    depth: Tensor
    """(T,) metres around each face within which the surface is what it replaces."""
    regions: Mapping[str, Tensor]
    """Name to (T,) bool; every face is in one of them."""

    def region_of(self, patch: Tensor) -> str:
        """Where most of a patch (T,) bool is."""
        return max(self.regions, key=lambda name: int((self.regions[name] & patch).sum()))


def patch_surface(ground: Mesh, template: PatchTemplate, chosen: Tensor) -> Patched:
    """Put the chosen faces (T,) bool of a template in the place of what is below them.

    A patch that would cross something gives up what is around the crossing, one whose rims don't
    fit a ring at its rims; one that fails all the same is tried region by region. What still fails
    stays as it was sculpted.

    Args:
        ground: closed, one piece.
    """
    none = torch.full((len(ground.faces),), -1, dtype=torch.int64)
    surface, refusals = QuadMesh(ground, none, none), []
    waiting = [(patch, True) for patch in patches_of(template.mesh.faces, chosen)]
    while waiting:
        patch, is_divisible = waiting.pop(0)
        result, left, reason = _attempt(surface, template, patch)
        waiting += [(piece, is_divisible) for piece in left]
        if result is not None:
            surface = result
            continue
        parts = _by_region(template, patch) if is_divisible else []
        if len(parts) > 1:
            waiting += [(part, False) for part in parts]
        else:
            refusals.append(Refusal(int(patch.sum()), template.region_of(patch), reason))
    return Patched(surface, tuple(refusals))


def _attempt(
    surface: QuadMesh, template: PatchTemplate, patch: Tensor
) -> tuple[QuadMesh | None, list[Tensor], str]:
    """The surface with the patch, pieces that fell off the patch, and why it failed if it did."""
    left: list[Tensor] = []
    reason = ""
    mesh, dual = template.mesh, template.dual
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return graft(surface, mesh, dual.mate, patch, template.depth), left, ""
        except CrossingSeamError as error:
            reason = str(error)
            smaller = patch & ~dual.widened(_around(mesh, error.places, attempt * CLEARING))
        except MeshError as error:
            reason = str(error)
            smaller = patch & ~dual.widened(~patch)
        pieces = patches_of(mesh.faces, settled_patch(mesh.faces, smaller, dual))
        if not pieces:
            break
        patch, *others = pieces
        left += others
    # A part may do where the whole doesn't, but what fell off goes its own way.
    return None, left, reason


def _by_region(template: PatchTemplate, patch: Tensor) -> list[Tensor]:
    """The patch cut up at the borders of regions."""
    parts: list[Tensor] = []
    for region in template.regions.values():
        part = settled_patch(template.mesh.faces, patch & region, template.dual)
        parts += patches_of(template.mesh.faces, part)
    return parts


def _around(mesh: Mesh, places: Tensor, radius: float) -> Tensor:
    """(T,) bool, faces with a corner within `radius` metres of the places (N, 3)."""
    distance = KDTree(places.cpu().numpy()).query(mesh.vertices.cpu().numpy())[0]
    return (torch.from_numpy(distance) < radius)[mesh.faces].any(1)
