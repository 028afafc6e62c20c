"""Synthetic people stand as the album's person does, and are told as they are."""

from collections import Counter

import pytest
import torch

from album2avatar.assets import PIXEL_CLASSES, Framing, View
from album2avatar.personalization.pictures import (
    TrainingPictures,
    cut_asset_close_ups,
    cut_pictures,
    encode_pictures,
)
from album2avatar.personalization.stage import load_photos
from album2avatar.personalization.synthetic_priors import (
    album_shots,
    render_synthetic_pictures,
)
from album2avatar.synthetic.portraits import take_portraits


def album_of(shots: list[tuple[View, Framing | None]]) -> TrainingPictures:
    """Training pictures of which only views and framings matter."""
    return TrainingPictures(
        latents=torch.empty(0),
        masks=torch.empty(0),
        backgrounds=torch.empty(0),
        visible=tuple((0,) for _ in shots),
        views=tuple(view for view, _ in shots),
        framings=tuple(framing for _, framing in shots),
        background_words=tuple(None for _ in shots),
    )


def test_views_and_framings_come_as_often_as_in_the_album():
    album = album_of(
        [("front", "full body")] * 6 + [("back", "upper body")] * 3 + [("front", None)] * 5
    )
    drawn = Counter(album_shots(album, 3000, seed=0))
    assert set(drawn) == {("front", "full body"), ("back", "upper body")}
    assert drawn["front", "full body"] / 3000 == pytest.approx(6 / 9, abs=0.03)


def test_a_portrait_shows_the_side_that_was_wanted():
    """Told by the rendered labels: faces and toes are seen where they must be."""
    wanted: list[tuple[View, Framing]] = [
        ("front", "head close-up"), ("back", "head close-up"), ("left side", "lower body"),
    ] * 4  # fmt: skip
    portraits = list(take_portraits(wanted, 32, seed=1))
    assert [(p.view, p.framing) for p in portraits] == wanted
    face = PIXEL_CLASSES.index("face")
    shares = [float((p.picture.labels == face).mean()) for p in portraits]
    assert min(shares[0::3]) > 0.04
    assert max(shares[1::3]) < min(shares[0::3])
    assert max(shares[2::3]) == 0.0
    assert len({p.person.seed for p in portraits}) == 6  # two pictures of each person


def test_the_same_seed_renders_the_same_pictures_under_the_same_words(prior):
    shots: list[tuple[View, Framing]] = [("front", "full body"), ("back", "upper body")] * 2
    first, again = (render_synthetic_pictures(prior, shots, 5, lambda: None) for _ in range(2))
    other = render_synthetic_pictures(prior, shots, 6, lambda: None)
    assert torch.equal(first.photos, again.photos)
    assert torch.equal(first.normals, again.normals)
    assert first.photo_prompts == again.photo_prompts
    assert not torch.equal(first.photos, other.photos)
    for (view, framing), photo, normal in zip(
        shots, first.photo_prompts, first.normal_prompts, strict=True
    ):
        assert photo.startswith("a photo of a ")
        assert normal.startswith("a normal map of a ")
        assert f", {view} view, {framing}" in photo
        assert normal.endswith(f", {view} view, {framing}")
        assert "<asset" not in photo + normal
        for prompt in (photo, normal):
            prior.check_prompt_length(prompt)


def test_close_ups_of_assets_have_no_framing_word_and_show_their_asset(prior, workspace, table):
    photos = load_photos(workspace, table)
    close_ups = cut_asset_close_ups(photos, 4, prior.image_size, plain_copies=0, seed=0)
    assert len(close_ups) == 4 + 3  # the second photo shows no trousers
    assert {picture.framing for picture in close_ups} == {None}
    frames = cut_pictures(photos, 4, prior.image_size, plain_copies=0, seed=0)
    for number in range(4):
        larger = close_ups[number].coverage[number].mean()
        assert larger > frames[0].coverage[number].mean()
    pictures = encode_pictures(prior, frames + close_ups, lambda: None)
    assert pictures.frame_count == len(frames)
    assert len(pictures.shots()) == len(frames)
