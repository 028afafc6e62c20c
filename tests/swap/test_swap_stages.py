"""The trousers of one egg on another: what changes, and what doesn't by a bit."""

import shutil
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import torch
import trimesh

from album2avatar.asset_table import load_asset_table
from album2avatar.errors import CancelledError, WardrobeError, WorkspaceError
from album2avatar.manifest import Manifest
from album2avatar.mesh.storage import load_mesh
from album2avatar.pictures import load_texture
from album2avatar.pipeline.flows import SWAP_STAGES
from album2avatar.pipeline.running import run_stages
from album2avatar.prior.personalized import load_personalized_prior, load_record, save_record
from album2avatar.progress import ProgressEvent
from album2avatar.render.baking import map_texels
from album2avatar.settings import Settings
from album2avatar.wardrobe.garment import GarmentChoice, load_swap
from album2avatar.wardrobe.library import Wardrobe
from album2avatar.wardrobe.variant import begin_variant
from album2avatar.workspace import Workspace
from pretended_accelerator import DEVICE, pretended_accelerator
from toy_person import write_tiny_prior
from toy_swap import GREEN, WIDER, toy_settings, write_narrow_avatar, write_wide_avatar

STAGES = SWAP_STAGES[:3]
"""Up to paint; the rig's picture needs more bones than an egg has."""


class Shop:
    """Everything that a swap of eggs needs."""

    def __init__(self, folder: Path) -> None:
        prior = write_tiny_prior(folder / "models" / "tiny")
        self.folder = folder
        self.settings = toy_settings(prior)
        self.narrow = write_narrow_avatar(folder / "narrow", prior)
        self.wide = write_wide_avatar(folder / "wide", prior)
        self.wardrobe = Wardrobe(folder / "wardrobe")
        self.entries = {e.kind: e for e in self.wardrobe.add(self.wide, "Wide")}
        self.trousers = GarmentChoice(kind="bottom", entry=self.entries["bottom"].id)

    def put_on(self, root: Path, settings: Settings, listener=lambda event: None) -> Workspace:
        variant = Workspace(root)
        begin_variant(self.narrow, self.trousers, self.wardrobe, variant)
        cancelled = threading.Event()
        run_stages(STAGES, variant, settings, Manifest(), listener, cancelled)
        return variant


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return Shop(tmp_path_factory.mktemp("shop"))


@pytest.fixture(scope="module")
def variant(shop: Shop) -> Workspace:
    return shop.put_on(shop.folder / "variant", shop.settings)


def kept_part(variant: Workspace) -> tuple[torch.Tensor, torch.Tensor]:
    """Old numbers of the vertices and faces that stayed."""
    extras = load_mesh(variant.sculpt).extras
    vertices, faces = extras["old_vertex"], extras["old_face"]
    return vertices[vertices >= 0], faces[faces >= 0]


def test_what_stays_is_the_same_to_the_bit(shop: Shop, variant: Workspace):
    old, new = load_mesh(shop.narrow.painted), load_mesh(variant.painted)
    vertices, faces = kept_part(variant)
    assert len(vertices) > 0.3 * len(old.mesh.vertices)
    assert torch.equal(new.mesh.vertices[: len(vertices)], old.mesh.vertices[vertices])
    assert torch.equal(vertices[new.mesh.faces[: len(faces)]], old.mesh.faces[faces])
    assert old.uv is not None
    assert new.uv is not None
    before = old.uv.coordinates[old.uv.faces[faces]]
    assert torch.equal(new.uv.coordinates[new.uv.faces[: len(faces)]], before)


def test_no_texel_of_what_stays_changes(shop: Shop, variant: Workspace):
    old, new = load_texture(shop.narrow.albedo), load_texture(variant.albedo)
    uv = load_mesh(variant.painted).uv
    assert uv is not None
    faces = kept_part(variant)[1]
    kept = map_texels(replace(uv, faces=uv.faces[: len(faces)]), (128, 128)).covered
    assert torch.equal(new[kept], old[kept])


def test_the_upper_half_stays_and_the_lower_half_goes(shop: Shop, variant: Workspace):
    old = load_mesh(shop.narrow.painted).mesh
    middles = old.vertices[old.faces].mean(1)[:, 2]
    stays = torch.zeros(len(old.faces), dtype=torch.bool)
    stays[kept_part(variant)[1]] = True
    assert bool(stays[middles > 1.0].all())
    assert not bool(stays[middles < 0.7].any())


def test_the_new_part_has_the_garment_s_shape(variant: Workspace):
    mesh = load_mesh(variant.painted).mesh
    whole = trimesh.Trimesh(mesh.vertices.numpy(), mesh.faces.numpy(), process=False)
    assert whole.is_watertight
    low = mesh.vertices[(mesh.vertices[:, 2] - 0.4).abs() < 0.05]
    height = (low[:, 2] - 0.85) / 0.85
    expected = 0.3 * WIDER * (1 - height.square()).sqrt().max()
    assert float(low[:, 0].max()) == pytest.approx(float(expected), rel=0.06)


def test_the_new_part_has_the_garment_s_colour(variant: Workspace):
    texture = load_texture(variant.albedo)
    stored = load_mesh(variant.painted)
    assert stored.uv is not None
    count = len(kept_part(variant)[1])
    table = load_asset_table(variant)
    bottom = [asset.kind for asset in table.assets].index("bottom")
    rows = torch.arange(len(stored.mesh.faces)) >= count
    rows &= stored.extras["face_asset"] == bottom
    uv = replace(stored.uv, faces=stored.uv.faces[rows])
    colors = texture[map_texels(uv, (128, 128)).covered]
    assert float((colors - GREEN).abs().median()) < 0.05


def test_the_garment_has_a_token_of_its_own_in_the_table(shop: Shop, variant: Workspace):
    assets = {asset.kind: asset for asset in load_asset_table(variant).assets}
    assert list(assets) == ["hair", "top", "bottom"]
    assert shop.entries["bottom"].id in assets["bottom"].token
    assert assets["top"] == load_asset_table(shop.narrow).assets[1]


def test_a_cancelled_swap_goes_on_to_the_same_result(shop: Shop, variant: Workspace):
    root = shop.folder / "interrupted"
    workspace = Workspace(root)
    for stage, step in (("sculpt", 2), ("paint", 1), ("none", 0)):
        cancelled = threading.Event()

        def listen(event: ProgressEvent, stage: str = stage, step: int = step) -> None:
            if (event.stage, event.step) == (stage, step):
                cancelled.set()  # noqa: B023

        begin_variant(shop.narrow, shop.trousers, shop.wardrobe, workspace)
        manifest = Manifest()
        if workspace.manifest.exists():
            manifest = Manifest.model_validate_json(workspace.manifest.read_text())
        if stage == "none":
            run_stages(STAGES, workspace, shop.settings, manifest, listen, cancelled)
        else:
            with pytest.raises(CancelledError):
                run_stages(STAGES, workspace, shop.settings, manifest, listen, cancelled)
    for path in (lambda w: w.sculpt, lambda w: w.painted, lambda w: w.albedo):
        assert path(workspace).read_bytes() == path(variant).read_bytes()


def test_on_an_accelerator_the_same_variant_is_made(shop: Shop, variant: Workspace):
    settings = shop.settings.model_copy(update={"device": DEVICE.type})
    with pretended_accelerator():
        workspace = shop.put_on(shop.folder / "accelerated", settings)
    there, here = load_mesh(workspace.painted).mesh, load_mesh(variant.painted).mesh
    assert torch.equal(there.faces, here.faces)
    torch.testing.assert_close(there.vertices, here.vertices, atol=1e-3, rtol=0)
    # Charts are packed by their size, to the last bit: texels may lie elsewhere.
    colors = [load_texture(each.albedo).float().mean((0, 1)) for each in (workspace, variant)]
    torch.testing.assert_close(*colors, atol=0.02, rtol=0)


def test_base_and_entry_may_go_once_the_variant_is_begun(shop: Shop, tmp_path: Path):
    narrow = Workspace(tmp_path / "narrow")
    shutil.copytree(shop.narrow.root, narrow.root)
    workspace = Workspace(tmp_path / "variant")
    begin_variant(narrow, shop.trousers, shop.wardrobe, workspace)
    shutil.rmtree(narrow.root)
    settings = shop.settings.model_copy(
        update={"swap": shop.settings.swap.model_copy(update={"sculpt_steps": 0, "paint_steps": 0})}
    )
    run_stages(STAGES, workspace, settings, Manifest(), lambda event: None, threading.Event())
    assert workspace.albedo.is_file()


def test_another_garment_needs_another_folder(shop: Shop, variant: Workspace):
    other = GarmentChoice(kind="top", entry=shop.entries["top"].id)
    with pytest.raises(WorkspaceError, match="another garment"):
        begin_variant(shop.narrow, other, shop.wardrobe, variant)
    assert load_swap(variant).choice == shop.trousers


def test_a_kind_that_nobody_swaps_is_refused(shop: Shop, tmp_path: Path):
    with pytest.raises(WardrobeError, match="glasses"):
        begin_variant(
            shop.narrow,
            GarmentChoice(kind="glasses", words="round glasses"),
            shop.wardrobe,
            Workspace(tmp_path / "variant"),
        )


def test_an_unfinished_avatar_is_refused(shop: Shop, tmp_path: Path):
    with pytest.raises(WorkspaceError, match="no finished avatar"):
        begin_variant(
            Workspace(tmp_path / "nothing"),
            shop.trousers,
            shop.wardrobe,
            Workspace(tmp_path / "variant"),
        )


def test_a_garment_is_an_entry_or_words():
    with pytest.raises(ValueError, match="entry of the wardrobe, or words"):
        GarmentChoice(kind="top")


def test_what_words_had_added_to_the_avatar_is_among_its_assets(shop: Shop, tmp_path: Path):
    narrow = Workspace(tmp_path / "narrow")
    shutil.copytree(shop.narrow.root, narrow.root)
    said = shop.settings.model_copy(update={"prompt_addition": "with a red hat"})
    narrow.settings_file.write_text(said.model_dump_json())
    workspace = Workspace(tmp_path / "variant")
    begin_variant(narrow, shop.trousers, shop.wardrobe, workspace)
    run_stages(STAGES[:1], workspace, said, Manifest(), lambda event: None, threading.Event())
    assets = {asset.kind: asset for asset in load_asset_table(workspace).assets}
    assert list(assets) == ["hair", "top", "bottom", "headwear"]
    assert (assets["headwear"].name, assets["headwear"].token) == ("red hat", "")


def test_an_avatar_whose_face_was_learned_apart_can_be_dressed(shop: Shop, tmp_path: Path):
    """The garment's adapter is asked about every view; a face of its own isn't looked for."""
    base = Workspace(tmp_path / "two_adapters")
    shutil.copytree(shop.narrow.root, base.root)
    learned = load_record(base.personalization)
    save_record(base.personalization, learned.model_copy(update={"has_face": True}))
    variant = Workspace(tmp_path / "variant")
    begin_variant(base, shop.trousers, shop.wardrobe, variant)
    run_stages(STAGES[:1], variant, shop.settings, Manifest(), lambda event: None,
               threading.Event())  # fmt: skip
    prior = load_personalized_prior(
        Path(shop.settings.prior), variant.personalization, torch.device("cpu")
    )
    assert prior.for_framing("head close-up") is prior
