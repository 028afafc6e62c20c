"""The sculptor on a person like an egg whose masks show a rounder egg."""

import shutil
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from album2avatar.asset_table import save_mask
from album2avatar.attire.shape import ClothField
from album2avatar.body.relief import covered_relief
from album2avatar.body.storage import save_body, save_poses
from album2avatar.body.types import CanonicalBody, PhotoPoses
from album2avatar.errors import AlbumError, CancelledError
from album2avatar.guidance.cost import DistillationCost
from album2avatar.json_models import read_model
from album2avatar.mesh.marching import march
from album2avatar.mesh.storage import load_mesh
from album2avatar.mesh.topology import edge_table
from album2avatar.mesh.types import Mesh
from album2avatar.progress import JobControl, ProgressEvent, silent_job
from album2avatar.render.shading import render_mask
from album2avatar.sculpt.band import Band, band_of, smooth_weights
from album2avatar.sculpt.band_cells import choose_cells
from album2avatar.sculpt.field import OffsetField, make_source
from album2avatar.sculpt.finishing import finish, largest_component
from album2avatar.sculpt.hull import DRAFT_SHARE, first_offsets, hull_distance
from album2avatar.sculpt.losses import inward_loss
from album2avatar.sculpt.photos import MaskedPhoto, draw_cloth, mask_photo, may_be_person
from album2avatar.sculpt.stage import run
from album2avatar.sculpt.template import (
    BARE_FREEDOM,
    SHOE_COVER,
    Template,
    make_template,
    part_cover,
)
from album2avatar.settings import SculptGuidanceSettings, SculptSettings, Settings
from album2avatar.workspace import Workspace
from pretended_accelerator import DEVICE, pretended_accelerator
from toy_person import (
    ASSETS,
    egg,
    egg_body,
    egg_hat,
    no_attire,
    photo_poses,
    write_tiny_prior,
    write_workspace,
)

ROUNDER = torch.tensor([1.25, 1.4, 1.0])
"""How much wider the dressed person is than the body."""
AZIMUTHS = [0.0, 90.0, 180.0, 270.0]
NOTHING = ClothField(no_attire(), egg_body(egg()))
"""No cloth that words describe."""


def small_handed_body() -> CanonicalBody:
    """The egg with head and hands that leave room for clothes."""
    mesh = egg()
    across, up = mesh.vertices[:, 0], mesh.vertices[:, 2]
    parts = {"hand.L": across > 0.29, "hand.R": across < -0.29, "head": up > 1.65}
    body = egg_body(mesh)
    return replace(body, parts=body.parts | parts | {"face": up > 1.68})


def build_band(
    template: Template,
    photos: list[MaskedPhoto],
    described: ClothField,
    count: int,
    outward_reach: float,
) -> Band:
    cells = choose_cells(template, photos, described, count, outward_reach)
    return band_of(cells.lattice(template), template, described)


def dressed() -> Mesh:
    body = egg()
    return Mesh(body.vertices * ROUNDER, body.faces)


def masks_of(mesh: Mesh, poses: PhotoPoses) -> torch.Tensor:
    """(P, 96, 72) bool."""
    posed = mesh.vertices + poses.bone_transforms[:, 0, None, :3, 3]
    return render_mask(posed, mesh.faces, poses.cameras, (96, 72))[..., 0] > 0.5


def masked_photos(mesh: Mesh) -> list[MaskedPhoto]:
    poses = photo_poses(AZIMUTHS)
    covered = masks_of(mesh, poses)
    return [mask_photo(covered[i], poses, i, 48, torch.device("cpu")) for i in range(len(covered))]


@pytest.fixture(scope="module")
def prior_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_prior(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def settings(prior_folder: Path) -> Settings:
    return Settings(
        seed=5,
        device="cpu",
        prior=str(prior_folder),
        sculpt=SculptSettings(
            lattice_cells=16,
            close_up_magnification=1.0,
            steps=20,
            learning_rate=0.01,
            photo_height=48,
            photos_per_step=2,
            guidance=SculptGuidanceSettings(views_per_step=1, supersampling=1),
            recentrings=1,
            refined_share=0.3,
            refine_after=0.6,
            preview_every=12,
            checkpoint_every=7,
        ),
    )


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory, prior_folder: Path) -> Workspace:
    """The egg's workspace before sculpting, with masks of the dressed egg."""
    workspace = write_workspace(tmp_path_factory.mktemp("avatar") / "album", prior_folder)
    workspace.sculpt.unlink()
    save_body(workspace.body, small_handed_body())
    poses = photo_poses(AZIMUTHS)
    for name, mask in zip(poses.photos, masks_of(dressed(), poses), strict=True):
        save_mask(workspace, name, (mask.numpy() * len(ASSETS)).astype(np.uint8))
    return workspace


@pytest.fixture(scope="module")
def sculpted(
    album: Workspace, tmp_path_factory: pytest.TempPathFactory, settings: Settings
) -> Workspace:
    workspace = copy_of(album, tmp_path_factory.mktemp("avatar") / "whole")
    run(workspace, settings, silent_job("sculpt"))
    return workspace


def copy_of(workspace: Workspace, root: Path) -> Workspace:
    shutil.copytree(workspace.root, root)
    return Workspace(root)


def overlap(mesh: Mesh) -> float:
    """Intersection over union with the dressed egg's masks."""
    poses = photo_poses(AZIMUTHS)
    mine, truth = masks_of(mesh, poses), masks_of(dressed(), poses)
    return float((mine & truth).sum() / (mine | truth).sum())


def test_the_surface_grows_to_the_masks_and_stays_closed(sculpted: Workspace):
    mesh = load_mesh(sculpted.sculpt).mesh
    assert overlap(egg()) < 0.78
    assert overlap(mesh) > 0.85
    assert (edge_table(mesh.faces).opposite >= 0).all()
    assert sculpted.preview("sculpt", 12).exists()
    assert sculpted.preview("sculpt", 20).exists()
    assert not sculpted.checkpoint("sculpt").exists()


def test_every_vertex_knows_its_place_on_the_body(sculpted: Workspace):
    stored = load_mesh(sculpted.sculpt)
    body = covered_relief(small_handed_body(), [asset.kind for asset in ASSETS])
    nearest = body.vertices[stored.extras["nearest_body_vertex"]]
    gap = (stored.mesh.vertices - nearest).norm(dim=1)
    assert (gap + 1e-5 >= stored.extras["body_distance"].abs()).all()
    assert (gap < stored.extras["body_distance"].abs() + 0.05).all()


def test_the_pictures_that_the_prior_judged_are_counted(sculpted: Workspace):
    """One view a step, under the prompt, no words, and with much noise the negative ones."""
    cost = read_model(sculpted.sculpt_cost, DistillationCost, "Sculpt again.")
    assert cost.steps == 20
    assert 40 < cost.prior_calls < 60


def test_a_run_that_is_killed_twice_writes_the_same_bits(
    sculpted: Workspace, album: Workspace, settings: Settings, tmp_path: Path
):
    workspace = copy_of(album, tmp_path / "resumed")
    for stop in (9, 16):  # after the band got room, and after it was refined
        with pytest.raises(CancelledError):
            run(workspace, settings, job_until(stop))
        assert not workspace.sculpt.exists()
    run(workspace, settings, silent_job("sculpt"))
    assert workspace.sculpt.read_bytes() == sculpted.sculpt.read_bytes()
    assert workspace.sculpt_cost.read_bytes() == sculpted.sculpt_cost.read_bytes()


def test_on_an_accelerator_the_same_surface_is_found(
    sculpted: Workspace, album: Workspace, settings: Settings, tmp_path: Path
):
    workspace = copy_of(album, tmp_path / "accelerated")
    with pretended_accelerator():
        run(workspace, settings.model_copy(update={"device": DEVICE.type}), silent_job("sculpt"))
    there, here = load_mesh(workspace.sculpt).mesh, load_mesh(sculpted.sculpt).mesh
    assert torch.equal(there.faces, here.faces)
    torch.testing.assert_close(there.vertices, here.vertices, atol=5e-4, rtol=0)


def job_until(stop: int) -> JobControl:
    """A job that the artist cancels after step `stop`."""
    cancelled = threading.Event()

    def listen(event: ProgressEvent) -> None:
        if event.step == stop:
            cancelled.set()

    return JobControl("sculpt", listen, cancelled)


def test_masks_without_a_person_are_refused(album: Workspace, settings: Settings, tmp_path: Path):
    workspace = copy_of(album, tmp_path / "empty")
    for name in photo_poses(AZIMUTHS).photos:
        save_mask(workspace, name, np.zeros((96, 72), np.uint8))
    with pytest.raises(AlbumError, match="shows a person"):
        run(workspace, settings, silent_job("sculpt"))


def test_the_band_holds_the_body_and_the_room_that_the_masks_leave():
    template = make_template(small_handed_body(), 1.5, BARE_FREEDOM, {})
    band = build_band(template, masked_photos(dressed()), NOTHING, 24, 0.2)
    inside = band.body_distance <= 0
    ends = band.edges.vertices
    is_cut = inside[ends[:, 0]] != inside[ends[:, 1]]
    assert not (is_cut & band.fixed[ends].all(dim=1)).any()
    # The sides of the dressed egg at hip height are in the band, what is far beside them not.
    assert reaches(band.lattice.vertices, [0.0, 0.2 * 1.4, 0.85], 0.06)
    assert not reaches(band.lattice.vertices, [0.0, 0.2 * 1.4 + 0.12, 0.85], 0.04)
    narrow = build_band(template, masked_photos(egg()), NOTHING, 24, 0.2)
    assert len(narrow.lattice.tetrahedra) < len(band.lattice.tetrahedra)


def reaches(points: torch.Tensor, place: list[float], radius: float) -> bool:
    return bool(((points - torch.tensor(place)).norm(dim=1) < radius).any())


def test_carving_keeps_what_one_wrong_photo_denies():
    photos = masked_photos(dressed())
    body = egg()
    weights = torch.ones(len(body.vertices), 1)
    assert may_be_person(body.vertices, weights, photos, 0.1).all()
    photos[1] = MaskedPhoto(
        photos[1].bone_transforms,
        photos[1].camera,
        torch.zeros_like(photos[1].mask),
        torch.full_like(photos[1].outline_distance, 99.0),
    )
    assert may_be_person(body.vertices, weights, photos, 0.1).all()
    away = torch.tensor([[0.55, 0.0, 0.85]])
    assert not may_be_person(away, torch.ones(1, 1), photos, 0.1).any()


def test_the_hull_of_the_masks_is_the_dressed_egg_where_photos_look_along_it():
    photos = masked_photos(dressed())
    side, depth = 0.3 * 1.25, 0.2 * 1.4
    places = torch.tensor([[side, 0, 0.85], [0, depth, 0.85], [side - 0.1, 0, 0.85]])
    distance = hull_distance([places] * len(photos), photos)
    # A pixel is 4 cm.
    torch.testing.assert_close(distance, torch.tensor([0.0, 0.0, -0.1]), atol=0.06, rtol=0)
    few = hull_distance([places] * 2, photos[:2])
    assert torch.isinf(few).all()


def test_weights_stay_on_the_body_and_blend_away_from_it():
    """A chain of places from one bone to another, all but its ends far from the body."""
    count = 9
    weights = torch.zeros(count, 2)
    weights[:5, 0], weights[5:, 1] = 1, 1
    distance = torch.full((count,), 0.1)
    distance[[0, -1]] = 0.0
    edges = torch.stack([torch.arange(count - 1), torch.arange(1, count)], 1)
    smooth = smooth_weights(weights, distance, edges)
    torch.testing.assert_close(smooth.sum(dim=1), torch.ones(count))
    torch.testing.assert_close(smooth[[0, -1]], weights[[0, -1]])
    steps = smooth[1:, 1] - smooth[:-1, 1]
    assert (steps > 0).all()
    assert steps.max() < 0.3


def test_finishing_drops_floaters_and_bubbles():
    body = egg(2)
    floater = body.vertices * 0.1 + torch.tensor([1.0, 0.0, 0.0])
    bubble = (body.vertices - torch.tensor([0.0, 0.0, 0.85])) * 0.3 + torch.tensor([0, 0, 0.85])
    count = len(body.vertices)
    faces = [body.faces, body.faces + count, body.faces.flip(1) + 2 * count]
    mesh = Mesh(torch.cat([floater, body.vertices, bubble]), torch.cat(faces))
    kept = largest_component(mesh)
    torch.testing.assert_close(kept.vertices, body.vertices)


def test_parts_that_are_held_end_on_the_template():
    body = egg()
    template = make_template(egg_body(body), 1.0, BARE_FREEDOM, {})
    puffed = Mesh(body.vertices * torch.tensor([1.006, 1.006, 1.0]), body.faces)
    finished = finish(puffed, template, NOTHING)
    hands = body.vertices[:, 0].abs() > 0.24
    middle = (body.vertices[:, 0].abs() < 0.1) & ((body.vertices[:, 2] - 0.85).abs() < 0.2)
    assert finished.body_distance[hands].abs().max() < 5e-4
    assert finished.body_distance[middle].median() > 5e-4


def test_shoes_lie_off_the_feet_even_where_masks_leave_no_room():
    body = egg()
    low = body.vertices[:, 2] < 0.3
    shod = replace(egg_body(body), parts=egg_body(body).parts | {"foot.L": low})
    template = make_template(shod, 1.0, BARE_FREEDOM, part_cover({"shoes"}))
    assert float(template.cover[low].min()) == pytest.approx(SHOE_COVER)
    assert float(template.cover[body.vertices[:, 2] > 0.8].max()) == 0.0
    photos = masked_photos(body)
    band = build_band(template, photos, NOTHING, 24, 0.1)
    places = band.lattice.vertices
    offsets = first_offsets(band, [places] * len(photos), photos, None)
    near = (band.body_distance.abs() < 0.02) & (band.lattice.vertices[:, 2] < 0.2)
    assert float(offsets[near].max()) < -0.9 * SHOE_COVER
    assert float(inward_loss(offsets, band, 0.0)) == 0.0
    assert float(inward_loss(offsets + SHOE_COVER, band, 0.0)) > 0.0


def test_the_first_guess_lies_between_hull_and_draft():
    """Also without a photo that would make a hull; described cloth stays outside of it."""
    template = make_template(small_handed_body(), 1.0, BARE_FREEDOM, {})
    band = build_band(template, [], NOTHING, 24, 0.1)
    drafted = band.body_distance - 0.04
    offsets = first_offsets(band, [], [], drafted)
    assert torch.allclose(offsets, torch.tensor(-0.04 * DRAFT_SHARE), atol=1e-6)
    hat = ClothField(egg_hat(), egg_body(egg()))
    wide = build_band(template, [], hat, 24, 0.2)
    guess = wide.body_distance + first_offsets(wide, [], [], wide.body_distance)
    assert bool((guess <= wide.described + 1e-6).all())


def test_described_cloth_has_room_and_is_there_from_the_start_without_a_photo():
    """The egg's cup lies 6 cm off it; the rest of the band stays as narrow as the body needs."""
    described = ClothField(egg_hat(), egg_body(egg()))
    template = make_template(small_handed_body(), 1.0, BARE_FREEDOM, {})
    band = build_band(template, [], described, 24, 0.2)
    places = band.lattice.vertices
    source = make_source("grids", places, 0)
    field = OffsetField(band, first_offsets(band, [], [], None), source)
    surface = march(field.signed_distance(field.offsets()).detach(), band.edges).carry(places)
    assert float(surface[:, 2].max()) == pytest.approx(1.7 + 0.06, abs=0.035)
    low = surface[surface[:, 2] < 1.3]
    assert float(low[:, 0].abs().max()) == pytest.approx(0.3, abs=0.02)
    assert not reaches(places, [0.55, 0.0, 0.85], 0.05)
    # However far it is pushed in, the cup stays.
    pushed = march(field.signed_distance(torch.full_like(band.spacing, 0.2)), band.edges)
    assert float(pushed.carry(places)[:, 2].max()) > 1.7


def test_the_masks_of_photos_leave_room_for_described_cloth():
    poses = photo_poses(AZIMUTHS)
    drawn = draw_cloth(egg_hat(), poses, 0, (96, 72))
    bare = masks_of(egg(), poses)[0]
    # A pixel is 2 cm; the cup stands 6 cm over the tip.
    rows = [int(mask.any(1).float().argmax()) for mask in (drawn, bare)]
    assert rows[1] - rows[0] == pytest.approx(3, abs=1)
    assert not draw_cloth(no_attire(), poses, 0, (96, 72)).any()


def test_a_person_without_photos_is_sculpted_by_the_prior_alone(
    album: Workspace, tmp_path: Path, settings: Settings
):
    workspace = copy_of(album, tmp_path / "described")
    save_poses(workspace.poses, photo_poses([]))
    run(workspace, settings, silent_job("sculpt"))
    mesh = load_mesh(workspace.sculpt).mesh
    assert (edge_table(mesh.faces).opposite >= 0).all()
    # Nobody but the prior moves the surface, by a centimetre a step at most.
    assert float((mesh.vertices.amax(0) - egg().vertices.amax(0)).abs().max()) < 0.1


def test_from_the_body_on_nobody_asks_the_masks_if_they_have_no_weight(
    album: Workspace, tmp_path: Path, settings: Settings
):
    """The masks of a much wider person make the same surface; heard, they make another one."""
    other = copy_of(album, tmp_path / "wide")
    poses = photo_poses(AZIMUTHS)
    wide = masks_of(Mesh(egg().vertices * torch.tensor([1.6, 1.6, 1.05]), egg().faces), poses)
    for name, mask in zip(poses.photos, wide, strict=True):
        save_mask(other, name, (mask.numpy() * len(ASSETS)).astype(np.uint8))

    def sculpt(workspace: Workspace, weight: float) -> torch.Tensor:
        own = settings.sculpt.model_copy(
            update={"start": "body", "silhouette_weight": weight, "steps": 4}
        )
        changed = settings.model_copy(update={"sculpt": own})
        run(workspace, changed, silent_job("sculpt"))
        return load_mesh(workspace.sculpt).mesh.vertices

    own = copy_of(album, tmp_path / "own")
    assert torch.equal(sculpt(own, 0.0), sculpt(other, 0.0))
    first, second = sculpt(own, 1.0), sculpt(other, 1.0)
    assert first.shape != second.shape or not torch.equal(first, second)


@pytest.mark.parametrize(
    "changed",
    [
        {"field": "hash grid"},
        {"laplacian_last_share": 1.0},
        {"normal_consistency_last_share": 0.1},
        {"smoothness_last_share": 0.1},
        {"template_weight": 0.0},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_the_sculptor_hears_its_settings(
    album: Workspace, settings: Settings, tmp_path: Path, changed: dict[str, str | float]
):
    """A few steps with one of them changed find another surface."""
    few = {"steps": 5, "recentrings": 0, "refined_share": 0.0, "checkpoint_every": 5}

    def sculpt(name: str, **changes: str | float) -> Mesh:
        workspace = copy_of(album, tmp_path / name)
        own = settings.sculpt.model_copy(update=few | changes)
        run(workspace, settings.model_copy(update={"sculpt": own}), silent_job("sculpt"))
        return load_mesh(workspace.sculpt).mesh

    usual, other = sculpt("usual"), sculpt("other", **changed)
    same_faces = torch.equal(usual.faces, other.faces)
    assert not (same_faces and torch.equal(usual.vertices, other.vertices))
