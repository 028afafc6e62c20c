"""What is cut out of an egg's jacket, and where it lies on another egg."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from album2avatar.asset_table import load_asset_table
from album2avatar.assets import AssetKind
from album2avatar.body.surface import outer_surface
from album2avatar.mesh.signed_distance import DistanceField
from album2avatar.mesh.storage import load_mesh, save_mesh
from album2avatar.mesh.types import Mesh
from album2avatar.wardrobe.layers import (
    COVERS,
    HIDDEN_UNDER,
    OFF_SKIN,
    REPLACES,
    TUCKED_INTO,
    shows_over,
)
from album2avatar.wardrobe.pattern import HIDDEN, LID, PLAIN, Pattern, extract_pattern
from album2avatar.wardrobe.worn import Ground, WornPattern, faired_rims
from album2avatar.workspace import Workspace
from toy_person import egg, egg_body, write_tiny_prior
from toy_swap import write_narrow_avatar, write_wide_avatar

KINDS: tuple[AssetKind, ...] = ("hair", "outerwear", "bottom")


def jacket_of(avatar: Workspace, kinds: tuple[AssetKind, ...] = KINDS) -> Pattern:
    """The avatar's shirt, as if it were a jacket."""
    table = load_asset_table(avatar)
    called = zip(table.assets, kinds, strict=True)
    assets = tuple(asset.model_copy(update={"kind": kind}) for asset, kind in called)
    told = table.model_copy(update={"assets": assets})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("album2avatar.wardrobe.pattern.load_asset_table", lambda workspace: told)
        pattern = extract_pattern(avatar, "outerwear")
    assert pattern is not None
    return pattern


def cloth(pattern: Pattern) -> torch.Tensor:
    return pattern.solid.vertices[pattern.solid.faces[pattern.face_class != LID].unique()]


@pytest.fixture(scope="module")
def prior(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_prior(tmp_path_factory.mktemp("prior") / "tiny")


@pytest.fixture(scope="module")
def tucked(prior: Path, tmp_path_factory: pytest.TempPathFactory) -> Pattern:
    return jacket_of(write_wide_avatar(tmp_path_factory.mktemp("wide"), prior))


def test_a_jacket_goes_on_below_what_stands_off_the_body(tucked: Pattern):
    lowest = float(cloth(tucked)[:, 2].min())
    assert lowest == pytest.approx(0.8 - TUCKED_INTO["outerwear"]["bottom"], abs=0.05)


def test_a_jacket_that_is_open_above_stays_open_below(prior: Path, tmp_path: Path):
    avatar = write_wide_avatar(tmp_path / "wide", prior)
    stored = load_mesh(avatar.painted)
    middles = stored.mesh.vertices[stored.mesh.faces].mean(1)
    shirt = (middles[:, 0].abs() < 0.06) & (middles[:, 1] < 0) & (middles[:, 2] < 1.3)
    shirt &= stored.extras["face_asset"] == 1
    extras = stored.extras | {"face_asset": torch.where(shirt, 0, stored.extras["face_asset"])}
    save_mesh(avatar.painted, stored.mesh, stored.uv, extras)
    low = cloth(jacket_of(avatar, ("top", "outerwear", "bottom")))
    low = low[(low[:, 2] < 0.75) & (low[:, 1] < 0)]
    assert bool((low[:, 0].abs() > 0.08).any())
    assert not bool((low[:, 0].abs() < 0.03).any())


def test_below_it_the_jacket_lies_near_the_skin(tucked: Pattern):
    hidden = tucked.solid.faces[tucked.face_class == HIDDEN].unique()
    deep = tucked.solid.vertices[hidden]
    deep = deep[deep[:, 2] < 0.73]
    off_skin = DistanceField(outer_surface(egg_body(egg()))).closest_signed(deep).signed_distance
    assert float(off_skin.max()) < 0.01


def test_a_jacket_over_narrow_trousers_ends_where_it_is_seen_to_end(prior: Path, tmp_path: Path):
    pattern = jacket_of(write_narrow_avatar(tmp_path / "narrow", prior))
    hidden = pattern.solid.vertices[pattern.solid.faces[pattern.face_class == HIDDEN].unique()]
    assert not bool((hidden[:, 2] < 0.9).any())


def test_cloth_lies_as_far_off_the_skin_as_its_kind_does():
    body, mesh = egg_body(egg()), egg()
    mesh = Mesh(mesh.vertices * torch.tensor([1.01, 1.01, 1.0]), mesh.faces)
    band = mesh.vertices[mesh.faces].mean(1)[:, 2]
    classes = torch.where((band > 0.6) & (band < 1.3), PLAIN, LID).to(torch.uint8)
    grey = torch.full((1, 1, 3), 128, dtype=torch.uint8)
    pattern = Pattern(
        body.kind, body.vertices, mesh, classes, torch.zeros(len(mesh.faces), 3, 2), grey
    )
    nothing = torch.zeros(len(mesh.faces), dtype=torch.bool)
    ground = Ground(body, mesh, nothing, nothing, OFF_SKIN["headwear"])
    worn = WornPattern(pattern, ground)
    is_cloth = mesh.faces[classes == PLAIN].unique()
    skin = DistanceField(outer_surface(body))
    distance = skin.closest_signed(worn.points[is_cloth]).signed_distance
    assert float(distance.min()) == pytest.approx(OFF_SKIN["headwear"], abs=5e-4)
    closer = WornPattern(pattern, replace(ground, off_skin=OFF_SKIN["top"])).points[is_cloth]
    assert float(skin.closest_signed(closer).signed_distance.max()) < OFF_SKIN["headwear"]


def test_what_was_hidden_shows_over_clothes_alone_and_never_over_what_hid_it():
    for kind in REPLACES:
        shown = shows_over(kind)
        assert shown <= COVERS[kind] - {"skin", "face"}
        assert not shown & {*HIDDEN_UNDER[kind], *TUCKED_INTO.get(kind, {})}
    assert "top" in shows_over("outerwear")


def test_the_rim_of_a_pattern_becomes_even_and_stays_where_it_was():
    angle = torch.arange(80) * (2 * torch.pi / 80)
    ring = torch.stack([angle.cos(), angle.sin(), torch.zeros(80)], 1)
    ragged = ring.clone()
    ragged[:, 2] = torch.where(torch.arange(80) % 2 == 0, 0.02, -0.02)
    upper = ring + torch.tensor([0.0, 0.0, 0.3])
    this, following = torch.arange(80), (torch.arange(80) + 1) % 80
    lower_faces = torch.stack([this, following, this + 80], 1)
    upper_faces = torch.stack([following, following + 80, this + 80], 1)
    even = faired_rims(torch.cat([ragged, upper]), torch.cat([lower_faces, upper_faces]))
    assert float(even[:80, 2].abs().max()) < 0.002
    assert float((even[:80, :2].norm(dim=1) - 1).abs().max()) < 0.01
    assert float((even[80:] - upper).norm(dim=1).max()) < 0.01
