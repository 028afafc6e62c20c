"""One piece of the wardrobe: what `entry.json` says about a learned token."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationError, model_validator

from album2avatar.assets import AssetKind, Subject
from album2avatar.errors import WardrobeError
from album2avatar.settings.base import Frozen
from album2avatar.wardrobe.lines import one_line

ENTRY_FILE = "entry.json"
TOKEN_FILE = "token.safetensors"
"""The token's embedding, as `prior.tokens.save_tokens` writes it for one word."""
ADAPTER_FILE = "adapter.safetensors"
ADAPTER_CONFIG_FILE = "adapter.json"
THUMBNAIL_FILE = "thumbnail.png"
PATTERN_FILE = "pattern.safetensors"
"""The piece's shape and colours on a body; not every entry has one."""

REQUIRED_FILES = (TOKEN_FILE, ADAPTER_FILE, ADAPTER_CONFIG_FILE, THUMBNAIL_FILE)
KNOWN_FILES = (*REQUIRED_FILES, PATTERN_FILE)

ID_PATTERN = r"^w[0-9a-f]{12}$"
MAX_ENTRY_BYTES = 64 * 1024
"""Of an `entry.json`; one that the wardrobe wrote has less than 2 KiB."""


def _one_line(text: str) -> str:
    if not text.isprintable() or text != " ".join(text.split()):
        raise ValueError("must be one line of printable text without spaces around it")
    return text


def _is_utc(text: str) -> str:
    time = datetime.fromisoformat(text)
    if time.utcoffset() != timedelta(0) or time.isoformat(timespec="microseconds") != text:
        raise ValueError("must be a UTC time such as 2026-01-31T09:30:00.000000+00:00")
    return text


Line = Annotated[str, AfterValidator(_one_line)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Channel = Annotated[int, Field(ge=0, le=255)]


class WardrobeEntry(Frozen):
    """`entry.json`: a token, what it stands for and what it works with.

    Nothing but the name ever changes: the id is made from everything that decides what the
    token does.
    """

    format: Literal[1] = 1
    id: str = Field(pattern=ID_PATTERN)
    kind: AssetKind
    name: Annotated[Line, Field(min_length=1, max_length=60)]
    """What the artist calls it; the asset's name at first."""
    words: Annotated[Line, Field(min_length=1, max_length=60)]
    """The asset's name while it was learned, such as `denim jacket`; it stands beside the
    token in every prompt, whatever the artist calls the entry."""
    token: str = Field(pattern=r"^<[a-z0-9_-]{1,40}>$")
    """Word in the adapter's own vocabulary, such as `<asset3>`."""
    subject: Subject
    source: Annotated[Line, Field(min_length=1, max_length=120)]
    """Title of the avatar that it comes from."""
    prior: Annotated[Line, Field(min_length=1, max_length=200)]
    """Name of the base prior, for people."""
    prior_hash: Sha256
    """`hash_of_weights` of the base prior."""
    body: Annotated[Line, Field(min_length=1, max_length=40)] | None
    """Kind of the body that `pattern.safetensors` lies on; None where there is no pattern."""
    color: tuple[Channel, Channel, Channel] | None
    """Median sRGB of the piece on the avatar; None where it can't be seen."""
    created_at: Annotated[str, AfterValidator(_is_utc)]
    """ISO 8601 with microseconds, UTC."""
    files: dict[str, Sha256]
    """File name to SHA-256 of its content."""

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        missing = [name for name in REQUIRED_FILES if name not in self.files]
        if missing:
            raise ValueError(f"{missing[0]} is not among the files")
        unknown = sorted(set(self.files) - set(KNOWN_FILES))
        if unknown:
            raise ValueError(f"the files name {unknown[0]!r}, which no entry has")
        if (self.body is None) != (PATTERN_FILE not in self.files):
            raise ValueError(f"body and {PATTERN_FILE} belong together")
        if self.id != derived_id(self.kind, self.words, self.token, self.prior_hash, self.files):
            raise ValueError("the id is not that of the files")
        return self


def derived_id(kind: str, words: str, token: str, prior_hash: str, files: Mapping[str, str]) -> str:
    """Id of the entry with these contents: the same contents always have the same id."""
    contents = [kind, words, token, prior_hash, sorted(files.items())]
    text = json.dumps(contents, ensure_ascii=True, separators=(",", ":"))
    return "w" + hashlib.sha256(text.encode()).hexdigest()[:12]


def present_time() -> str:
    """The present time as `created_at` has it."""
    return datetime.now(UTC).isoformat(timespec="microseconds")


def entry_text(entry: WardrobeEntry) -> bytes:
    """Content of `entry.json`."""
    return (entry.model_dump_json(indent=2) + "\n").encode()


def read_entry(path: Path) -> WardrobeEntry:
    """Read an `entry.json`.

    Raises:
        FileNotFoundError: there is none.
        WardrobeError: it is damaged, or of another version of album2avatar.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_ENTRY_BYTES + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise WardrobeError(
            f"{path} can't be read ({error.strerror}). Mend its permissions."
        ) from error
    return parse_entry(data, str(path))


def parse_entry(data: bytes, where: str) -> WardrobeEntry:
    """Entry that the content of an `entry.json` stands for.

    Args:
        where: the file that a message names.

    Raises:
        WardrobeError: it breaks the schema.
    """
    if len(data) > MAX_ENTRY_BYTES:
        raise WardrobeError(f"{where} is too large for an entry of the wardrobe. {_OTHER_SOURCE}")
    try:
        return WardrobeEntry.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        field = one_line(".".join(str(part) for part in first["loc"]), 80) or "the entry"
        raise WardrobeError(
            f"{where}: {field} is wrong ({first['msg']}). {_OTHER_SOURCE}"
        ) from error


_OTHER_SOURCE = (
    "Add the piece again from its avatar, or import it from an undamaged file; an entry of a newer "
    "album2avatar needs that version."
)
