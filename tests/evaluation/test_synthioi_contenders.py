"""Contenders differ in the method alone, and ask the prior equally often."""

import pytest

from album2avatar.errors import SettingsError
from album2avatar.evaluation.synthioi.contenders import (
    ABLATIONS,
    OURS,
    Budget,
    check_contenders,
    contender_names,
    contender_settings,
)
from album2avatar.guidance.calls import mean_calls
from album2avatar.presets import published_description, published_names
from album2avatar.settings import Settings

BUDGET = Budget("quick", 480, 960)


def calls(settings: Settings) -> list[float]:
    parts = ((settings.sculpt.steps, settings.sculpt.guidance),
             (settings.paint.steps, settings.paint.guidance))  # fmt: skip
    return [steps * own.views_per_step * mean_calls(own, steps) for steps, own in parts]


@pytest.mark.parametrize("name", contender_names())
def test_every_contender_has_the_same_models_and_calls(name: str):
    ours = contender_settings(OURS, BUDGET, {})
    other = contender_settings(name, BUDGET, {})
    share = 4 if name == f"{OURS}/4" else 1
    wanted = [BUDGET.sculpt_calls // share, BUDGET.paint_calls // share]
    for count, most in zip(calls(other), wanted, strict=True):
        assert most - 16 < count < most + 1
    assert other.prior == ours.prior
    assert other.paint.texture_size == ours.paint.texture_size
    assert other.sculpt.lattice_cells == ours.sculpt.lattice_cells
    assert other.personalization.adapter_steps == ours.personalization.adapter_steps
    assert other.fitting == ours.fitting


@pytest.mark.parametrize("name", published_names())
def test_a_published_method_holds_no_photo_against_the_painted_avatar(name: str):
    """And says where its settings come from and in what it differs."""
    settings = contender_settings(name, BUDGET, {})
    assert settings.refine.source == "none"
    assert settings.sculpt.start == "body"
    described = published_description(name)
    assert described.sources
    assert described.differs


@pytest.mark.parametrize("name", ABLATIONS)
def test_every_ablation_changes_something(name: str):
    ablated = contender_settings(f"{OURS}, {name}", BUDGET, {})
    assert ablated != contender_settings(OURS, BUDGET, {})


def test_heads_of_their_own_adapter_learn_one():
    own = contender_settings(f"{OURS}, heads of their own adapter", BUDGET, {})
    assert own.personalization.adapters == "body and face"
    ours = contender_settings(OURS, BUDGET, {}).personalization
    assert own.personalization.model_copy(update={"adapters": ours.adapters}) == ours


def test_changes_add_up_and_the_last_one_has_its_way():
    base = f"{OURS}, prior alone"
    both = contender_settings(f"{base}, network, hash grid", BUDGET, {})
    alone, grid = (contender_settings(name, BUDGET, {}) for name in (base, f"{OURS}, hash grid"))
    assert both.sculpt.field == grid.sculpt.field != alone.sculpt.field
    assert both.refine == alone.refine != grid.refine
    assert check_contenders([base, f"{base}, hash grid"])
    with pytest.raises(SettingsError, match="prior alone, tech"):
        check_contenders([f"{base}, tech"])


@pytest.mark.parametrize("scale", ["quik", "tech"])
def test_a_scale_that_is_none_is_refused(scale: str):
    with pytest.raises(SettingsError, match=f"'{scale}'.*quick"):
        Budget(scale, 480, 960)


@pytest.mark.parametrize("names", [["ours", "theirs"], ["hash grid"], ["ours", "tech", "ours"]])
def test_unknown_and_repeated_names_are_refused(names: list[str]):
    with pytest.raises(SettingsError, match=r"theirs|hash grid|twice"):
        check_contenders(names)
