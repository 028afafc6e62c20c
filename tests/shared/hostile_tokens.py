"""Token files whose hashes are right whatever they hold, as somebody with our source makes them."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from album2avatar.wardrobe.entry import derived_id


def contents_of(path: Path) -> dict[str, bytes]:
    """Members of a token file, by a reader that isn't ours."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def sealed(contents: Mapping[str, bytes], **changes: Any) -> dict[str, bytes]:
    """The same contents with an entry whose hashes and id fit them.

    Args:
        changes: fields of the entry to set afterwards.
    """
    entry = json.loads(contents["entry.json"])
    files = {name: data for name, data in contents.items() if name != "entry.json"}
    entry["files"] = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    entry |= changes
    if "id" not in changes:
        parts = [entry[name] for name in ("kind", "words", "token", "prior_hash", "files")]
        entry["id"] = derived_id(*parts)
    return {"entry.json": json.dumps(entry).encode(), **files}


def stored(members: Mapping[str, bytes] | list[tuple[str, bytes]], **options: Any) -> bytes:
    """A ZIP by Python's writer, without dates, which is byte for byte what the wardrobe writes.

    Args:
        options: attributes of every member's `ZipInfo`.
    """
    stream = io.BytesIO()
    pairs = members.items() if isinstance(members, Mapping) else members
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in pairs:
            info = zipfile.ZipInfo(name)
            info.create_system = 3
            for option, value in options.items():
                setattr(info, option, value)
            with archive.open(info, "w") as member:
                member.write(data)
    return stream.getvalue()
