"""Which keypoints the masks allow: a network that has never seen a photograph finds joints in the
furniture, too, and masks are surer, above all those by hand."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from torch import Tensor

from album2avatar.assets import AssetKind
from album2avatar.body.keypoints import KEYPOINTS

MARGIN = 0.1
"""How far a joint may lie off the masks, in square roots of the person's area: 7 cm for one who
stands. None of 1,296 joints in the demo album and six of held-out people lies so far off."""

_OF_THE_HEAD = ("head", "left_eye", "right_eye")
_ON_THE_HEAD: tuple[AssetKind, ...] = ("face", "hair", "headwear", "glasses")


def drop_implausible(
    keypoints: Tensor, mask: NDArray[np.uint8], kinds: list[AssetKind]
) -> tuple[Tensor, tuple[str, ...]]:
    """Take keypoints for not seen where the mask shows that the joint can't be there.

    A joint lies on the person, and those of the head on what a head shows, if the photo shows it.

    Args:
        keypoints: (K, 3) x, y in half image heights from the centre, confidence.
        mask: (H, W), 0 background, i + 1 the i-th asset.
        kinds: of the assets.

    Returns:
        (K, 3), and the names of those that were seen and aren't any more.
    """
    person = mask > 0
    head = np.isin(mask, [index + 1 for index, kind in enumerate(kinds) if kind in _ON_THE_HEAD])
    reach = MARGIN * float(person.sum()) ** 0.5
    height, width = mask.shape
    result, dropped = keypoints.clone(), list[str]()
    for allowed, names in (
        (person, tuple(name for name in KEYPOINTS if name not in _OF_THE_HEAD)),
        (head if head.any() else person, _OF_THE_HEAD),
    ):
        away = np.asarray(distance_transform_edt(~allowed))
        for name in names:
            x, y, confidence = keypoints[KEYPOINTS.index(name)].tolist()
            if confidence == 0:
                continue
            column = min(max(int((x * height + width) / 2), 0), width - 1)
            row = min(max(int((1 - y) * height / 2), 0), height - 1)
            if not allowed.any() or away[row, column] > reach:
                result[KEYPOINTS.index(name), 2] = 0
                dropped.append(name)
    return result, tuple(dropped)
