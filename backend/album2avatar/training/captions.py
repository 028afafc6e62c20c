"""Captions as varied as the sentences that the prior will be asked for.

A caption comes from `compose_prompt`, the grammar of every later prompt, with clauses left
out, synonyms, other orders, and unknown words where a learned token will stand.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np

from album2avatar.assets import AssetKind, Framing, Subject, View
from album2avatar.prior.prompts import AssetPhrase, Style, compose_prompt
from album2avatar.training.phrases import bare_name

SYNONYMS: dict[str, tuple[str, ...]] = {
    "t-shirt": ("tee",),
    "sweater": ("pullover", "jumper"),
    "trousers": ("pants",),
    "sneakers": ("trainers",),
    "glasses": ("eyeglasses", "spectacles"),
    "sunglasses": ("shades",),
    "grey": ("gray",),
    "blonde": ("blond", "golden"),
    "checked": ("plaid", "checkered"),
    "dotted": ("spotted",),
    "purple": ("violet",),
    "beige": ("cream",),
    "teal": ("turquoise",),
}
FILLERS: tuple[str, ...] = (
    "asset", "token", "piece", "special", "certain", "nice", "casual", "formal", "cotton",
    "linen", "denim", "wool", "leather", "silk", "knitted", "slim", "loose", "tight",
    "fitted", "modern", "vintage", "plain", "simple", "elegant", "stylish", "soft", "warm",
    "light", "heavy", "new", "old", "young", "tall", "smiling", "standing", "favourite",
    "usual", "same", "own", "his", "her", "their", "this", "that", "one",
    "two", "zero", "three", "left", "right", "upper", "lower", "inner", "outer",
    "pocket", "collar", "button", "sleeve", "belt", "bag", "scarf", "necklace", "earrings",
    "watch", "tie", "hoodie", "blouse", "vest", "cardigan", "blazer", "leggings", "sandals",
    "heels", "loafers", "wavy", "curly", "straight", "ponytail", "braid", "moustache", "maroon",
    "olive", "gold", "silver", "lavender", "crimson", "navy-blue", "bright", "pale", "dark",
    "deep", "faded", "printed", "floral", "logo", "texture", "fabric", "garment", "outfit",
    "clothes", "look", "style", "detailed", "studio", "portrait",
)  # fmt: skip
"""Words without a picture of their own: a new token must not look out of place among them."""

_KEEP_PHRASE = 0.8
_KEEP_CLAUSE = 0.85
_SYNONYM = 0.12
_PLAIN_SENTENCE = 0.3
"""Share of captions that name everything, as prompts for the whole person do."""
_TOKEN_PHRASE = 0.08
"""Share of phrases whose colours and pattern make way for an unknown word (`a zara t-shirt`)."""
_STRAY_WORD = 0.06
_OTHER_ORDER = 0.15
_UNGENDERED = 0.08


@dataclass(frozen=True)
class Scene:
    """What one picture shows, in words."""

    subject: Subject
    phrases: tuple[AssetPhrase, ...]
    view: View
    framing: Framing
    background: str | None
    """Colour word; None where the background is busy."""
    style: Style = "photo"


@dataclass(frozen=True)
class Caption:
    """A sentence, and the part of the scene that it really tells."""

    text: str
    told: "PartialScene"


@dataclass(frozen=True)
class PartialScene:
    """What a caption tells: absent phrases are missing, other clauses None."""

    subject: Subject
    phrases: tuple[AssetPhrase, ...]
    view: View | None
    framing: Framing | None
    background: str | None
    style: Style


def scene_of_record(record: Mapping[str, Any], style: Style) -> Scene:
    """Read one line of a data set's `records.jsonl`."""
    phrases = cast(Mapping[AssetKind, str], record["phrases"])
    return Scene(
        subject=record["subject"],
        phrases=tuple(AssetPhrase(kind, words) for kind, words in phrases.items()),
        view=record["view"],
        framing=record["framing"],
        background=record["background"],
        style=style,
    )


def write_caption(scene: Scene, generator: np.random.Generator) -> Caption:
    """Describe a scene as one of many people would, and say what was told."""
    told = _choose(scene, generator)
    shown = [_with_token(phrase, generator) for phrase in told.phrases]
    told = replace(told, phrases=tuple(bare for bare, _ in shown))
    worded = [phrase for _, phrase in shown]
    if generator.random() < _TOKEN_PHRASE:
        worded.append(AssetPhrase("face", _filler(generator)))
    text = _compose(replace(told, phrases=tuple(worded)), generator)
    text = _replace_words(text, generator)
    if generator.random() < _STRAY_WORD:
        words = text.split(" ")
        words.insert(int(generator.integers(1, len(words) + 1)), _filler(generator))
        text = " ".join(words)
    return Caption(text, told)


def _choose(scene: Scene, generator: np.random.Generator) -> PartialScene:
    """Decide which clauses are told; a normal map has no background to tell."""
    keeps_all = generator.random() < _PLAIN_SENTENCE

    def kept(share: float) -> bool:
        return keeps_all or bool(generator.random() < share)

    phrases = tuple(phrase for phrase in scene.phrases if kept(_KEEP_PHRASE))
    is_photo = scene.style == "photo"
    return PartialScene(
        subject="person" if generator.random() < _UNGENDERED else scene.subject,
        phrases=phrases,
        view=scene.view if kept(_KEEP_CLAUSE) else None,
        framing=scene.framing if kept(_KEEP_CLAUSE) else None,
        background=scene.background if is_photo and kept(_KEEP_CLAUSE) else None,
        style=scene.style,
    )


def _with_token(
    phrase: AssetPhrase, generator: np.random.Generator
) -> tuple[AssetPhrase, AssetPhrase]:
    """What a phrase tells, and how it is worded: sometimes with an unknown word, or the class
    word once more, in the place of colours and pattern."""
    if generator.random() >= _TOKEN_PHRASE or phrase.kind == "face":
        return phrase, phrase
    name = bare_name(phrase)
    word = name.split(" ")[-1] if generator.random() < 0.3 else _filler(generator)
    return AssetPhrase(phrase.kind, name), AssetPhrase(phrase.kind, f"{word} {name}")


def _compose(told: PartialScene, generator: np.random.Generator) -> str:
    """Compose the sentence, sometimes with the last clauses in another order."""
    subject = told.subject
    if generator.random() >= _OTHER_ORDER:
        return compose_prompt(
            subject, told.phrases, told.view, told.framing, told.background, told.style
        )
    sentence = compose_prompt(subject, told.phrases, style=told.style)
    tails = [
        compose_prompt(subject, (), view=told.view) if told.view else "",
        compose_prompt(subject, (), framing=told.framing) if told.framing else "",
        compose_prompt(subject, (), background=told.background) if told.background else "",
    ]
    clauses = [tail.split(", ", 1)[1] for tail in tails if tail]
    return ", ".join([sentence, *(clauses[i] for i in generator.permutation(len(clauses)))])


def _replace_words(text: str, generator: np.random.Generator) -> str:
    return " ".join(_synonym(word, generator) for word in text.split(" "))


def _synonym(word: str, generator: np.random.Generator) -> str:
    bare = word.rstrip(",")
    if bare not in SYNONYMS or generator.random() >= _SYNONYM:
        return word
    choices = SYNONYMS[bare]
    return choices[int(generator.integers(len(choices)))] + word[len(bare) :]


def _filler(generator: np.random.Generator) -> str:
    return FILLERS[int(generator.integers(len(FILLERS)))]


def corpus_words() -> list[str]:
    """Words that captions may hold rarely but the tokenizer should know whole."""
    return [*FILLERS, *SYNONYMS, *(word for words in SYNONYMS.values() for word in words)]
