"""Sentences into the phrases that `prompts.compose_prompt` puts together.

The artist's sentence need not follow the grammar: what is understood becomes an asset's phrase,
with every word that stands at its noun; what isn't is kept as it was written.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from album2avatar.assets import AssetKind, Subject
from album2avatar.prior.prompts import AssetPhrase
from album2avatar.prior.vocabulary import COLOR_WORDS, KIND_OF_NOUN, SUBJECT_NOUNS

LONGEST_PHRASE = 60
"""Letters of an asset's name."""

_PICTURE = re.compile(r"^(?:an?\s+|the\s+)?(?:photo|picture|portrait|image)\s+of\s+", re.IGNORECASE)
_JOINT = re.compile(
    r"\s*([,;.]|\b(?:and|with|wearing|wears|dressed in|having|has|in)\b)\s*", re.IGNORECASE
)
_ARTICLE = re.compile(r"^(?:(?:an?|the|his|her|their|some|pair of)\s+)+", re.IGNORECASE)


@dataclass(frozen=True)
class Description:
    """What a sentence says about a person."""

    subject: Subject | None
    """None where the sentence names none."""
    phrases: tuple[AssetPhrase, ...]
    """One a kind at most."""
    rest: str
    """What is no asset, as it was written, such as `smiling`."""

    def without(self, kinds: Collection[AssetKind]) -> "Description":
        """The same, with the phrases of some kinds among the rest."""
        kept = tuple(phrase for phrase in self.phrases if phrase.kind not in kinds)
        others = [phrase for phrase in self.phrases if phrase.kind in kinds]
        words = [p.words if p.kind == "face" else f"with {p.words}" for p in others]
        return Description(self.subject, kept, ", ".join(filter(None, [*words, self.rest])))


@dataclass(frozen=True)
class _Piece:
    """Words between two joints of a sentence."""

    joint: str
    """The word or comma before them; empty at the start."""
    words: str


def parse_description(text: str) -> Description:
    """Read a sentence such as `a woman with long brown hair wearing a red hat, smiling`.

    Words before the subject's noun become a phrase of the kind `face`, which the grammar puts
    there. A second phrase of a kind, and what holds no known noun, is left in the rest.
    """
    pieces = _joined_colors(_pieces(_PICTURE.sub("", " ".join(text.split()))))
    subject, found, pieces = _read_subject(pieces)
    phrases = {phrase.kind: phrase for phrase in found}
    rest: list[str] = []
    last: AssetKind | None = None
    for piece in pieces:
        words = _ARTICLE.sub("", piece.words)
        phrase = _read_phrase(words)
        if last is not None and _goes_on(last, phrase, piece):
            longer = f"{phrases[last].words} {piece.joint} {piece.words}"
            phrases[last] = AssetPhrase(last, longer)
        elif phrase is not None and phrase.kind not in phrases:
            phrases[phrase.kind] = phrase
            last = phrase.kind
        else:
            is_joint = piece.joint not in (",", ";", ".", "and", "")
            rest.append(f"{piece.joint} {piece.words}" if is_joint else piece.words)
            last = None
    return Description(subject, tuple(phrases.values()), ", ".join(rest))


def _pieces(text: str) -> list[_Piece]:
    parts = _JOINT.split(text)
    joints = ["", *parts[1::2]]
    pieces: list[_Piece] = []
    joint = ""
    for following, words in zip(joints, parts[::2], strict=True):
        # Of joints in a row, such as `, wearing`, the word counts.
        joint = following.lower() if following not in (",", "and") or not joint else joint
        if words:
            pieces.append(_Piece(joint, words))
            joint = ""
    return pieces


def _joined_colors(pieces: Sequence[_Piece]) -> list[_Piece]:
    """Put together what an `and` between colours took apart."""
    joined: list[_Piece] = []
    for piece in pieces:
        before = joined[-1] if joined else None
        if before is not None and piece.joint == "and" and _is_color(before.words):
            joined[-1] = _Piece(before.joint, f"{before.words} and {piece.words}")
        else:
            joined.append(piece)
    return joined


def _is_color(words: str) -> bool:
    return set(_ARTICLE.sub("", words).lower().split()) - {"and"} <= COLOR_WORDS


def _read_subject(
    pieces: list[_Piece],
) -> tuple[Subject | None, list[AssetPhrase], list[_Piece]]:
    """The subject, the phrases that stand before its noun, and the pieces after it."""
    for index, piece in enumerate(pieces):
        words = _ARTICLE.sub("", piece.words).split()
        nouns = [place for place, word in enumerate(words) if word.lower() in SUBJECT_NOUNS]
        if not nouns:
            continue
        noun = nouns[0]
        subject = SUBJECT_NOUNS[words[noun].lower()]
        before = [piece.words for piece in pieces[:index]]
        found = _read_adjectives([*" ".join(before).split(), *words[:noun]])
        after = " ".join(words[noun + 1 :])
        left = [_Piece(",", after)] if after else []
        return subject, found, [*left, *pieces[index + 1 :]]
    return None, [], pieces


def _read_adjectives(words: Sequence[str]) -> list[AssetPhrase]:
    others = [word for word in words if word.lower() not in ("bald", "barefoot", "a", "an", "the")]
    lowered = {word.lower() for word in words}
    found: list[AssetPhrase] = []
    if others:
        found.append(AssetPhrase("face", " ".join(others)))
    if "bald" in lowered:
        found.append(AssetPhrase("hair", "bald head"))
    if "barefoot" in lowered:
        found.append(AssetPhrase("shoes", "bare feet"))
    return found


def _read_phrase(words: str) -> AssetPhrase | None:
    """The phrase of a piece: of the kind that its last known noun names."""
    parts = words.lower().split()
    if len(words) > LONGEST_PHRASE:
        return None
    if "beard" in parts:
        return AssetPhrase("face", "bearded")
    for end in range(len(parts), 0, -1):
        for start in (end - 2, end - 1):
            noun = " ".join(parts[max(start, 0) : end])
            if noun in KIND_OF_NOUN:
                return AssetPhrase(KIND_OF_NOUN[noun], words)
    if words.lower() == "barefoot":
        return AssetPhrase("shoes", "bare feet")
    return None


def _goes_on(kind: AssetKind, phrase: AssetPhrase | None, piece: _Piece) -> bool:
    """Whether a piece goes on with the phrase before it: hair in a bun, a shirt in red."""
    if piece.joint != "in":
        return False
    return _is_color(piece.words) or (kind == "hair" and phrase is not None and phrase.kind == kind)
