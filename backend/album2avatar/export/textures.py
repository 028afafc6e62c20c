"""The avatar's textures, as the files that go into a GLB."""

from dataclasses import dataclass
from pathlib import Path

from album2avatar.errors import ExportError, WorkspaceError
from album2avatar.workspace import Workspace

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class SurfaceTextures:
    """PNG files of the parts with the texture `albedo`."""

    albedo: bytes
    """Base colour, sRGB."""
    normals: bytes | None = None
    """Tangent space, green up."""
    roughness: bytes | None = None
    """Roughness in green, metal in blue."""

    def __post_init__(self) -> None:
        for name, content in self.named():
            if not content.startswith(_PNG_SIGNATURE):
                raise ExportError(
                    f"The texture '{name}' is no PNG. Delete the workspace's paint folder and run "
                    "the same command again."
                )

    def named(self) -> list[tuple[str, bytes]]:
        """Those that are there, the base colour first."""
        every = (
            ("albedo", self.albedo),
            ("normals", self.normals),
            ("roughness", self.roughness),
        )
        return [(name, content) for name, content in every if content is not None]


def read_textures(workspace: Workspace) -> SurfaceTextures:
    """Read what the paint and refine stages left; only the base colour has to be there.

    Raises:
        WorkspaceError: a file can't be read.
        ExportError: it is no PNG.
    """
    return SurfaceTextures(
        _read(workspace.albedo),
        _read_if_there(workspace.normal_map),
        _read_if_there(workspace.roughness_map),
    )


def _read_if_there(path: Path) -> bytes | None:
    return _read(path) if path.exists() else None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise WorkspaceError(
            f"{path} can't be read ({error.strerror}). Run the same command again; the paint stage "
            "makes it anew."
        ) from error
