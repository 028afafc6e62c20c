"""Where the segmentation saw joints in the photos, and how far a pose is from that."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from album2avatar.assets import AssetKind, PhotoLabels
from album2avatar.body.joints import keypoint_bones
from album2avatar.body.keypoints import KEYPOINTS, mirrored_keypoints
from album2avatar.body.kinematics import transform_heads
from album2avatar.body.plausibility import drop_implausible
from album2avatar.body.types import CanonicalBody, PhotoPoses

LEAST_CONFIDENCE = 0.2
"""Below it a keypoint counts as not seen; half of those that are called so are a limb away."""
IMAGE_SPREAD = 0.012
"""Usual error in image heights."""
BODY_SPREAD = 0.012
"""Usual error in metres: joints of the template are elsewhere than a person's."""
SAY = 0.2
"""What a keypoint counts: neighbours err together."""
FIRST_REACH, LAST_REACH = 0.2, 0.05
"""Metres beyond which a keypoint is taken for a mistake: while poses are settled, and then."""


@dataclass(frozen=True)
class SeenKeypoints:
    """K keypoints in P photos."""

    bones: Tensor
    """(K,) int64, the bone whose head each of them is."""
    heads: Tensor
    """(J, 3) canonical."""
    places: Tensor
    """(P, K, 2) pixels from the top left corner, right and down."""
    confidence: Tensor
    """(P, K) 0..1; 0 where not seen."""

    @staticmethod
    def of(
        labels: Sequence[PhotoLabels],
        masks: Sequence[Tensor],
        kinds: list[AssetKind],
        body: CanonicalBody,
        poses: PhotoPoses,
    ) -> "SeenKeypoints":
        """The keypoints of photos, in the order of their poses, as far as the masks allow them.

        A network that takes left for right does so in a whole photo: it is believed the way that
        suits the fitted pose.

        Args:
            masks: (H, W) of each photo, 0 background, i + 1 the i-th asset.
            kinds: of the assets.
        """
        bones, names = keypoint_bones(body.kind), body.skeleton.names
        known = torch.tensor([bones[name] in names for name in KEYPOINTS])
        table = torch.tensor(
            [[label.keypoints.get(name, (0.0, 0.0, 0.0)) for name in KEYPOINTS] for label in labels]
        )
        plausible = torch.stack(
            [_is_plausible(row, mask, kinds) for row, mask in zip(table, masks, strict=True)]
        )
        sure = (table[..., 2] >= LEAST_CONFIDENCE) & known & plausible
        seen = SeenKeypoints(
            torch.tensor([_index(names, bones[name]) for name in KEYPOINTS]),
            body.skeleton.heads,
            table[..., :2],
            torch.where(sure, table[..., 2], 0.0),
        )
        mirror = list(mirrored_keypoints())
        other = SeenKeypoints(
            seen.bones, seen.heads, seen.places[:, mirror], seen.confidence[:, mirror]
        )
        swapped = other.energy(poses, poses.bone_transforms, FIRST_REACH) < seen.energy(
            poses, poses.bone_transforms, FIRST_REACH
        )
        return SeenKeypoints(
            seen.bones,
            seen.heads,
            torch.where(swapped[:, None, None], other.places, seen.places),
            torch.where(swapped[:, None], other.confidence, seen.confidence),
        )

    def at(self, index: int) -> "SeenKeypoints":
        """Those of one photo."""
        one = slice(index, index + 1)
        return SeenKeypoints(self.bones, self.heads, self.places[one], self.confidence[one])

    def energy(self, poses: PhotoPoses, transforms: Tensor, reach: float) -> Tensor:
        """Robust energy of the photos' keypoints, (P,).

        Args:
            poses: with the photos' cameras and sizes; its own transforms don't count.
            transforms: (P, J, 4, 4), canonical to posed.
            reach: metres beyond which a keypoint is taken for a mistake and hardly pulls.

        Source: Geman and McClure 1987, the function that saturates.
        """
        view = poses.cameras.world_to_view
        points = transform_heads(transforms, self.heads)[:, self.bones]
        seen = torch.einsum("prc,pkc->pkr", view[:, :3, :3], points) + view[:, None, :3, 3]
        depth = (-seen[..., 2]).clamp(min=0.05)
        size = poses.image_sizes.to(depth.dtype)
        focal = size[:, :1] / 2 / torch.tan(poses.cameras.vertical_fov / 2)[:, None]
        right = size[:, 1:] / 2 + focal * seen[..., 0] / depth
        down = size[:, :1] / 2 - focal * seen[..., 1] / depth
        metres = (depth / focal).detach()
        away = metres[..., None] * (torch.stack([right, down], -1) - self.places)
        squared = away.square().sum(-1)
        spread = (IMAGE_SPREAD * size[:, :1] * metres).square() + BODY_SPREAD**2
        bounded = squared / (1 + squared / reach**2) / spread
        return 0.5 * SAY * (self.confidence * bounded).sum(-1)


def _is_plausible(keypoints: Tensor, mask: Tensor, kinds: list[AssetKind]) -> Tensor:
    """(K,) bool of keypoints (K, 3) in a photo's pixels."""
    height, width = mask.shape
    across, down, confidence = keypoints.unbind(-1)
    centred = torch.stack(
        [(2 * across - width) / height, (height - 2 * down) / height, confidence], -1
    )
    return drop_implausible(centred, mask.cpu().numpy().astype(np.uint8), kinds)[0][:, 2] > 0


def _index(names: Sequence[str], bone: str) -> int:
    """Of a bone; 0 where there is none, which is then not seen."""
    return names.index(bone) if bone in names else 0
