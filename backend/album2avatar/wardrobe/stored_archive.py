"""ZIP archives of one form only: stored members without dates, comments or options.

Each content can be written in one way only, so reading means to compare: every byte of an
archive is either a member's content, which has a checksum, or what it has to be. Nothing is
left over in which two programs could see two different archives.

Source: PKWARE, APPNOTE.TXT 6.3.10, sections 4.3.7, 4.3.12 and 4.3.16.
"""

import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from album2avatar.errors import WardrobeError

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_LOCAL_MARK, _CENTRAL_MARK, _END_MARK = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
_VERSION = 20
"""2.0, of the format."""
_MADE_BY = (3 << 8) | _VERSION
"""Unix, whose kind of file mode follows in the directory."""
_MODE = 0o600 << 16
_NO_DATE = 33
"""1 January 1980, where the format's time begins."""
_LONGEST_NAME = 64
_CHUNK = 1 << 20
MAX_ARCHIVE_BYTES = 2**32 - 1
"""Sizes and places have 32 bits."""


@dataclass(frozen=True)
class _Member:
    name: str
    size: int
    crc: int
    offset: int


def write_archive(target: Path, members: Sequence[tuple[str, Path]]) -> None:
    """Write files as the members of an archive, in the given order.

    Args:
        target: overwritten; not atomic by itself.
        members: name in the archive (ASCII) and file.

    Raises:
        WardrobeError: together they are larger than 4 GiB.
    """
    total = sum(path.stat().st_size + 256 for _, path in members)
    if total > MAX_ARCHIVE_BYTES:
        raise WardrobeError(
            f"{members[0][1].parent} has {total / 2**30:.1f} GiB, and one file of the wardrobe "
            "holds 4 GiB at most. Copy the avatar's folder instead."
        )
    written: list[_Member] = []
    with target.open("wb") as archive:
        for name, path in members:
            offset = archive.tell()
            archive.write(_local_header(_Member(name, 0, 0, offset)))
            with path.open("rb") as source:
                size, crc = _copy(source, archive, path.stat().st_size)
            member = _Member(name, size, crc, offset)
            end = archive.tell()
            archive.seek(offset)
            archive.write(_local_header(member))
            archive.seek(end)
            written.append(member)
        archive.write(_directory(written, archive.tell()))


def read_archive(source: Path, folder: Path, limits: Mapping[str, int]) -> tuple[str, ...]:
    """Unpack an archive that `write_archive` wrote.

    Args:
        folder: where the members go, each under its own name.
        limits: names that may be there, and how many bytes each may have.

    Returns:
        Names in the order of the archive.

    Raises:
        WardrobeError: it has any other form, is damaged or cut short, or has a member that is
            unknown, too large, or there twice.
        OSError: a file can't be read or written.
    """
    members: list[_Member] = []
    with source.open("rb") as archive:
        while True:
            start = archive.read(_LOCAL.size)
            if start[:4] != _LOCAL_MARK:
                break
            member = _read_local_header(source, archive, start, limits)
            if member.name in {known.name for known in members}:
                raise WardrobeError(f"{source} holds {member.name} twice. {_NOT_OURS}")
            with (folder / member.name).open("wb") as target:
                copied = _copy(archive, target, member.size)
            if copied[0] < member.size:
                raise WardrobeError(f"{source} ends in the middle of {member.name}. {_GET_AGAIN}")
            if copied[1] != member.crc:
                raise WardrobeError(f"{source} is damaged in {member.name}. {_GET_AGAIN}")
            members.append(member)
        if not members:
            raise WardrobeError(f"{source} is no token file. Choose a file that ends in .a2atoken.")
        directory = _directory(members, archive.tell() - len(start))
        if start + archive.read(len(directory) + 1) != directory:
            raise WardrobeError(f"{source} has a damaged end. {_GET_AGAIN}")
    return tuple(member.name for member in members)


def _read_local_header(
    source: Path, archive: IO[bytes], start: bytes, limits: Mapping[str, int]
) -> _Member:
    if len(start) < _LOCAL.size:
        raise WardrobeError(f"{source} is cut short. {_GET_AGAIN}")
    fields = _LOCAL.unpack(start)
    crc, size, name_length = fields[6], fields[8], fields[9]
    offset = archive.tell() - len(start)
    raw = archive.read(min(name_length, _LONGEST_NAME))
    name = raw.decode("ascii", errors="replace")
    if name not in limits:
        raise WardrobeError(f"{source} holds {name!r}, which belongs to no token. {_NOT_OURS}")
    if size > limits[name]:
        raise WardrobeError(
            f"{source}: {name} has {size} bytes, and {limits[name]} are allowed. {_NOT_OURS}"
        )
    member = _Member(name, size, crc, offset)
    if start + raw != _local_header(member):
        raise WardrobeError(
            f"{source}: {name} is packed in another way than album2avatar packs. {_NOT_OURS}"
        )
    return member


def _local_header(member: _Member) -> bytes:
    name = member.name.encode("ascii")
    sizes = (member.crc, member.size, member.size, len(name), 0)
    return _LOCAL.pack(_LOCAL_MARK, _VERSION, 0, 0, 0, _NO_DATE, *sizes) + name


def _directory(members: Sequence[_Member], offset: int) -> bytes:
    """Central directory and end record of an archive whose members end at `offset`."""
    entries = b""
    for member in members:
        name = member.name.encode("ascii")
        sizes = (member.crc, member.size, member.size, len(name), 0, 0, 0, 0, _MODE, member.offset)
        entries += _CENTRAL.pack(_CENTRAL_MARK, _MADE_BY, _VERSION, 0, 0, 0, _NO_DATE, *sizes)
        entries += name
    count = len(members)
    return entries + _END.pack(_END_MARK, 0, 0, count, count, len(entries), offset, 0)


def _copy(source: IO[bytes], target: IO[bytes], size: int) -> tuple[int, int]:
    """Copy up to `size` bytes; give how many there were, and their CRC-32."""
    copied, crc = 0, 0
    while copied < size:
        chunk = source.read(min(_CHUNK, size - copied))
        if not chunk:
            break
        target.write(chunk)
        crc = zlib.crc32(chunk, crc)
        copied += len(chunk)
    return copied, crc


_GET_AGAIN = "Copy or download the file again."
_NOT_OURS = (
    "Only files that `album2avatar wardrobe export` wrote are read; have the piece exported again."
)
