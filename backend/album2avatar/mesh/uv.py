"""Texture coordinates for a mesh that has none, and the way from texels back to the surface."""

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from album2avatar.errors import MeshError
from album2avatar.mesh.storage import check_mesh
from album2avatar.mesh.types import Mesh, UvMap

_POLL_SECONDS = 0.05
_UNITS_PER_METRE = 1000.0
"""xatlas leaves out faces of less than 1.2e-7 squared units: in metres, those of a third of a
millimetre. They would all lie in the texture's corner."""


@dataclass(frozen=True)
class UnwrapOptions:
    """How the surface is cut and packed."""

    resolution: int = 1024
    """Texture size in texels for which `padding` is meant."""
    padding: int = 3
    """Empty texels between two charts, so that filtering doesn't bleed between them."""
    limit_seconds: float = 600.0
    """Longest time; 82,000 faces took 48 s."""


def unwrap(
    mesh: Mesh, options: UnwrapOptions | None = None, poll: Callable[[], None] = lambda: None
) -> UvMap:
    """Cut a surface into charts and pack them into the unit square, with xatlas.

    xatlas can't be interrupted, so it works in a child process, which is killed when `poll`
    raises, when the time is up, or when this process dies.

    Args:
        mesh: at most some 40,000 faces; decimate larger ones first.
        poll: called many times a second; raises to stop.

    Raises:
        MeshError: the mesh breaks a rule, or xatlas fails or takes too long.
    """
    check_mesh(mesh, "the UV unwrapping")
    chosen = options if options is not None else UnwrapOptions()
    with tempfile.TemporaryDirectory(prefix="album2avatar-uv-") as name:
        source, target = Path(name) / "mesh.npz", Path(name) / "uv.npz"
        np.savez(
            source,
            vertices=(mesh.vertices.detach() * _UNITS_PER_METRE).cpu().numpy().astype(np.float32),
            faces=mesh.faces.cpu().numpy().astype(np.uint32),
            resolution=chosen.resolution,
            padding=chosen.padding,
        )
        _run_child(source, target, chosen.limit_seconds, poll)
        with np.load(target) as found:
            coordinates = torch.from_numpy(found["coordinates"]).float()
            faces = torch.from_numpy(found["faces"].astype(np.int64))
    if faces.shape != mesh.faces.shape:
        raise MeshError(
            f"xatlas gave {faces.shape[0]} faces for a mesh of {mesh.faces.shape[0]}. "
            "Run the sculpt stage again with another seed."
        )
    device = mesh.vertices.device
    return UvMap(coordinates.to(device), faces.to(device))


def _run_child(source: Path, target: Path, limit_seconds: float, poll: Callable[[], None]) -> None:
    command = [sys.executable, "-m", "album2avatar.mesh.uv_process", str(source), str(target)]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        end = time.monotonic() + limit_seconds
        while child.poll() is None:
            poll()
            if time.monotonic() > end:
                raise MeshError(
                    f"The UV map wasn't ready after {limit_seconds:.0f} s. Lower paint.faces."
                )
            time.sleep(_POLL_SECONDS)
        if child.returncode != 0:
            said = child.stderr.read().decode(errors="replace").strip() if child.stderr else ""
            reason = said.splitlines()[-1] if said else f"exit code {child.returncode}"
            raise MeshError(
                f"xatlas failed on the mesh ({reason}). Lower paint.faces, or run the sculpt "
                "stage again with another seed."
            )
    finally:
        child.kill()
        child.communicate()
