"""Who is compared: settings that differ in the method and have everything else in common."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from album2avatar.errors import SettingsError
from album2avatar.guidance.calls import mean_calls
from album2avatar.presets import (
    build_settings,
    load_preset,
    preset_names,
    published_method,
    published_names,
)
from album2avatar.settings import Settings
from album2avatar.settings.guidance import GuidanceSettings

OURS = "ours"
FULL_RATE = 0.1
"""Learning rate of all weights as a share of an adapter's. One person, preset `quick`: the loss of
the album at the end 0.51 at 1, 0.48 at 0.1, 0.49 at 0.03; of class pictures 0.24, 0.20, 0.20."""

ABLATIONS: Mapping[str, Mapping[str, Any]] = {
    "not refined": {"refine": {"source": "none"}},
    "refined in colours alone": {"refine": {"visits": 0}},
    "prior alone": {
        "sculpt": {"start": "body", "silhouette_weight": 0.0},
        "paint": {"photo_weight": 0.0},
        "refine": {"source": "none"},
    },
    "masks unheard": {"sculpt": {"silhouette_weight": 0.0}},
    "from the body": {"sculpt": {"start": "body"}},
    "prior unheard in sculpt": {"sculpt": {"guidance": {"weight": 0.0}}},
    "prior unheard in paint": {"paint": {"guidance": {"weight": 0.0}}},
    "photos unheard in paint": {"paint": {"photo_weight": 0.0}},
    "no regularisers": {
        "sculpt": {
            "laplacian_weight": 0.0,
            "normal_consistency_weight": 0.0,
            "smoothness_weight": 0.0,
            "template_weight": 0.0,
            "inward_weight": 0.0,
        }
    },
    "hash grid": {"sculpt": {"field": "hash grid"}},
    "network": {"sculpt": {"field": "network"}},
    "masks of 256 rows": {"sculpt": {"photo_height": 256}},
    "lattice never refined": {"sculpt": {"refined_share": 0.0}},
    "lattice never given room": {"sculpt": {"recentrings": 0}},
    "camera unsaid": {
        "sculpt": {"guidance": {"prompt_words": "none"}},
        "paint": {"guidance": {"prompt_words": "none"}},
    },
    "one view a step": {
        "sculpt": {"guidance": {"views_per_step": 1}},
        "paint": {"guidance": {"views_per_step": 1}},
    },
    "heads of their own adapter": {"personalization": {"adapters": "body and face"}},
    "second pass": {"personalization": {"second_pass": {"steps": 40}}},
    "refined lattice": {"sculpt": {"refined_share": 0.3}},
    "full fine-tuning": {"personalization": {"method": "full"}},
    "faster colours": {"paint": {"learning_rate": 0.02}},
    "NFSD in paint": {"paint": {"guidance": {"method": "nfsd", "scale": 7.5}}},
    "CSD in paint": {"paint": {"guidance": {"method": "csd"}}},
    # The demo prior reads 64 pieces of words: no room for the published source prompt.
    "bridge in paint": {"paint": {"guidance": {"method": "bridge", "source_prompt": "blurry"}}},
    "rescaled guidance": {"paint": {"guidance": {"rescale": 0.7}}},
    "noise that doesn't fall": {
        "sculpt": {"guidance": {"highest_timestep_last": 0.8}},
        "paint": {"guidance": {"highest_timestep_last": 0.98}},
    },
    "no close-ups": {
        "sculpt": {"guidance": {"head_share": 0.0}},
        "paint": {"guidance": {"head_share": 0.0}},
    },
    "close-ups of hands and garments": {
        "sculpt": {"guidance": {"hands_share": 0.1, "garments_share": 0.2}},
        "paint": {"guidance": {"hands_share": 0.1, "garments_share": 0.2}},
    },
    "led by the body": {
        "sculpt": {"guidance": {"conditioner": "demo-conditioner"}},
        "paint": {"guidance": {"conditioner": "demo-conditioner"}},
    },
    "rising resolution": {
        "sculpt": {"guidance": {"resolution": ((0.0, 0.5), (0.5, 1.0))}},
        "paint": {"guidance": {"resolution": ((0.0, 0.5), (0.5, 1.0))}},
    },
}
"""What is taken away from, or changed in, our own settings. After "ours" follow one or more of
these names, each behind a comma."""


@dataclass(frozen=True)
class Budget:
    """What all contenders have in common.

    Raises:
        SettingsError: the scale is no preset, or that of a published method, which would be
            everybody's then.
    """

    scale: str
    """Preset that gives models, resolutions, learning rates and the steps of personalisation."""
    sculpt_calls: int
    """Pictures that the prior judges while shape is found."""
    paint_calls: int
    """Pictures that it judges while colours are."""

    def __post_init__(self) -> None:
        scales = [name for name in preset_names() if name not in published_names()]
        if self.scale not in scales:
            known = ", ".join(scales)
            raise SettingsError(f"'{self.scale}' is no scale. Choose one of: {known}.")


def contender_names() -> tuple[str, ...]:
    """All that `contender_settings` knows, but for ours with more than one change."""
    return (OURS, f"{OURS}/4", *published_names(), *(f"{OURS}, {name}" for name in ABLATIONS))


def is_ablation(name: str) -> bool:
    """Whether a contender is ours with something changed: nothing of that touches swaps."""
    return is_change_of(name, OURS)


def is_change_of(name: str, base: str) -> bool:
    """Whether a contender is another one with more changed."""
    return name.startswith(f"{base}, ")


def check_contenders(names: Sequence[str]) -> list[str]:
    """The names, each known and once.

    Raises:
        SettingsError: one is unknown or twice there.
    """
    for name in names:
        if not _is_known(name):
            known = "; ".join(contender_names())
            raise SettingsError(f"Nobody is called '{name}'. Choose of: {known}.")
    if len(set(names)) < len(names):
        raise SettingsError(f"A contender stands twice in '{'; '.join(names)}'. Name each once.")
    return list(names)


def contender_settings(name: str, budget: Budget, own: Mapping[str, Any]) -> Settings:
    """Settings of a contender.

    Args:
        name: one that `check_contenders` lets pass.
        own: differences that every run makes, such as its album's masks and its seed.
    """
    calls = (budget.sculpt_calls, budget.paint_calls)
    if name == f"{OURS}/4":
        name, calls = OURS, (calls[0] // 4, calls[1] // 4)
    settings = build_settings([load_preset(budget.scale), *_differences(name), own])
    if settings.personalization.method == "full":
        rate = FULL_RATE * settings.personalization.adapter_learning_rate
        changed = {"personalization": {"adapter_learning_rate": rate}}
        settings = build_settings([settings.model_dump(), changed])
    steps = {
        section: {"steps": _steps(guidance, count)}
        for section, guidance, count in (
            ("sculpt", settings.sculpt.guidance, calls[0]),
            ("paint", settings.paint.guidance, calls[1]),
        )
    }
    return build_settings([settings.model_dump(), steps])


def _differences(name: str) -> list[Mapping[str, Any]]:
    if name == OURS:
        return []
    if name in published_names():
        return [published_method(name)]
    return [ABLATIONS[change] for change in _changes(name)]


def _is_known(name: str) -> bool:
    changes_ours = is_ablation(name) and set(_changes(name)) <= set(ABLATIONS)
    return changes_ours or name in contender_names()


def _changes(name: str) -> list[str]:
    """What is changed in ours."""
    return name.split(", ")[1:]


def _steps(guidance: GuidanceSettings, calls: int) -> int:
    """Steps in which the prior is expected to judge as many pictures as wanted, and not more."""
    return max(1, int(calls / (mean_calls(guidance, calls) * guidance.views_per_step)))
