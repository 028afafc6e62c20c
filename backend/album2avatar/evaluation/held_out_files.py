"""Albums of held-out synthetic people as files, with true masks, for whole runs of the pipeline.

With true masks a measurement tells what it is about, and not how well the photos were segmented.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from album2avatar.assets import PIXEL_CLASSES
from album2avatar.evaluation.held_out_albums import asset_name
from album2avatar.files import atomic_path, write_json
from album2avatar.segmentation.perceived_assets import KIND_CLASSES
from album2avatar.synthetic.album import album_pictures
from album2avatar.synthetic.people import Person


def write_held_out_album(folder: Path, person: Person, size: int, occasion: str = "album") -> None:
    """Write `photos/` and `masks/`, which `segmentation.masks_folder` takes.

    Args:
        size: pixels of a photo's side.
        occasion: of `album_pictures`; on another one poses, light and places are others.
    """
    for shot, picture in album_pictures(person, size, occasion):
        stem = Path(shot.file_name).stem
        _save(folder / "photos" / f"{stem}.png", picture.image)
        for kind, classes in KIND_CLASSES.items():
            mask = np.isin(picture.labels, [PIXEL_CLASSES.index(name) for name in classes])
            if mask.any():
                _save(folder / "masks" / f"{stem}.{kind}.png", mask.astype(np.uint8) * 255)
    names = {kind: asset_name(person, kind) for kind in KIND_CLASSES}
    write_json(folder / "masks" / "names.json", names)


def _save(path: Path, pixels: np.ndarray) -> None:
    with atomic_path(path) as temporary:
        Image.fromarray(pixels).save(temporary)
