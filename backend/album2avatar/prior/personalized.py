"""A prior together with what it learned about one person."""

import hashlib
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import replace
from pathlib import Path
from typing import Literal, get_args

import torch
from pydantic import BaseModel, ConfigDict, ValidationError

from album2avatar.assets import Asset, AssetKind, Framing, Subject, View
from album2avatar.devices import frozen_precision
from album2avatar.errors import ModelError
from album2avatar.json_models import write_model
from album2avatar.prior.adapter import load_adapter
from album2avatar.prior.embeddings import TextEmbeddings
from album2avatar.prior.model import Prior, load_prior
from album2avatar.prior.prompt_limit import require_whole_prompt
from album2avatar.prior.prompt_parsing import parse_description
from album2avatar.prior.prompts import AssetPhrase, Style, compose_prompt
from album2avatar.prior.sharing import share_equal_weights
from album2avatar.prior.tiny_encoder import TinyEncoder
from album2avatar.prior.tokens import load_tokens

RECORD_FILE = "personalization.json"
FACE_FOLDER = "face"
"""Below a personalisation's folder: tokens and adapter that learned the face from near."""
TOKENS_FILE = "tokens.safetensors"


class PersonalizationRecord(BaseModel):
    """`personalization.json`: what tokens and adapter belong to."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    subject: Subject
    assets: tuple[Asset, ...]
    prior: str
    """Name of the base prior, for people."""
    prior_hash: str
    """`hash_of_weights` of the base prior."""
    prompts: tuple[str, ...]
    """Examples of prompts that the personalised prior knows."""
    words: str = ""
    """What a description says beside the assets; stands at the end of every prompt."""
    has_face: bool = False
    """Whether `face/` holds tokens and an adapter of its own for close-ups of the head."""


class PersonalizedPrior:
    """The prior, and the sentences that name its person's assets."""

    def __init__(
        self,
        prior: Prior,
        subject: Subject,
        assets: Sequence[Asset],
        addition: str = "",
        face: "PersonalizedPrior | None" = None,
    ) -> None:
        """
        Args:
            assets: that have a token or words.
            addition: the artist's words. What they say of kinds that the person doesn't have
                takes its place in the sentence; the rest stands at its end.
            face: the same person as learned from close-ups of the head, where that was learned
                apart.
        """
        added = parse_description(addition).without({asset.kind for asset in assets})
        self.prior = prior
        self._face = face
        self.addition = added.rest
        self.subject: Subject = subject
        self.assets = (*assets, *(Asset(kind=p.kind, name=p.words) for p in added.phrases))
        self._embeddings: dict[str, TextEmbeddings] = {}
        self._quick: PersonalizedPrior | None = None
        self._quick_share = 0.0

    def with_tiny_encoder(self, tiny: TinyEncoder, share: float) -> "PersonalizedPrior":
        """The same prior, of which a tiny encoder is used for the first `share` of the steps."""
        other = copy(self)
        other._quick, other._quick_share = self._encoding_by(tiny), share
        return other

    def compile(self) -> None:
        """Compile the network that is asked at every step, in place, when it is first used."""
        self.prior.compile()
        if self._face is not None:
            self._face.compile()

    def at(self, progress: float) -> "PersonalizedPrior":
        """The prior that is to be asked at a share of the steps."""
        if self._quick is not None and progress < self._quick_share:
            return self._quick
        return self

    def _encoding_by(self, tiny: TinyEncoder) -> "PersonalizedPrior":
        other = copy(self)
        other.prior = replace(self.prior, tiny_encoder=tiny)
        other._face = None if self._face is None else self._face._encoding_by(tiny)
        return other

    def for_framing(self, framing: Framing | None) -> "PersonalizedPrior":
        """What is to judge a picture with a framing: this prior, or the face's own."""
        if self._face is not None and framing == "head close-up":
            return self._face
        return self

    def prompt(
        self,
        kinds: Iterable[AssetKind] | None,
        view: View | None,
        framing: Framing | None,
        style: Style = "photo",
        background: str | None = None,
    ) -> str:
        """Sentence with the tokens of the assets of the given kinds, and the artist's addition.

        Where `kinds` is None: of all that such a picture can show. A prior whose captions
        tell only what is seen would otherwise move the frame to show the rest.
        """
        wanted = seen_kinds(view, framing) if kinds is None else set(kinds)
        chosen = [asset for asset in self.assets if asset.kind in wanted]
        sentence = token_prompt(self.subject, chosen, view, framing, style, background)
        return f"{sentence}, {self.addition}" if self.addition else sentence

    def embed(self, prompts: Sequence[str]) -> TextEmbeddings:
        """Text embeddings of any prompts; each is computed once.

        Raises:
            ModelError: a token or another clause falls off the end of a prompt.
            SettingsError: the artist's addition does.
        """
        for prompt in prompts:
            if prompt in self._embeddings:
                continue
            require_whole_prompt(self.prior, prompt, asset_names(self.assets), self.addition)
            # One at a time: a row's last bits depend on how many are beside it, and a resumed
            # run meets prompts in another order.
            with torch.no_grad():
                self._embeddings[prompt] = self.prior.encode_prompts([prompt])
        return TextEmbeddings.cat([self._embeddings[prompt] for prompt in prompts])


def token_prompt(
    subject: Subject,
    assets: Iterable[Asset],
    view: View | None,
    framing: Framing | None,
    style: Style = "photo",
    background: str | None = None,
) -> str:
    """Sentence that names assets by their tokens, such as `a <asset0> woman wearing ...`.

    A token stands where the prior has learned to look for a colour: in front of the class
    words, from which shape comes. An asset without a token is named by its own words.
    """
    phrases = [
        AssetPhrase(asset.kind, with_color(asset, asset.token) if asset.token else asset.name)
        for asset in assets
    ]
    return compose_prompt(subject, phrases, view, framing, background, style)


def class_prompt(
    subject: Subject,
    assets: Iterable[Asset],
    view: View | None,
    framing: Framing | None,
    style: Style = "photo",
    background: str | None = None,
) -> str:
    """The same sentence without tokens, which any prior understands."""
    phrases = [AssetPhrase(a.kind, a.name) for a in assets if a.kind != "face"]
    return compose_prompt(subject, phrases, view, framing, background, style)


def with_color(asset: Asset, word: str) -> str:
    """The asset's phrase with a colour word, or a token, where a colour belongs."""
    if asset.kind == "face":
        return word
    if asset.kind == "hair" and "hair" in asset.name:
        return asset.name.replace("hair", f"{word} hair", 1)
    return f"{word} {asset.name}"


def seen_kinds(view: View | None, framing: Framing | None) -> set[AssetKind]:
    """Kinds that a picture with this view and framing can show; all where both are None."""
    kinds = set(get_args(AssetKind))
    if view == "back":
        kinds -= {"face", "glasses"}
    if framing == "lower body":
        kinds -= {"face", "hair", "headwear", "glasses"}
    if framing == "upper body":
        kinds -= {"shoes"}
    if framing == "head close-up":
        kinds -= {"bottom", "shoes", "bag"}
    return kinds


def asset_names(assets: Iterable[Asset]) -> dict[str, str]:
    """Token to what an artist calls the asset; of those that have one."""
    return {asset.token: asset.name for asset in assets if asset.token}


def save_record(folder: Path, record: PersonalizationRecord) -> None:
    """Write `personalization.json`; written last, it says that the folder is whole."""
    write_model(folder / RECORD_FILE, record)


def load_personalized_prior(
    prior_folder: Path,
    personalization_folder: Path,
    device: torch.device | str,
    addition: str = "",
    precision: torch.dtype | None = None,
) -> PersonalizedPrior:
    """Load the base prior and add one album's tokens and adapter to it, in memory.

    They are added in float32, before the networks are brought to their precision. Where no asset
    has a token, no album was learned, and the base prior is left as it is.

    Args:
        addition: the artist's words; see `PersonalizedPrior`.
        precision: of the networks; `frozen_precision` of the device where None.

    Raises:
        ModelError: a file is missing or damaged, or the album was personalised with another
            base prior.
    """
    record = load_record(personalization_folder)
    if hash_of_weights(prior_folder) != record.prior_hash:
        raise ModelError(
            f"{personalization_folder} was personalised with the prior '{record.prior}', whose "
            f"weights are not those in {prior_folder}. Set `prior` to that model, or personalise "
            "the album again."
        )
    precision = precision or frozen_precision(device)
    words = ", ".join(filter(None, [record.words, addition]))
    body = load_prior(prior_folder)
    if asset_names(record.assets):
        _add_learned(body, personalization_folder)
    body.move(device, precision)
    if not record.has_face:
        return PersonalizedPrior(body, record.subject, record.assets, words)
    close_up = load_prior(prior_folder)
    _add_learned(close_up, personalization_folder / FACE_FOLDER)
    close_up.move(device, precision)
    close_up = share_equal_weights(close_up, body)
    face = PersonalizedPrior(close_up, record.subject, record.assets, words)
    return PersonalizedPrior(body, record.subject, record.assets, words, face)


def _add_learned(prior: Prior, folder: Path) -> None:
    load_tokens(folder / TOKENS_FILE, prior)
    load_adapter(folder, prior)


def load_record(folder: Path) -> PersonalizationRecord:
    """Read `personalization.json`.

    Raises:
        ModelError: it is missing or damaged.
    """
    path = folder / RECORD_FILE
    try:
        return PersonalizationRecord.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValidationError) as error:
        raise ModelError(f"{path} is missing or damaged. Personalise the album again.") from error


def hash_of_weights(prior_folder: Path) -> str:
    """SHA-256 over the names and contents of all weight files of a diffusers folder."""
    digest = hashlib.sha256()
    files = [p for p in prior_folder.rglob("*") if p.suffix in (".safetensors", ".bin")]
    for path in sorted(files):
        digest.update(path.relative_to(prior_folder).as_posix().encode())
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return digest.hexdigest()
