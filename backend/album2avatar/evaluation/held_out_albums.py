"""Albums of held-out synthetic people with their true masks, as a segmentation would give them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from album2avatar.asset_table import KIND_ORDER
from album2avatar.assets import (
    PIXEL_CLASSES,
    Asset,
    AssetKind,
    AssetTable,
    Framing,
    PhotoLabels,
    view_of_azimuth,
)
from album2avatar.body.keypoints import KEYPOINTS
from album2avatar.personalization.pictures import MaskedPhoto
from album2avatar.segmentation.perceived_assets import KIND_CLASSES
from album2avatar.synthetic.album import album_pictures
from album2avatar.synthetic.people import Person, sample_person
from album2avatar.synthetic.pictures import Picture
from album2avatar.synthetic.splits import person_seed

PHOTO_SIZE = 256
_LEAST_PIXELS = 24
"""What fewer pixels show in the whole album is no asset."""


@dataclass(frozen=True)
class HeldOutAlbum:
    """One person's table and photos, and photos of another day."""

    person: Person
    table: AssetTable
    photos: tuple[MaskedPhoto, ...]
    unseen: tuple[MaskedPhoto, ...]


def make_album(index: int) -> HeldOutAlbum:
    """Photograph the `index`-th held-out person twice."""
    person = sample_person(person_seed("held-out", index))
    days: tuple[list[tuple[Framing, float, Picture]], ...] = tuple(
        [(shot.framing, shot.azimuth, picture) for shot, picture in pictures]
        for pictures in (
            album_pictures(person, PHOTO_SIZE),
            album_pictures(person, PHOTO_SIZE, "another day"),
        )
    )
    album, other = days
    seen = [picture for *_, picture in album]
    kinds: list[AssetKind] = [kind for kind in KIND_ORDER if _is_in_album(kind, seen)]
    assets = tuple(
        Asset(kind=kind, name=asset_name(person, kind), token=f"<asset{number}>")
        for number, kind in enumerate(kinds)
    )
    photos, unseen = (
        tuple(
            MaskedPhoto(
                PhotoLabels(
                    photo=f"{number}",
                    view=view_of_azimuth(azimuth),
                    framing=framing,
                    keypoints={
                        name: (float(x), float(y), float(seen))
                        for name, (x, y, seen) in zip(KEYPOINTS, picture.keypoints, strict=True)
                    },
                ),
                picture.image,
                asset_labels(picture, kinds),
            )
            for number, (framing, azimuth, picture) in enumerate(day)
        )
        for day in (album, other)
    )
    table = AssetTable(
        subject=person.subject, assets=assets, photos=tuple(photo.labels for photo in photos)
    )
    return HeldOutAlbum(person, table, photos, unseen)


def _is_in_album(kind: AssetKind, pictures: list[Picture]) -> bool:
    classes = [PIXEL_CLASSES.index(name) for name in KIND_CLASSES.get(kind, ())]
    return sum(int(np.isin(p.labels, classes).sum()) for p in pictures) >= _LEAST_PIXELS


def asset_labels(picture: Picture, kinds: Sequence[AssetKind]) -> np.ndarray:
    """(S, S) uint8: 0 background, i + 1 the i-th of the kinds."""
    mask = np.zeros_like(picture.labels)
    for number, kind in enumerate(kinds):
        classes = [PIXEL_CLASSES.index(name) for name in KIND_CLASSES[kind]]
        mask[np.isin(picture.labels, classes)] = number + 1
    return mask


def asset_name(person: Person, kind: AssetKind) -> str:
    """The class words that the segmentation would find, without colours."""
    if kind == "hair":
        return "hair in a bun" if person.hair == "bun" else f"{person.hair} hair"
    if kind == "glasses":
        return person.glasses
    garments = {
        "top": person.top,
        "bottom": person.bottom,
        "dress": person.dress,
        "outerwear": person.outerwear,
        "shoes": person.shoes,
        "headwear": person.headwear,
    }
    worn = garments.get(kind)
    return kind if worn is None else worn.name
