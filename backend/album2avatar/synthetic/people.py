"""Who a synthetic person is: body, hair and outfit, drawn from a seed."""

from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np

from album2avatar.assets import Subject
from album2avatar.seeding import numpy_generator
from album2avatar.synthetic.palette import CLOTH_COLORS, DENIM_COLORS, EYE_COLORS

Pattern = Literal["plain", "striped", "pinstriped", "checked", "dotted"]
PATTERNS: tuple[Pattern, ...] = ("plain", "striped", "pinstriped", "checked", "dotted")
HairStyle = Literal["short", "long", "bun", "bald"]
Glasses = Literal["none", "glasses", "sunglasses"]
T = TypeVar("T")


@dataclass(frozen=True)
class Garment:
    """One piece of clothing."""

    name: str
    color: str
    pattern: Pattern = "plain"
    second_color: str = ""
    """The other colour of a pattern; empty where plain."""


@dataclass(frozen=True)
class Person:
    """Everything that decides how a person looks, apart from pose, camera and light."""

    seed: int
    subject: Subject
    phenotype: dict[str, float]
    """Anny's phenotype values, 0..1."""
    skin: str
    hair: HairStyle
    hair_color: str
    hair_length: float
    """0..1, how far long hair falls."""
    beard: bool
    eye_color: tuple[int, int, int]
    top: Garment | None
    """None under a dress."""
    outerwear: Garment | None
    dress: Garment | None
    bottom: Garment | None
    """None under a dress."""
    shoes: Garment | None
    """None when barefoot."""
    headwear: Garment | None
    glasses: Glasses
    looseness: float
    """0..1, how far cloth stands off the body."""
    hem: float
    """-1..1, how far hems reach up from where they usually end."""
    color_shift: tuple[float, ...]
    """Eight small shifts, so that one colour word means a range of colours."""
    gaze: tuple[float, float]
    """Radians to the person's left and up."""


def sample_person(seed: int) -> Person:
    """Draw a person. The same seed is the same person."""
    draw = _Draws(numpy_generator(seed, "synthetic", "person"))
    is_man = draw.chance(0.5)
    outfit = _sample_outfit(draw, is_man)
    return Person(
        seed=seed,
        subject="man" if is_man else "woman",
        phenotype={
            "gender": draw.between(0.0, 0.12) if is_man else draw.between(0.88, 1.0),
            "age": draw.between(0.6, 0.88),
            "muscle": draw.between(0.3, 0.7),
            "weight": draw.between(0.25, 0.72),
            "height": draw.between(0.32, 0.58),
            "proportions": draw.between(0.35, 0.75),
        },
        skin=draw.one_of({"light": 0.38, "tan": 0.25, "brown": 0.2, "dark": 0.17}),
        hair=_sample_hair(draw, is_man),
        hair_color=draw.one_of(
            {"black": 0.25, "brown": 0.26, "blonde": 0.2, "red": 0.11, "grey": 0.1, "white": 0.08}
        ),
        hair_length=draw.between(0.0, 1.0),
        beard=is_man and draw.chance(0.3),
        eye_color=draw.any_of(EYE_COLORS),
        top=outfit.get("top"),
        outerwear=outfit.get("outerwear"),
        dress=outfit.get("dress"),
        bottom=outfit.get("bottom"),
        shoes=_sample_shoes(draw),
        headwear=_sample_headwear(draw),
        glasses=_sample_glasses(draw),
        looseness=draw.between(0.0, 1.0),
        hem=draw.between(-1.0, 1.0),
        color_shift=tuple(draw.between(-1.0, 1.0) for _ in range(8)),
        gaze=(draw.between(-0.2, 0.2), draw.between(-0.1, 0.1)),
    )


class _Draws:
    """Random choices in the words of this module."""

    def __init__(self, generator: np.random.Generator) -> None:
        self._generator = generator

    def one_of(self, shares: dict[T, float]) -> T:
        """Pick a key in proportion to its share."""
        weights = np.array(list(shares.values()))
        return list(shares)[int(self._generator.choice(len(weights), p=weights / weights.sum()))]

    def any_of(self, values: tuple[T, ...]) -> T:
        return values[int(self._generator.integers(len(values)))]

    def between(self, low: float, high: float) -> float:
        return float(self._generator.uniform(low, high))

    def chance(self, probability: float) -> bool:
        return bool(self._generator.random() < probability)


def _sample_hair(draw: _Draws, is_man: bool) -> HairStyle:
    shares: dict[HairStyle, float] = (
        {"short": 0.74, "long": 0.08, "bun": 0.04, "bald": 0.14}
        if is_man
        else {"short": 0.2, "long": 0.58, "bun": 0.2, "bald": 0.02}
    )
    return draw.one_of(shares)


def _sample_outfit(draw: _Draws, is_man: bool) -> dict[str, Garment]:
    if not is_man and draw.chance(0.2):
        return {"dress": _patterned(draw, "dress", plain_share=0.5)}
    outfit = {"bottom": _sample_bottom(draw, is_man)}
    if draw.chance(0.28):
        name = draw.one_of({"jacket": 0.62, "coat": 0.38})
        outfit["outerwear"] = _patterned(draw, name, plain_share=0.75)
        inner = draw.one_of({"t-shirt": 0.75, "sweater": 0.25})
        outfit["top"] = Garment(inner, draw.any_of(tuple(CLOTH_COLORS)))
    else:
        name = draw.one_of({"t-shirt": 0.36, "sweater": 0.28, "shirt": 0.24, "tank top": 0.12})
        outfit["top"] = _patterned(draw, name, plain_share=0.5)
    return outfit


def _sample_bottom(draw: _Draws, is_man: bool) -> Garment:
    shares = (
        {"trousers": 0.45, "jeans": 0.28, "shorts": 0.27}
        if is_man
        else {"trousers": 0.32, "jeans": 0.2, "shorts": 0.18, "skirt": 0.3}
    )
    name = draw.one_of(shares)
    if name == "jeans":
        return Garment(name, draw.any_of(tuple(DENIM_COLORS)))
    return _patterned(draw, name, plain_share=0.75)


def _sample_shoes(draw: _Draws) -> Garment | None:
    name = draw.one_of({"shoes": 0.36, "sneakers": 0.34, "boots": 0.24, "barefoot": 0.06})
    return None if name == "barefoot" else Garment(name, draw.any_of(tuple(CLOTH_COLORS)))


def _sample_headwear(draw: _Draws) -> Garment | None:
    name = draw.one_of({"none": 0.73, "beanie": 0.1, "cap": 0.09, "hat": 0.08})
    return None if name == "none" else Garment(name, draw.any_of(tuple(CLOTH_COLORS)))


def _sample_glasses(draw: _Draws) -> Glasses:
    shares: dict[Glasses, float] = {"none": 0.8, "glasses": 0.13, "sunglasses": 0.07}
    return draw.one_of(shares)


def _patterned(draw: _Draws, name: str, plain_share: float) -> Garment:
    """Draw colour and pattern; what isn't plain is shared out among the patterns."""
    color = draw.any_of(tuple(CLOTH_COLORS))
    if draw.chance(plain_share):
        return Garment(name, color)
    shares: dict[Pattern, float] = {"striped": 0.4, "checked": 0.25, "dotted": 0.2}
    shares["pinstriped"] = 0.15
    others = tuple(word for word in CLOTH_COLORS if word != color)
    return Garment(name, color, draw.one_of(shares), draw.any_of(others))
