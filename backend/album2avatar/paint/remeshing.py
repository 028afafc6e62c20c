"""The sculpted surface as an artist's mesh: the template's quads, and fewer faces elsewhere."""

from dataclasses import dataclass

import torch
from torch import Tensor

from album2avatar.body.template_regions import (
    ORDER,
    template_hold,
    template_mates,
    template_regions,
)
from album2avatar.body.types import CanonicalBody
from album2avatar.errors import MeshError
from album2avatar.mesh.collapse import collapse_edges
from album2avatar.mesh.grafting import QuadMesh
from album2avatar.mesh.normals import face_areas
from album2avatar.mesh.patching import PatchTemplate, patch_surface
from album2avatar.mesh.quads import mates_of_rows, pair_triangles
from album2avatar.mesh.registration import Laid, lay_on
from album2avatar.mesh.soundness import flaws_of
from album2avatar.mesh.template_patch import Dual, fits, settled_patch, tidy_patch
from album2avatar.mesh.types import Mesh

FAIR_SHARE = 0.5
"""Density of faces, against the budget spread evenly, that what isn't the template's needs."""
REGION_SHARE = 0.35
"""Share of the budget that one group of regions may take: hands alone have 6400 triangles."""
WHOLE_HAND = 0.5
"""Share of a hand's faces that have to fit for the template's whole hand to be taken."""
BARE_FOOT = 0.004
"""Metres of the median offset up to which a foot counts as bare; shoes have no toes."""
DEPTH = 0.008
"""Metres from a patch within which the sculpted surface is what it replaces."""
HAND_DEPTH = 0.03
"""The same at hands, where fingers may have grown together or be lost."""
HANDS = ("hand.L", "hand.R")
FEET = ("foot.L", "foot.R")


@dataclass(frozen=True)
class Remeshed:
    """An artist's mesh."""

    mesh: Mesh
    """Closed, one piece."""
    mate: Tensor
    """(F,) int64, the face that makes a quad with each; see `mesh.quads`."""
    is_template: Tensor
    """(F,) bool, faces with the template's own topology."""
    remarks: tuple[str, ...]
    """What was done where, and what could not be, in sentences."""


def remesh(sculpted: Mesh, body: CanonicalBody, face_count: int) -> Remeshed:
    """Give a sculpted surface the template's topology where it corresponds, within a budget.

    The template is laid on the surface. Where it lies close and undistorted, and the budget holds
    its faces, they take the place of the sculpted ones and are sewn to the rest. Elsewhere edges
    are collapsed until the budget is met, and triangles paired into quads by shape.

    Args:
        sculpted: closed, one piece, in the canonical pose.
        face_count: triangles at most; a quad counts as two.

    Raises:
        MeshError: the sculpted surface is not closed.
    """
    template, mate = template_mates(body)
    regions = template_regions(body, template, mate)
    laid = lay_on(template, sculpted, template_hold(body, template))
    dual = Dual.of(template.faces, mate)
    chosen, remarks = _suitable(template, laid, regions)
    chosen = tidy_patch(laid.mesh, chosen, dual)
    kept, said = _affordable(laid.mesh, chosen, regions, face_count)
    hands = regions[HANDS[0]] | regions[HANDS[1]]
    depth = torch.where(hands, HAND_DEPTH, DEPTH)
    # Fingers that grew together come apart even where too many faces would be left of them.
    wanted = settled_patch(template.faces, kept | (chosen & hands), dual)
    patched = patch_surface(sculpted, PatchTemplate(laid.mesh, dual, depth, regions), wanted)
    remarks += [
        f"{refusal.faces} faces of the template around {refusal.region} were left out: "
        f"{refusal.reason}"
        for refusal in patched.refusals
    ]
    own = patched.surface.template_face
    result = _thinned(patched.surface, (own >= 0) & kept[own], face_count)
    flaws = flaws_of(result.mesh)
    if flaws:
        raise MeshError(
            f"The sculpted surface can't be remeshed ({'; '.join(flaws)}). Run the sculpt stage "
            "again with another seed."
        )
    quads = int((result.mate >= 0).sum()) // 2
    of_template = int((result.is_template & (result.mate >= 0)).sum()) // 2
    total = (
        f"{quads} quads ({of_template} of them the template's) and "
        f"{len(result.mesh.faces) - 2 * quads} triangles"
    )
    return Remeshed(result.mesh, result.mate, result.is_template, (total, *remarks, *said))


def _suitable(template: Mesh, laid: Laid, regions: dict[str, Tensor]) -> tuple[Tensor, list[str]]:
    """Faces (F,) bool of the template that the surface is good for, and what to know of that."""
    chosen, remarks = fits(template, laid), list[str]()
    for name in HANDS:
        region = regions[name]
        share = float(chosen[region].float().mean())
        chosen[region] = share > WHOLE_HAND
        if share <= WHOLE_HAND:
            remarks.append(f"{name} isn't the template's: {share:.0%} of its faces fit")
    for name in FEET:
        offset = float(laid.offset[template.faces[regions[name]]].median())
        if offset > BARE_FOOT:
            chosen[regions[name]] = False
            remarks.append(f"{name} isn't bare: it is {1000 * offset:.0f} mm off the template")
    return chosen, remarks


def _affordable(
    laid: Mesh, chosen: Tensor, regions: dict[str, Tensor], face_count: int
) -> tuple[Tensor, list[str]]:
    """Chosen faces (T,) bool that the budget holds, and which regions it doesn't."""
    areas = face_areas(laid)
    density = face_count / float(areas.sum())
    kept, remarks = torch.zeros_like(chosen), list[str]()
    for group in ORDER:
        wanted = kept.clone()
        for name in group:
            wanted |= chosen & regions[name]
        count = int(wanted.sum()) - int(kept.sum())
        needed = FAIR_SHARE * density * float(areas[~wanted].sum())
        if count <= REGION_SHARE * face_count and int(wanted.sum()) + needed <= face_count:
            kept = wanted
        elif count > 0:
            remarks.append(
                f"the {count} triangles of the template's {' and '.join(group)} are more than "
                f"paint.faces = {face_count} holds; it was thinned out instead"
            )
    return kept, remarks


def _thinned(surface: QuadMesh, kept: Tensor, face_count: int) -> Remeshed:
    """Collapse what isn't kept (F,) bool, and pair what isn't quads yet."""
    locked = torch.zeros(len(surface.mesh.vertices), dtype=torch.bool)
    locked[surface.mesh.faces[kept].flatten()] = True
    fewer = collapse_edges(surface.mesh, locked, face_count)
    is_template = kept[fewer.old_faces]
    own = mates_of_rows(surface.mate, fewer.old_faces)
    own[~is_template] = -1
    paired = pair_triangles(fewer.mesh, torch.where(own < 0, 0, -1))
    return Remeshed(fewer.mesh, torch.where(own >= 0, own, paired), is_template, ())
