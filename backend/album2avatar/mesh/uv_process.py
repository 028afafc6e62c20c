"""The child process of `mesh.uv`: xatlas on one mesh, from one .npz file to another."""

import os
import sys
import threading

import numpy as np
import xatlas


def main(source: str, target: str) -> None:
    """Unwrap the mesh in `source` and write its texture coordinates to `target`."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with np.load(source) as given:
        atlas = xatlas.Atlas()
        atlas.add_mesh(given["vertices"], given["faces"])
        packing = xatlas.PackOptions()
        packing.resolution = int(given["resolution"])
        packing.padding = int(given["padding"])
    atlas.generate(xatlas.ChartOptions(), packing)
    _, faces, coordinates = atlas[0]
    # Each side is 0..1 of its own; a texture is square.
    coordinates *= np.array([atlas.width, atlas.height]) / max(atlas.width, atlas.height)
    np.savez(target, faces=faces, coordinates=coordinates)


def _end_with_parent() -> None:
    """The parent holds the other end of stdin; it closes when the parent dies."""
    os.read(0, 1)  # not sys.stdin: its lock would be held when the interpreter ends
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
