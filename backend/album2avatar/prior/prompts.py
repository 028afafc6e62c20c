"""One grammar for every sentence that the prior reads.

The demo prior was trained on captions of this form; real text encoders read it as plain
English. Personalisation and guidance build their prompts here too, so that a token always
stands where the prior has learned to look for its kind.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from album2avatar.assets import AssetKind, Framing, Subject, View

Style = Literal["photo", "normal map"]

_FEATURE_KINDS: tuple[AssetKind, ...] = ("skin", "hair", "glasses")
_ITEM_KINDS: tuple[AssetKind, ...] = (
    "headwear",
    "top",
    "dress",
    "outerwear",
    "bottom",
    "shoes",
    "bag",
)
_WITHOUT_ARTICLE = ("shoes", "trousers", "jeans", "shorts", "boots", "sneakers", "feet", "pants")


@dataclass(frozen=True)
class AssetPhrase:
    """One asset as the prompt names it, for example `red striped t-shirt`."""

    kind: AssetKind
    words: str


def compose_prompt(
    subject: Subject,
    phrases: Sequence[AssetPhrase],
    view: View | None = None,
    framing: Framing | None = None,
    background: str | None = None,
    style: Style = "photo",
) -> str:
    """Write the sentence that describes a picture of a person.

    Args:
        subject: the person's class word.
        phrases: what is seen, in any order. The words of kind `face` stand before the
            subject (`a <asset0> woman`), as an adjective of the whole person.
        view, framing, background: left out where None.
        style: `photo` for a colour picture, `normal map` for a rendering of normals.

    Returns:
        For example `a photo of a woman with light skin and long brown hair wearing a red
        t-shirt, blue trousers and white shoes, front view, full body, grey background`.
    """
    face = " ".join(phrase.words for phrase in phrases if phrase.kind == "face")
    features = [p.words for kind in _FEATURE_KINDS for p in phrases if p.kind == kind]
    items = [_with_article(p.words) for kind in _ITEM_KINDS for p in phrases if p.kind == kind]
    sentence = f"a {style} of " + _with_article(f"{face} {subject}".strip())
    if features:
        sentence += " with " + _enumerate(features)
    if items:
        sentence += " wearing " + _enumerate(items)
    if view is not None:
        sentence += f", {view} view"
    if framing is not None:
        sentence += f", {framing}"
    if background is not None:
        sentence += f", {background} background"
    return sentence


def _enumerate(words: Sequence[str]) -> str:
    if len(words) == 1:
        return words[0]
    return ", ".join(words[:-1]) + " and " + words[-1]


def _with_article(words: str) -> str:
    if words.endswith(_WITHOUT_ARTICLE):
        return words
    return ("an " if words[0] in "aeiou" else "a ") + words
