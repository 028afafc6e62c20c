"""Packs the extension's folder into a zip whose bytes depend on its files alone.

Usage: pack_extension.py FOLDER LICENSE OUTPUT_FOLDER; prints the zip's path.
"""

import sys
import tomllib
import zipfile
from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The oldest time that a zip can hold."""
_FILE_MODE = 0o100644 << 16
_LEFT_OUT = frozenset({"__pycache__"})
_KEPT = frozenset({".py", ".toml", ".json", ".png", ".svg"})
"""What an extension consists of; a wheel or a library would not get in unnoticed."""


def pack(folder: Path, license_file: Path, output: Path) -> Path:
    """Write OUTPUT/<id>-<version>.zip.

    Raises:
        SystemExit: the folder holds a file of a kind that does not belong into it.
    """
    manifest = tomllib.loads((folder / "blender_manifest.toml").read_text("utf-8"))
    members = {path.relative_to(folder).as_posix(): path for path in _sources(folder)}
    members["LICENSE"] = license_file
    archive = output / f"{manifest['id']}-{manifest['version']}.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = _FILE_MODE
            info.create_system = 3  # Unix, wherever it is packed
            file.writestr(info, members[name].read_bytes())
    return archive


def _sources(folder: Path) -> list[Path]:
    found = [
        path
        for path in folder.rglob("*")
        if path.is_file() and not _is_left_out(path.relative_to(folder))
    ]
    strangers = [str(path) for path in found if path.suffix not in _KEPT]
    if strangers:
        sys.exit(f"pack_extension: {strangers[0]} does not belong into an extension. Move it away.")
    return found


def _is_left_out(path: Path) -> bool:
    return any(part in _LEFT_OUT or part.startswith(".") for part in path.parts)


if __name__ == "__main__":
    print(pack(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])))
