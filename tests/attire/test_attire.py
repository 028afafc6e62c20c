"""What described assets are, and where they are on Anny."""

import pytest
import torch

from album2avatar.assets import Asset
from album2avatar.attire.patterns import Attire, make_attire, person_in
from album2avatar.attire.shape import ClothField
from album2avatar.attire.worn import whole_person, worn_assets
from album2avatar.body.anny import load_anny_body
from album2avatar.body.types import CanonicalBody
from album2avatar.prior.prompt_parsing import parse_description

ALBUM = (
    Asset(kind="hair", name="long hair", token="<asset0>"),
    Asset(kind="top", name="sweater", token="<asset1>"),
)


@pytest.fixture(scope="module")
def body() -> CanonicalBody:
    model = load_anny_body()
    return model.canonical(model.usual_shape("woman"))


@pytest.fixture(scope="module")
def hat(body: CanonicalBody) -> Attire:
    return make_attire(body, worn_assets(ALBUM, "with a red hat", body.kind))


def test_words_add_assets_of_new_kinds_behind_the_albums():
    worn = worn_assets(ALBUM, "with a red hat, a green t-shirt and black boots, smiling", "anny")
    assert worn[:2] == ALBUM
    assert worn[2:] == (
        Asset(kind="shoes", name="black boots"),
        Asset(kind="headwear", name="red hat"),
    )
    assert worn_assets(ALBUM, "with a red hat", "smplx") == ALBUM
    assert worn_assets(ALBUM, "with a red bag", "anny") == ALBUM


def test_a_described_person_has_skin_hair_and_clothes_said_or_not():
    def kinds(sentence: str) -> list[str]:
        return [asset.kind for asset in whole_person(parse_description(sentence))]

    assert kinds("a person") == ["skin", "hair", "top", "bottom", "shoes"]
    assert kinds("a woman wearing a dress") == ["skin", "hair", "dress", "shoes"]
    assert kinds("a bearded man in a coat") == [
        "face", "skin", "hair", "top", "bottom", "outerwear", "shoes",
    ]  # fmt: skip


def test_words_choose_the_pattern():
    person = person_in(
        {"hair": "long black hair", "top": "wool jumper", "bottom": "short kilt", "shoes": "boots"}
    )
    assert person.hair == "long"
    assert person.top is not None
    assert person.bottom is not None
    assert person.shoes is not None
    names = (person.top.name, person.bottom.name, person.shoes.name)
    assert names == ("sweater", "skirt", "boots")
    assert person.hem > 0
    assert person_in({"shoes": "bare feet"}).shoes is None
    assert person_in({"dress": "gown", "top": "top"}).top is None


def test_a_described_hat_is_on_the_head_and_nowhere_else(hat: Attire, body: CanonicalBody):
    chosen = hat.mesh.vertices[hat.vertex_asset == 2]
    head = body.vertices[body.parts["head"]]
    eyes = body.vertices[body.parts["eye.L"]].mean(0)
    assert (chosen[:, 2] > eyes[2]).all()
    assert float(chosen[:, 2].max()) > float(head[:, 2].max())
    assert set(hat.vertex_asset.unique().tolist()) == {-1, 2}
    assert float((hat.weights.sum(1) - 1).abs().max()) < 1e-5


def test_a_hat_is_solid_down_to_the_head_and_its_brim_is_not(hat: Attire, body: CanonicalBody):
    """Between crown and scalp it is filled; below the brim the face stays free."""
    described = ClothField(hat, body)
    cloth = hat.mesh.vertices[hat.vertex_asset == 2]
    scalp = body.vertices[body.parts["head"]]
    top = scalp[scalp[:, 2].argmax()]
    under_crown = top + torch.tensor([0.0, 0.0, 0.01])
    brim = cloth[cloth[:, 1].argmin()]
    below_brim = brim + torch.tensor([0.0, 0.03, -0.02])
    above = torch.tensor([0.0, float(top[1]), float(cloth[:, 2].max()) + 0.02])
    places = torch.stack([under_crown, brim, below_brim, above])
    distance = described.distance(places, torch.full((4,), 0.004))
    assert (distance < 0).tolist() == [True, True, False, False]


def test_nothing_is_filled_below_a_hem(body: CanonicalBody):
    skirt = make_attire(body, [Asset(kind="bottom", name="long skirt")])
    described = ClothField(skirt, body)
    hem = float(skirt.cloth.vertices[skirt.cloth.faces.unique()][:, 2].min())
    legs = body.vertices[(body.vertices[:, 2] < hem - 0.02) & body.parts["surface"]]
    distance = described.distance(legs, torch.full((len(legs),), 0.004))
    assert float(distance.min()) > 0


def test_without_words_there_is_no_cloth(body: CanonicalBody):
    attire = make_attire(body, ALBUM)
    assert attire.is_empty
    distance = ClothField(attire, body).distance(body.vertices[:5], torch.full((5,), 0.01))
    assert torch.isinf(distance).all()
