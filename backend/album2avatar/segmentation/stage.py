"""The segmentation stage: what the person wears, where it is, what each photo shows."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import numpy as np
import torch
from PIL import Image

from album2avatar.album_index import AlbumPhoto, load_album_index
from album2avatar.asset_table import KIND_ORDER, save_asset_table, save_mask
from album2avatar.assets import Asset, AssetTable, Framing, PhotoLabels, Subject, View
from album2avatar.errors import AlbumError
from album2avatar.model_folders import find_model
from album2avatar.perception.model import Perceived, Perception, load_perception
from album2avatar.progress import JobControl
from album2avatar.segmentation.artist_masks import ArtistMasks
from album2avatar.segmentation.contact_sheet import save_contact_sheet
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

JOINTS_NEEDED = 2
JOINT_CONFIDENCE = 0.3
"""Of 60 held-out pictures of people, close-ups of heads and feet among them, the second surest
joint had 0.36 or more; a painted tree had 0.25."""


def run(workspace: Workspace, settings: Settings, job: JobControl) -> None:
    """Find the assets of every photo, agree on one list for the album, and write both.

    The table is written last: where it is, the masks are complete.

    Raises:
        AlbumError: a photo shows no person, or the artist's masks can't be used.
        ModelError: there is no perception model.
    """
    photos = load_album_index(workspace.album_index).photos
    workspace.asset_table.unlink(missing_ok=True)
    perception = load_perception(find_model(settings.segmentation.perception))
    images: list[SourceImage] = []
    for step in job.steps(len(photos)):
        images.append(look_at(workspace, photos[step], perception, settings.segmentation))
        job.report(step + 1, len(photos))
    assets, labels = find_assets(images, settings.segmentation)
    for image, values in zip(images, labels, strict=True):
        save_mask(workspace, image.photo.id, values)
    remove_other_masks(workspace, keep=[photo.id for photo in photos])
    preview = workspace.preview("segment", 0)
    save_contact_sheet(preview, [image.pixels for image in images], labels, assets)
    table = AssetTable(
        subject=choose_subject([image.perceived for image in images]),
        assets=assets,
        photos=tuple(describe_photo(image) for image in images),
    )
    save_asset_table(workspace, table)
    found = ", ".join(asset.name for asset in assets)
    job.report(len(photos), len(photos), message=f"found {found}", preview=preview)


def look_at(
    workspace: Workspace, photo: AlbumPhoto, perception: Perception, settings: SegmentationSettings
) -> SourceImage:
    """Read a photo and perceive the person in it.

    Raises:
        AlbumError: there is none.
    """
    with Image.open(workspace.photo(photo.id)) as image:
        pixels = torch.from_numpy(np.array(image.convert("RGB"))).float() / 255
    perceived = perception.perceive_photo(pixels)
    if not shows_person(perceived, settings.person_share_min):
        raise AlbumError(
            f"{photo.original}: no person was found in this photo. Take it out of the album, or "
            "crop it so that the person fills more of it."
        )
    return SourceImage(photo, pixels, perceived)


def shows_person(perceived: Perceived, person_share_min: float) -> bool:
    """Whether enough of the photo is person, and something of that has joints."""
    share = float((perceived.labels > 0).float().mean())
    surest = perceived.keypoints[:, 2].sort(descending=True).values
    return share >= person_share_min and bool(surest[JOINTS_NEEDED - 1] >= JOINT_CONFIDENCE)


def find_assets(
    images: Sequence[SourceImage], settings: SegmentationSettings
) -> tuple[tuple[Asset, ...], list[Labels]]:
    """Segment every photo with the kinds that the whole album agrees on.

    Returns:
        The assets, and per photo (H, W) uint8: 0 background, i + 1 the i-th asset.

    Raises:
        AlbumError: no asset is left.
    """
    provider = make_provider(settings)
    first_masks = [provider.segment(image, KIND_ORDER) for image in images]
    areas = [mask_areas(masks) for masks in first_masks]
    kinds = choose_kinds(areas, settings.leave_out, settings.asset_share_min)
    if not kinds:
        raise AlbumError(
            "No asset is left to learn. Check the masks, or the setting segmentation.leave_out."
        )
    # With the kinds settled, the pixels of a misread garment go to the one that it really is.
    masks = [provider.segment(image, kinds) for image in images]
    assets = name_assets(kinds, masks, areas)
    value_of_kind = np.zeros(len(KIND_ORDER) + 1, np.uint8)
    for index, asset in enumerate(assets):
        value_of_kind[KIND_ORDER.index(asset.kind) + 1] = index + 1
    labels = [
        value_of_kind[label_pixels(photo_masks, settings.asset_share_min)] for photo_masks in masks
    ]
    return assets, labels


def make_provider(settings: SegmentationSettings) -> SegmentationProvider:
    """The provider that the settings name."""
    if settings.provider == "masks":
        return ArtistMasks(Path(settings.masks_folder).expanduser())
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
