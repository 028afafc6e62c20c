"""Where described assets are on a body: the garments of the synthetic people, put on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from album2avatar.assets import PIXEL_CLASSES, Asset, AssetKind
from album2avatar.body.types import CanonicalBody
from album2avatar.mesh.types import Mesh
from album2avatar.synthetic.dressing import dress
from album2avatar.synthetic.garments import outfit_cuts
from album2avatar.synthetic.ground_truth import GroundTruth, labelled_mesh
from album2avatar.synthetic.looks import looks_of
from album2avatar.synthetic.people import Garment, HairStyle, Person
from album2avatar.synthetic.template import RestBody, load_template

_PATTERNS: Mapping[AssetKind, Mapping[str, str]] = {
    "top": {
        "t-shirt": "",
        "sweater": "sweater jumper pullover hoodie sweatshirt turtleneck cardigan long-sleeved",
        "shirt": "shirt blouse tunic",
        "tank top": "tank vest crop sleeveless",
    },
    "bottom": {
        "trousers": "",
        "jeans": "jeans leggings",
        "shorts": "shorts",
        "skirt": "skirt kilt culottes",
    },
    "dress": {"dress": ""},
    "outerwear": {
        "jacket": "",
        "coat": "coat parka overcoat raincoat trench cape poncho cloak",
    },
    "shoes": {"shoes": "", "boots": "boots"},
    "headwear": {
        "hat": "",
        "cap": "cap",
        "beanie": "beanie beret helmet headscarf turban hijab bonnet bandana",
    },
}
"""Kind to the synthetic garments and the words that ask for each; the first is the usual one."""
_USUAL_LOOSENESS = 0.4


@dataclass(frozen=True)
class Attire:
    """Described assets as sheets over a body, in its canonical pose."""

    mesh: Mesh
    """The body's visible skin and all sheets; open."""
    weights: Tensor
    """(V, J) skinning weights."""
    vertex_asset: Tensor
    """(V,) int64, place of each vertex's asset in the list of worn assets; -1 where it has none."""
    is_cloth: Tensor
    """(F,) bool: of a described asset that lies over the skin, such as hair and garments."""

    @property
    def is_empty(self) -> bool:
        """Whether words describe nothing."""
        return not bool((self.vertex_asset >= 0).any())

    @property
    def cloth(self) -> Mesh:
        """The sheets alone, with all vertices."""
        return Mesh(self.mesh.vertices, self.mesh.faces[self.is_cloth])


def make_attire(body: CanonicalBody, assets: Sequence[Asset]) -> Attire:
    """Put the assets that have no token on a body.

    Args:
        body: Anny's, where an asset has no token.
        assets: all that the avatar wears, from `worn_assets`.
    """
    described = {asset.kind: index for index, asset in enumerate(assets) if not asset.token}
    if not described:
        mesh = Mesh(body.vertices, torch.zeros(0, 3, dtype=torch.int64))
        nobodys = torch.full((len(body.vertices),), -1)
        return Attire(mesh, body.weights, nobodys, torch.zeros(0, dtype=torch.bool))
    person = person_in({asset.kind: asset.name for asset in assets if not asset.token})
    template = load_template()
    rest = RestBody(
        body.vertices.cpu().numpy().astype(np.float32),
        body.skeleton.heads.cpu().numpy().astype(np.float32),
    )
    dressed = dress(template, rest, person)
    labelled = labelled_mesh(
        GroundTruth(template, rest, dressed, outfit_cuts(template, person), looks_of(person))
    )
    places = torch.tensor([described.get(_kind_of_class(name), -1) for name in PIXEL_CLASSES])
    labels = torch.from_numpy(labelled.face_labels).long()
    faces = torch.from_numpy(labelled.faces).long()
    # No two parts share a vertex.
    vertex_asset = torch.full((len(labelled.vertices),), -1)
    vertex_asset[faces] = places[labels][:, None].expand(-1, 3)
    weights = torch.zeros(len(dressed.vertices), len(template.bones))
    bones = torch.from_numpy(dressed.weight_bones).long()
    weights.scatter_add_(1, bones, torch.from_numpy(dressed.weights).float())
    return Attire(
        Mesh(torch.from_numpy(labelled.vertices).float(), faces),
        weights,
        vertex_asset,
        (places[labels] >= 0) & (labels != PIXEL_CLASSES.index("skin")),
    )


def person_in(words: Mapping[AssetKind, str]) -> Person:
    """A synthetic person who wears what words say; colours don't count."""
    garments = {kind: _garment(kind, text) for kind, text in words.items() if kind in _PATTERNS}
    if words.get("shoes") == "bare feet":
        del garments["shoes"]
    under = Garment("t-shirt", "white") if "outerwear" in garments else None
    return Person(
        seed=0,
        subject="person",
        phenotype={},
        skin="light",
        hair=_hair_style(words.get("hair", "")),
        hair_color="brown",
        hair_length=0.35,
        beard="face" in words,
        eye_color=(0, 0, 0),
        top=None if "dress" in garments else garments.get("top", under),
        outerwear=garments.get("outerwear"),
        dress=garments.get("dress"),
        bottom=None if "dress" in garments else garments.get("bottom"),
        shoes=garments.get("shoes"),
        headwear=garments.get("headwear"),
        glasses="none",
        looseness=_USUAL_LOOSENESS,
        hem=_hem(" ".join((words.get("dress", ""), words.get("bottom", "")))),
        color_shift=(0.0,) * 8,
        gaze=(0.0, 0.0),
    )


def _garment(kind: AssetKind, text: str) -> Garment:
    """The synthetic garment that most of the words ask for; of several the one named last."""
    patterns = _PATTERNS[kind]
    chosen = next(iter(patterns))
    for word in text.lower().replace(",", " ").split():
        for name, asking in patterns.items():
            if word in asking.split() or word == name:
                chosen = name
    return Garment(chosen, "blue" if chosen == "jeans" else "white")


def _hair_style(text: str) -> HairStyle:
    words = set(text.lower().replace("-", " ").split())
    if "bald" in words:
        return "bald"
    if "bun" in words:
        return "bun"
    return "long" if words & {"long", "length", "ponytail", "braids", "braid"} else "short"


def _hem(text: str) -> float:
    """-1 for the longest skirts and dresses, 1 for the shortest."""
    words = set(text.lower().split())
    if words & {"mini", "short"}:
        return 0.8
    return -1.0 if words & {"long", "maxi"} else -0.2


def _kind_of_class(name: str) -> str:
    return "face" if name == "beard" else name
