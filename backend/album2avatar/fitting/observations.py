"""What the photos say about the body: keypoints and masks, brought to one scale."""

import logging
from dataclasses import dataclass, fields, replace

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from album2avatar.asset_table import load_mask
from album2avatar.assets import AssetKind, AssetTable, PhotoLabels, Subject, View
from album2avatar.body.keypoints import KEYPOINTS
from album2avatar.body.plausibility import drop_implausible
from album2avatar.errors import AlbumError
from album2avatar.workspace import Workspace

logger = logging.getLogger(__name__)

LEAST_KEYPOINTS = 3
"""A photo with fewer says neither how far nor how turned the person is."""

_SKIN: tuple[AssetKind, ...] = ("face", "skin", "shoes")
"""What lies on the body, give or take a sole."""
_CLOSE: tuple[AssetKind, ...] = ("top", "bottom", "hair")
"""What mostly follows the body; dresses and coats hang, hats stand off."""


@dataclass(frozen=True)
class Observations:
    """P photos. Positions in the image are in units of half its height, from its centre,
    x right, y up."""

    photos: tuple[str, ...]
    subject: Subject
    views: tuple[View, ...]
    image_sizes: Tensor
    """(P, 2) int64, (height, width)."""
    keypoints: Tensor
    """(P, K, 2) float."""
    confidence: Tensor
    """(P, K) float; 0 where a keypoint wasn't seen."""
    person: Tensor
    """(P, R, R) float, share of each pixel that is person; photos are stretched to squares,
    row 0 at the top."""
    skin: Tensor
    """(P, R, R) float, share of bare skin and shoes."""
    close_cloth: Tensor
    """(P, R, R) float, share of cloth and hair that follow the body."""

    face_area: Tensor
    """(P,) area of the face in the image, in squares of half its height; NaN where the asset
    table has no face or the head is outside of the image."""
    face_centre: Tensor
    """(P, 2) centre of the face's mask; NaN where there is none, or the image cuts it off."""

    def select(self, rows: list[int]) -> "Observations":
        """The photos at `rows`."""
        picked = torch.tensor(rows, dtype=torch.int64)

        def of(value: object) -> object:
            if isinstance(value, Tensor):
                return value[picked]
            return tuple(value[row] for row in rows) if isinstance(value, tuple) else value

        return replace(
            self, **{field.name: of(getattr(self, field.name)) for field in fields(self)}
        )

    @property
    def aspects(self) -> Tensor:
        """(P,) width divided by height."""
        height, width = self.image_sizes.to(torch.float32).unbind(-1)
        return width / height


def read_observations(
    workspace: Workspace, table: AssetTable, least_confidence: float, resolution: int
) -> Observations:
    """Read the masks and keypoints of every photo that shows enough of the person.

    Keypoints that the masks contradict count as not seen.

    Raises:
        AlbumError: no photo shows enough, or a mask is missing.
    """
    kinds: list[AssetKind] = [asset.kind for asset in table.assets]
    sizes = {label.photo: _photo_size(workspace, label.photo) for label in table.photos}
    masks = {
        label.photo: _read_mask(workspace, label.photo, sizes[label.photo])
        for label in table.photos
    }
    seen = {
        label.photo: _trusted(
            label.photo,
            _keypoints(label, sizes[label.photo], least_confidence),
            masks[label.photo],
            kinds,
        )
        for label in table.photos
    }
    labels = [
        label
        for label in table.photos
        if int((seen[label.photo][:, 2] > 0).sum()) >= LEAST_KEYPOINTS
    ]
    if not labels:
        raise AlbumError(
            "In no photo are enough keypoints of a person to be seen (head, shoulders, hips and "
            "so on). Add photos that show the person whole, or lower fitting.least_confidence."
        )
    shares = torch.stack([_shares(masks[label.photo], kinds, resolution) for label in labels], 1)
    keypoints = torch.stack([seen[label.photo] for label in labels])
    has_head = keypoints[:, KEYPOINTS.index("head"), 2] > 0
    face_area = torch.stack([_face_area(masks[label.photo], kinds) for label in labels])
    return Observations(
        photos=tuple(label.photo for label in labels),
        subject=table.subject,
        views=tuple(label.view for label in labels),
        image_sizes=torch.tensor([sizes[label.photo] for label in labels]),
        keypoints=keypoints[..., :2],
        confidence=keypoints[..., 2],
        person=shares[0],
        skin=shares[1],
        close_cloth=shares[2],
        face_area=torch.where(has_head, face_area, torch.nan),
        face_centre=torch.stack([_face_centre(masks[label.photo], kinds) for label in labels]),
    )


def _photo_size(workspace: Workspace, photo: str) -> tuple[int, int]:
    try:
        with Image.open(workspace.photo(photo)) as image:
            return image.height, image.width
    except OSError as error:
        raise AlbumError(
            f"Photo '{photo}' of the asset table is not in the album ({error}). "
            f"Take it out of {workspace.asset_table}, or run the album stage again."
        ) from error


def _keypoints(label: PhotoLabels, size: tuple[int, int], least_confidence: float) -> Tensor:
    """(K, 3): x, y in half image heights from the centre, confidence; 0 where not seen."""
    height, width = size
    result = torch.zeros(len(KEYPOINTS), 3)
    for index, name in enumerate(KEYPOINTS):
        if name not in label.keypoints:
            continue
        x, y, confidence = label.keypoints[name]
        inside = 0 <= x <= width and 0 <= y <= height
        if inside and confidence >= least_confidence:
            place = ((2 * x - width) / height, (height - 2 * y) / height, confidence)
            result[index] = torch.tensor(place)
    return result


def _trusted(
    photo: str, keypoints: Tensor, mask: NDArray[np.uint8], kinds: list[AssetKind]
) -> Tensor:
    trusted, dropped = drop_implausible(keypoints, mask, kinds)
    if dropped:
        logger.info("Keypoints of photo %s off its masks: %s", photo, ", ".join(dropped))
    return trusted


def _read_mask(workspace: Workspace, photo: str, size: tuple[int, int]) -> NDArray[np.uint8]:
    mask = load_mask(workspace, photo)
    if mask.shape != size:
        raise AlbumError(
            f"{workspace.mask(photo)} is {mask.shape[1]} by {mask.shape[0]} pixels, its photo "
            f"{size[1]} by {size[0]}. Save the mask in the photo's size."
        )
    return mask


def _shares(mask: NDArray[np.uint8], kinds: list[AssetKind], resolution: int) -> Tensor:
    """(3, R, R): share of person, skin and close cloth in each pixel of a square."""
    skin = [index + 1 for index, kind in enumerate(kinds) if kind in _SKIN]
    close = [index + 1 for index, kind in enumerate(kinds) if kind in _CLOSE]
    layers = (mask > 0, np.isin(mask, skin), np.isin(mask, close))
    square = (resolution, resolution)
    shrunk = [
        Image.fromarray(layer.astype(np.float32)).resize(square, Image.Resampling.BOX)
        for layer in layers
    ]
    return torch.stack([torch.from_numpy(np.array(layer)) for layer in shrunk])


def _face_area(mask: NDArray[np.uint8], kinds: list[AssetKind]) -> Tensor:
    """Area of the face in squares of half the image's height; NaN without such an asset."""
    if "face" not in kinds:
        return torch.tensor(torch.nan)
    pixels = float((mask == kinds.index("face") + 1).sum())
    return torch.tensor(4 * pixels / mask.shape[0] ** 2)


def _face_centre(mask: NDArray[np.uint8], kinds: list[AssetKind]) -> Tensor:
    """(2,) in half image heights from the centre, right and up."""
    nowhere = torch.full((2,), torch.nan)
    if "face" not in kinds:
        return nowhere
    face = mask == kinds.index("face") + 1
    inner = face[1:-1, 1:-1].sum()
    if inner == 0 or inner < face.sum():
        return nowhere
    (height, width), (rows, columns) = face.shape, face.nonzero()
    return torch.tensor(
        [(2 * columns.mean() + 1 - width) / height, (height - 2 * rows.mean() - 1) / height]
    )
