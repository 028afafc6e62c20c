"""The shape of a garment that words describe: a synthetic one, on the avatar's body."""

import torch

from album2avatar.assets import Asset
from album2avatar.attire.patterns import make_attire
from album2avatar.attire.worn import PATTERNED_BODIES
from album2avatar.body.types import CanonicalBody
from album2avatar.errors import WardrobeError
from album2avatar.mesh.borders import border_loops, capped, compacted, without_pinched_vertices
from album2avatar.prior.colors import color_words
from album2avatar.wardrobe.pattern import LID, PLAIN, Pattern


def described_pattern(asset: Asset, body: CanonicalBody) -> Pattern:
    """A pattern for an asset's kind and words, made on the body that will wear it.

    It has one colour: that of the last colour word, or grey where there is none.

    Raises:
        WardrobeError: there are no garments for this template, or none of this kind.
    """
    if body.kind not in PATTERNED_BODIES:
        fitting = " and ".join(sorted(PATTERNED_BODIES))
        raise WardrobeError(
            f"'{asset.name}' has no shape of its own, and garments in words fit bodies of the kind "
            f"{fitting} alone, not '{body.kind}'. Put on an entry of the wardrobe that comes from "
            "an avatar of the same kind."
        )
    worn = asset.model_copy(update={"token": ""})
    sheets = make_attire(body, [worn]).cloth
    chosen = without_pinched_vertices(sheets.faces, torch.ones(len(sheets.faces), dtype=torch.bool))
    if not bool(chosen.any()):
        raise WardrobeError(
            f"No shape is known for '{asset.name}'. Put on an entry of the wardrobe instead."
        )
    piece = compacted(sheets, chosen)[0]
    closed = capped(piece, border_loops(piece.faces))
    return Pattern(
        body.kind,
        body.vertices,
        closed.mesh,
        torch.where(closed.lid < 0, PLAIN, LID).to(torch.uint8),
        torch.zeros(len(closed.mesh.faces), 3, 2),
        torch.tensor(_color(asset), dtype=torch.uint8).expand(1, 1, 3).contiguous(),
    )


def _color(asset: Asset) -> tuple[int, int, int]:
    known = color_words(asset.kind)
    said = [word for word in asset.name.lower().replace(",", " ").split() if word in known]
    return known[said[-1]] if said else (128, 128, 128)
