"""Views frame what their words say."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from album2avatar.assets import view_of_azimuth
from album2avatar.body.types import CanonicalBody, Skeleton
from album2avatar.guidance.garments import (
    garment_frames,
    regions_of_body,
    regions_of_surface,
)
from album2avatar.guidance.views import (
    CameraMix,
    ViewSample,
    body_frames,
    sample_views,
    turntable_views,
)


@pytest.fixture
def body() -> CanonicalBody:
    """A stick figure of 1.7 m: points of a column, a head and two hands, off the origin."""
    generator = torch.Generator().manual_seed(0)

    def box(low, high):
        low, high = torch.tensor(low), torch.tensor(high)
        corners = torch.stack([low, high])
        return torch.cat([corners, low + (high - low) * torch.rand(98, 3, generator=generator)])

    pieces = {
        "trunk": box([-0.25, -0.12, 0.0], [0.25, 0.12, 1.45]),
        "head": box([-0.08, -0.11, 1.45], [0.08, 0.11, 1.7]),
        "eye.L": box([0.02, -0.12, 1.57], [0.04, -0.1, 1.59]),
        "eye.R": box([-0.04, -0.12, 1.57], [-0.02, -0.1, 1.59]),
        "hand.L": box([0.55, -0.05, 0.8], [0.65, 0.05, 0.98]),
        "hand.R": box([-0.65, -0.05, 0.8], [-0.55, 0.05, 0.98]),
    }
    vertices = torch.cat(list(pieces.values())) + torch.tensor([0.1, -0.2, 0.4])
    names = [name for name in pieces for _ in range(100)]
    parts = {name: torch.tensor([n == name for n in names]) for name in pieces}
    parts["surface"] = torch.ones(len(names), dtype=torch.bool)
    nothing = torch.zeros(0, 3)
    skeleton = Skeleton(("root",), (-1,), torch.zeros(1, 3), torch.ones(1, 3), torch.eye(4)[None])
    return CanonicalBody(
        "anny",
        vertices,
        nothing.long(),
        torch.zeros(0, 2),
        nothing.long(),
        skeleton,
        torch.ones(len(vertices), 1),
        parts,
    )


def project(sample: ViewSample, points: torch.Tensor) -> torch.Tensor:
    """Normalised device coordinates, (B, N, 2)."""
    homogeneous = torch.cat([points, torch.ones(len(points), 1)], 1)
    clip = torch.einsum("brc,nc->bnr", sample.cameras.clip_from_world(1.0), homogeneous)
    return clip[..., :2] / clip[..., 3:]


def only(**shares) -> CameraMix:
    nothing = dict.fromkeys(
        ("full_body", "upper_body", "lower_body", "head", "hands", "garments"), 0.0
    )
    return CameraMix(**(nothing | shares))


def test_full_body_frames_show_the_whole_person_and_little_more(body):
    sample = sample_views(body, only(full_body=1), 64, np.random.default_rng(1))
    seen = project(sample, body.vertices)
    height = seen[..., 1].amax(1) - seen[..., 1].amin(1)
    assert (height > 1.55).all()
    assert seen[..., 1].abs().max() < 1.12
    assert set(sample.framings) == {"full body"}


def test_head_frames_are_centred_near_the_eyes_and_hold_the_head(body):
    sample = sample_views(body, only(head=1), 64, np.random.default_rng(2))
    seen = project(sample, body.vertices[body.parts["head"]])
    assert seen.abs().max() < 1.0
    assert seen[..., 1].mean().abs() < 0.15


def test_hand_frames_hold_one_hand_and_have_no_word(body):
    sample = sample_views(body, only(hands=1), 32, np.random.default_rng(3))
    assert set(sample.framings) == {None}
    holds = [
        project(sample, body.vertices[body.parts[hand]]).abs().amax((1, 2)) < 1.0
        for hand in ("hand.L", "hand.R")
    ]
    assert (holds[0] | holds[1]).all()
    assert (holds[0] & ~holds[1]).any()
    assert (holds[1] & ~holds[0]).any()


def shod(body: CanonicalBody) -> CanonicalBody:
    """The stick figure with feet."""
    low = body.vertices[:, 2] < 0.5
    return replace(body, parts=body.parts | {"foot.L": low, "foot.R": low, "face": low & False})


def test_garment_frames_hold_their_garment_and_name_it(body):
    """On the body, where a garment of its kind is worn."""
    regions = regions_of_body(shod(body), ["top", "shoes", "skin"])
    assert set(regions) == {"top", "shoes"}
    generator = np.random.default_rng(8)
    sample = sample_views(body, only(garments=1), 64, generator, garments=garment_frames(regions))
    assert set(sample.garments) == {"top", "shoes"}
    assert set(sample.framings) == {None}
    farthest = {"top": 0.0, "shoes": 0.0}
    for index, kind in enumerate(sample.garments):
        seen = project(sample, regions[kind])[index].abs()
        assert (seen < 1).all(1).float().mean() > 0.95
        farthest[kind] = max(farthest[kind], float(seen.max()))
    assert min(farthest.values()) > 0.65


def test_a_garment_of_a_surface_is_where_its_vertices_are():
    """All of one kind together, stray vertices and assets without a vertex apart."""
    points = torch.rand(1000, 3, generator=torch.manual_seed(1)) * torch.tensor([0.4, 0.3, 0.6])
    points[0] = torch.tensor([5.0, 5.0, 5.0])
    assets = torch.where(torch.arange(1000) < 600, 1, torch.where(torch.arange(1000) < 700, 2, 0))
    regions = regions_of_surface(points, assets, ["skin", "top", "top", "bag"])
    assert len(regions["top"]) == 700
    frames = garment_frames(regions)
    assert set(frames) == {"top"}
    np.testing.assert_allclose(frames["top"].centre, [0.2, 0.15, 0.3], atol=0.02)
    assert frames["top"].heights == pytest.approx((1.25 * 0.6, 1.35 * 0.6), abs=0.03)


def test_views_are_those_that_were_drawn_before_garments_had_frames(body):
    frames = garment_frames(regions_of_body(shod(body), ["top"]))
    plain, offered = (
        sample_views(body, CameraMix(), 5, np.random.default_rng(6), garments=each)
        for each in (None, frames)
    )
    assert torch.equal(plain.cameras.world_to_view, offered.cameras.world_to_view)
    assert plain.framings == offered.framings


def test_the_view_word_is_the_side_that_the_camera_stands_on(body):
    """The camera's own position, seen from the body, says the same as the word."""
    sample = sample_views(body, CameraMix(), 200, np.random.default_rng(4))
    eyes = -(sample.cameras.world_to_view[:, :3, :3].mT @ sample.cameras.world_to_view[:, :3, 3:])
    centre = torch.from_numpy(body_frames(body)["full body"].centre).float()
    away = eyes[..., 0] - centre
    for word, (x, y, _) in zip(sample.views, away.tolist(), strict=True):
        angle = math.degrees(math.atan2(x, -y))
        if min(abs(abs(angle) - 45), abs(abs(angle) - 135)) > 25:  # hands and jitter turn a little
            assert word == view_of_azimuth(angle)
    assert set(sample.views) == {"front", "left side", "right side", "back"}


def test_azimuths_of_one_batch_go_all_around(body):
    sample = sample_views(body, CameraMix(), 8, np.random.default_rng(5))
    eighths = ((sample.azimuths / (2 * math.pi) + 0.5) * 8).floor().sort().values
    assert eighths.tolist() == list(range(8))


def test_close_ups_of_the_head_stay_in_their_part_of_the_circle(body):
    """Spread evenly there; views of the body go all around as before."""
    mix = CameraMix(full_body=1, upper_body=0, lower_body=0, head=1, head_azimuth=60)
    narrow, wide = (
        sample_views(body, each, 64, np.random.default_rng(7))
        for each in (mix, replace(mix, head_azimuth=180))
    )
    heads = torch.tensor([framing == "head close-up" for framing in narrow.framings])
    assert 16 < heads.sum() < 48
    torch.testing.assert_close(narrow.azimuths[heads] * 3, wide.azimuths[heads])
    assert torch.equal(narrow.azimuths[~heads], wide.azimuths[~heads])


def test_the_same_seed_draws_the_same_views(body):
    first, second = (sample_views(body, CameraMix(), 5, np.random.default_rng(6)) for _ in range(2))
    assert torch.equal(first.cameras.world_to_view, second.cameras.world_to_view)
    assert first.framings == second.framings


def test_turntable_views_look_from_where_they_are_told(body):
    sample = turntable_views(body, "full body", [0.0, math.pi / 2, math.pi])
    assert sample.views == ("front", "left side", "back")
    left_hand = project(sample, body.vertices[body.parts["hand.L"]])[..., 0].mean(1)
    assert left_hand[0] > 0.3  # the person's left is on the right of a front view
    assert left_hand[2] < -0.3
