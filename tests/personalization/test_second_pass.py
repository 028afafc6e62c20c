"""Pictures over a turning body: planned all around, led by the body, and always the same."""

import itertools
import math

import pytest
import torch
from diffusers import ControlNetModel

from album2avatar.assets import VIEWS, view_of_azimuth
from album2avatar.errors import CancelledError, ModelError
from album2avatar.personalization.second_pass import (
    SecondPass,
    draw_body,
    paint_pictures,
    plan_pictures,
    prepare_second_pass,
    restored_pictures,
)
from album2avatar.prior.conditioner import Conditioner
from album2avatar.prior.tokens import add_tokens
from album2avatar.settings import PersonalizationSettings
from album2avatar.settings.second_pass import SecondPassSettings
from album2avatar.training.publishing import save_network
from toy_person import egg, egg_body


@pytest.fixture
def plan(table):
    return plan_pictures(table.subject, table.assets, 8, seed=3)


@pytest.fixture
def conditioner(prior) -> Conditioner:
    """It says something, whatever that is."""
    torch.manual_seed(0)
    network = ControlNetModel.from_unet(prior.unet, conditioning_embedding_out_channels=(8, 16))
    with torch.no_grad():
        for parameter in network.parameters():
            if not parameter.any():
                parameter.normal_(0, 0.3)
    return Conditioner(network)


def test_pictures_are_spread_evenly_around(plan):
    azimuths = [picture.azimuth for picture in plan]
    gaps = [after - before for before, after in itertools.pairwise(azimuths)]
    assert gaps == pytest.approx([math.pi / 4] * 7)
    assert {picture.view for picture in plan} == set(VIEWS)
    assert all(p.view == view_of_azimuth(math.degrees(p.azimuth)) for p in plan)


def test_prompts_name_what_a_view_shows(plan):
    for picture in plan:
        assert f"{picture.view} view, {picture.framing}, " in picture.prompt
        assert ("<asset0>" in picture.prompt) == (
            picture.view != "back" and picture.framing != "lower body"
        )
        assert "<asset3>" in picture.prompt  # trousers
        assert picture.prompt.endswith(" background")


def test_heads_are_left_to_the_photos(plan):
    assert {picture.framing for picture in plan} == {"full body", "upper body", "lower body"}


def test_another_seed_has_other_backgrounds(table, plan):
    assert plan == plan_pictures(table.subject, table.assets, 8, seed=3)
    others = plan_pictures(table.subject, table.assets, 8, seed=4)
    assert [p.azimuth for p in others] == [p.azimuth for p in plan]
    assert [p.prompt for p in others] != [p.prompt for p in plan]


def test_the_body_is_drawn_from_the_view_that_is_named(prior, table, conditioner, tmp_path):
    """An upright woman in the A-pose; what faces the camera is blue."""
    save_network(conditioner.network, tmp_path / "conditioner")
    settings = SecondPassSettings(conditioner=str(tmp_path / "conditioner"), pictures=4)
    second_pass = prepare_second_pass(prior, table, settings, seed=0)
    assert second_pass.plan == plan_pictures(table.subject, table.assets, 4, seed=0)
    for picture in second_pass.plan:
        (drawn,) = draw_body(second_pass.body, picture, 64)
        body = (drawn - 0.5).abs().amax(-1) > 0.05
        assert drawn.shape == (64, 64, 3)
        assert drawn[body][:, 2].mean() > 0.7
        if picture.framing == "full body":
            assert picture.view in ("front", "back")
            assert 50 <= int(body.any(1).sum()) <= 62  # rows
            assert 20 <= int(body.any(0).sum()) <= 62  # columns
            left, right = body[:, :32].sum(), body[:, 32:].sum()
            assert float(left) == pytest.approx(float(right), rel=0.1)


def test_a_conditioner_that_is_missing_is_said(prior, table):
    settings = SecondPassSettings(conditioner="nobody-has-this")
    with pytest.raises(ModelError, match="'nobody-has-this' was not found"):
        prepare_second_pass(prior, table, settings, seed=0)


def paint(prior, table, second_pass: SecondPass, own: PersonalizationSettings) -> torch.Tensor:
    if "<asset0>" not in prior.tokenizer.get_vocab():
        add_tokens(prior, {asset.token: "red" for asset in table.assets})
    return paint_pictures(prior, second_pass, own, 7, lambda: None).latents


def test_what_is_painted_follows_the_body_and_is_the_same_every_time(
    prior, table, plan, conditioner, settings
):
    own = settings.personalization
    second_pass = SecondPass(conditioner, egg_body(egg(2)), plan[:3])
    once, again = (paint(prior, table, second_pass, own) for _ in range(2))
    assert once.shape == (3, 4, 8, 8)
    assert torch.equal(once, again)
    thin = egg_body(egg(2))
    thin.vertices[:, :2] *= 0.4
    assert not torch.equal(once, paint(prior, table, SecondPass(conditioner, thin, plan[:3]), own))


def test_each_picture_has_draws_of_its_own(prior, table, plan, conditioner, settings):
    own, body = settings.personalization, egg_body(egg(2))
    few, more = (paint(prior, table, SecondPass(conditioner, body, plan[:n]), own) for n in (1, 2))
    assert torch.equal(few[0], more[0])
    assert not torch.equal(more[0], more[1])


def test_restored_pictures_have_their_prompts(plan, conditioner):
    second_pass = SecondPass(conditioner, egg_body(egg(2)), plan)
    restored = restored_pictures(second_pass, torch.zeros(8, 4, 8, 8))
    assert restored.prompts == tuple(picture.prompt for picture in plan)


def test_painting_stops_between_two_pictures(prior, plan, conditioner, settings):
    def cancel() -> None:
        raise CancelledError("stopped")

    second_pass = SecondPass(conditioner, egg_body(egg(2)), plan)
    with pytest.raises(CancelledError):
        paint_pictures(prior, second_pass, settings.personalization, 0, cancel)
