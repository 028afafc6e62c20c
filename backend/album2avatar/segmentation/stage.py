"""The segmentation stage: what the person wears, where it is, what each photo shows."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
import torch

from album2avatar.album_index import AlbumPhoto, load_album_index
from album2avatar.album_photos import load_photo
from album2avatar.asset_edits import replay_edits
from album2avatar.asset_table import KIND_ORDER, save_asset_table, save_mask
from album2avatar.assets import Asset, AssetKind, AssetTable, Framing, PhotoLabels, Subject, View
from album2avatar.devices import choose_device
from album2avatar.errors import AlbumError
from album2avatar.files import in_home
from album2avatar.labelled_album import LabelledAlbum
from album2avatar.model_folders import find_model
from album2avatar.perception.model import Perceived, Perception, load_perception
from album2avatar.perception.presence import shows_person
from album2avatar.progress import JobControl
from album2avatar.segmentation.artist_masks import ArtistMasks
from album2avatar.segmentation.contact_sheet import save_contact_sheet
from album2avatar.segmentation.grounded_sam.provider import load_grounded_sam
from album2avatar.segmentation.merging import (
    Labels,
    choose_kinds,
    label_pixels,
    mask_areas,
    name_assets,
)
from album2avatar.segmentation.perceived_assets import PerceivedAssets
from album2avatar.segmentation.provider import SegmentationProvider, SourceImage
from album2avatar.settings import SegmentationSettings, Settings
from album2avatar.workspace import Workspace


def run(workspace: Workspace, settings: Settings, job: JobControl) -> None:
    """Find the assets of every photo, agree on one list for the album, and write both.

    What the artist did to the assets before is done again.

    The table is written last: where it is, the masks are complete.

    Raises:
        AlbumError: a photo shows no person or no asset, or the artist's masks can't be used.
        ModelError: a model that the settings name can't be used.
    """
    photos = load_album_index(workspace.album_index).photos
    workspace.asset_table.unlink(missing_ok=True)
    perception = load_perception(find_model(settings.segmentation.perception))
    provider = make_provider(settings)
    batches = in_batches(photos, settings.segmentation.photos_at_once)
    images: list[SourceImage] = []
    areas: list[dict[AssetKind, float]] = []
    for step in job.steps(len(batches)):
        seen = [
            look_at(workspace, photo, perception, settings.segmentation) for photo in batches[step]
        ]
        images += seen
        areas += find_areas(seen, provider)
        job.report(step + 1, len(batches))
    assets, labels = find_assets(images, areas, provider, settings.segmentation)
    found = AssetTable(
        subject=choose_subject([image.perceived for image in images]),
        assets=assets,
        photos=tuple(describe_photo(image) for image in images),
    )
    ids = [photo.id for photo in photos]
    album, lost = replay_edits(workspace, LabelledAlbum(found, dict(zip(ids, labels, strict=True))))
    for photo, values in album.labels.items():
        save_mask(workspace, photo, values)
    remove_other_masks(workspace, keep=ids)
    preview = workspace.preview("segment", 0)
    table = album.table
    edited = [album.labels[photo] for photo in ids]
    save_contact_sheet(preview, [image.pixels for image in images], edited, table.assets)
    save_asset_table(workspace, table)
    message = f"found {', '.join(asset.name for asset in table.assets)}"
    if lost:
        message += f"; former changes of {', '.join(sorted({e.kind for e in lost}))} don't fit now"
    job.report(len(batches), len(batches), message=message, preview=preview)


def look_at(
    workspace: Workspace, photo: AlbumPhoto, perception: Perception, settings: SegmentationSettings
) -> SourceImage:
    """Read a photo and perceive the person in it.

    Raises:
        AlbumError: there is none, and the artist didn't insist on the photo.
    """
    pixels = torch.tensor(load_photo(workspace, photo.id)).float() / 255
    perceived = perception.perceive_photo(pixels)
    if not photo.was_rejected and not shows_person(perceived, settings.person_share_min):
        raise AlbumError(
            f"{photo.original}: no person was found in this photo. Take it out of the album, or "
            "crop it so that the person fills more of it."
        )
    return SourceImage(photo, pixels, perceived)


def in_batches(photos: Sequence[AlbumPhoto], size: int) -> list[Sequence[AlbumPhoto]]:
    """The photos in groups of `size`, the last one maybe smaller."""
    return [photos[start : start + size] for start in range(0, len(photos), size)]


def find_areas(
    images: Sequence[SourceImage], provider: SegmentationProvider
) -> list[dict[AssetKind, float]]:
    """Share of each photo that each kind covers, every kind being asked for.

    Raises:
        AlbumError: a photo shows none.
    """
    areas: list[dict[AssetKind, float]] = []
    for image, masks in zip(images, provider.segment(images, KIND_ORDER), strict=True):
        if not masks:
            raise AlbumError(
                f"{image.photo.original}: no face, hair or clothes were found in this photo. Take "
                "it out of the album, or lower the thresholds of the segmentation's settings."
            )
        areas.append(mask_areas(masks))
    return areas


def find_assets(
    images: Sequence[SourceImage],
    areas: Sequence[Mapping[AssetKind, float]],
    provider: SegmentationProvider,
    settings: SegmentationSettings,
) -> tuple[tuple[Asset, ...], list[Labels]]:
    """Segment every photo with the kinds that the whole album agrees on.

    Args:
        areas: what `find_areas` gives.

    Returns:
        The assets, and per photo (H, W) uint8: 0 background, i + 1 the i-th asset.

    Raises:
        AlbumError: no asset is left.
    """
    kinds = choose_kinds(areas, settings.leave_out, settings.asset_share_min)
    if not kinds:
        raise AlbumError(
            "No asset is left to learn. Check the masks, or the setting segmentation.leave_out."
        )
    # With the kinds settled, the pixels of a misread garment go to the one that it really is.
    masks = provider.segment(images, kinds)
    shown = {mask.kind for photo_masks in masks for mask in photo_masks}
    assets = name_assets([kind for kind in kinds if kind in shown], masks, areas)
    value_of_kind = np.zeros(len(KIND_ORDER) + 1, np.uint8)
    for index, asset in enumerate(assets):
        value_of_kind[KIND_ORDER.index(asset.kind) + 1] = index + 1
    labels = [
        value_of_kind[label_pixels(photo_masks, settings.asset_share_min)]
        if photo_masks
        else np.zeros(image.pixels.shape[:2], np.uint8)
        for image, photo_masks in zip(images, masks, strict=True)
    ]
    return assets, labels


def make_provider(settings: Settings) -> SegmentationProvider:
    """The provider that the settings name.

    Raises:
        AlbumError: the folder of the artist's masks isn't there.
        ModelError: one of the provider's models can't be used.
    """
    chosen = settings.segmentation
    if chosen.provider == "masks":
        return ArtistMasks(in_home(chosen.masks_folder))
    if chosen.provider == "grounded_sam":
        device = choose_device(settings.device)
        return load_grounded_sam(chosen.grounded_sam, chosen.asset_share_min, device)
    return PerceivedAssets()


def choose_subject(perceived: Sequence[Perceived]) -> Subject:
    """The class word on which the photos agree, weighted by how much of the person they show."""
    votes: Counter[str] = Counter()
    for photo in perceived:
        weight = float((photo.labels > 0).float().mean())
        shares = photo.attributes["subject"].tolist()
        for word, share in zip(photo.vocabulary["subject"], shares, strict=True):
            votes[word] += weight * share  # pyright: ignore[reportArgumentType]
    return cast("Subject", votes.most_common(1)[0][0])


def describe_photo(image: SourceImage) -> PhotoLabels:
    """View, framing and keypoints of one photo."""
    perceived = image.perceived
    return PhotoLabels(
        photo=image.photo.id,
        view=cast("View", perceived.word("view")),
        framing=cast("Framing", perceived.word("framing")),
        keypoints={
            name: (round(x, 2), round(y, 2), round(confidence, 4))
            for name, (x, y, confidence) in zip(
                perceived.keypoint_names, perceived.keypoints.tolist(), strict=True
            )
        },
    )


def remove_other_masks(workspace: Workspace, keep: Sequence[str]) -> None:
    """Remove masks of photos that are no longer in the album."""
    kept = {workspace.mask(photo).name for photo in keep}
    for path in workspace.mask("any").parent.glob("*.png"):
        if path.name not in kept:
            path.unlink()
