"""Albums of held-out synthetic people with true masks, for measurements.

With true masks a measurement tells what it is about, and not how well the photos were segmented.
"""

from pathlib import Path

import numpy as np
from PIL import Image

from album2avatar.assets import PIXEL_CLASSES, AssetKind
from album2avatar.files import atomic_path, write_json
from album2avatar.segmentation.perceived_assets import KIND_CLASSES
from album2avatar.synthetic.album import album_pictures
from album2avatar.synthetic.people import Person


def write_held_out_album(folder: Path, person: Person, size: int) -> None:
    """Write `photos/` and `masks/`, which `segmentation.masks_folder` takes.

    Args:
        size: pixels of a photo's side.
    """
    for shot, picture in album_pictures(person, size):
        stem = Path(shot.file_name).stem
        _save(folder / "photos" / f"{stem}.png", picture.image)
        for kind, classes in KIND_CLASSES.items():
            mask = np.isin(picture.labels, [PIXEL_CLASSES.index(name) for name in classes])
            if mask.any():
                _save(folder / "masks" / f"{stem}.{kind}.png", mask.astype(np.uint8) * 255)
    write_json(folder / "masks" / "names.json", asset_words(person))


def asset_words(person: Person) -> dict[AssetKind, str]:
    """What each of the person's assets is called."""
    words: dict[AssetKind, str] = {"skin": f"{person.skin} skin"}
    if person.hair != "bald":
        words["hair"] = "hair in a bun" if person.hair == "bun" else f"{person.hair} hair"
    garments: dict[AssetKind, str | None] = {
        "top": person.top and person.top.name,
        "bottom": person.bottom and person.bottom.name,
        "dress": person.dress and person.dress.name,
        "outerwear": person.outerwear and person.outerwear.name,
        "shoes": person.shoes and person.shoes.name,
        "headwear": person.headwear and person.headwear.name,
    }
    return words | {kind: name for kind, name in garments.items() if name is not None}


def _save(path: Path, pixels: np.ndarray) -> None:
    with atomic_path(path) as temporary:
        Image.fromarray(pixels).save(temporary)
