"""Plate and masks from one another, round after round, a frame at a time."""

from collections.abc import Sequence

import torch
from torch import Tensor

from album2avatar.decomposition.matting import grown, solve_matte
from album2avatar.decomposition.plate import Plate, make_plate
from album2avatar.decomposition.scenes import MeshView, cut_out, sure_background
from album2avatar.settings import ClipSettings

CLEAR = 0.05
"""Opacity above which a pixel isn't the plate's."""
MARGIN = 2
"""Pixels around the mask that aren't, either: video compression smears."""


class Decomposer:
    """All frames of a clip. What a step finds depends on the masks of the round before alone."""

    def __init__(
        self,
        frames: Tensor,
        priors: Tensor,
        views: Sequence[MeshView],
        motion: Tensor,
        settings: ClipSettings,
    ) -> None:
        """
        Args:
            frames: (T, H, W, 3) uint8 sRGB.
            priors: (T, H, W) uint8, as segmented.
            views: where the avatar is in each.
            motion: (T, 3, 3) from the plate's pixels to each frame's.
        """
        self._frames, self._priors, self._views = frames, priors, views
        self._motion, self._settings = motion, settings
        self.masks = torch.zeros_like(priors)
        """(T, H, W) uint8 of this round, as far as it has come."""
        self.before = torch.zeros_like(priors)
        """Those of the round before."""
        self._plate: Plate | None = None

    @property
    def steps(self) -> int:
        """Of all rounds together."""
        return self._settings.mask_rounds * len(self._frames)

    def step(self, step: int) -> None:
        """Find the mask of one frame."""
        number, index = divmod(step, len(self._frames))
        if index == 0 and number > 0:
            self.before, self.masks = self.masks, torch.zeros_like(self.masks)
            self._plate = None
        if self._plate is None:
            self._plate = self._make_plate(self.before if number > 0 else None)
        self.masks[index] = (255 * self._mask(index, self._plate)).round().to(torch.uint8)

    def finish(self) -> Plate:
        """The plate that the last masks leave."""
        return self._make_plate(self.masks)

    def _mask(self, index: int, plate: Plate) -> Tensor:
        image = self._frames[index].float() / 255
        prior = self._priors[index].float() / 255
        cut = cut_out(
            image, prior, self._views[index], plate, index, self._motion[index],
            self._settings.band,
        )  # fmt: skip
        mask = torch.zeros_like(prior)
        if cut is not None:
            mask[cut.rows, cut.columns] = solve_matte(cut.scene, self._settings)
        return mask

    def _make_plate(self, masks: Tensor | None) -> Plate:
        """From the masks of a round, or from mesh and segmentation where there is none yet."""
        if masks is None:
            clear = [
                sure_background(view, prior.float() / 255, self._settings.band)
                for view, prior in zip(self._views, self._priors, strict=True)
            ]
        else:
            clear = [1 - grown((mask > 255 * CLEAR).float(), MARGIN) for mask in masks]
        background = (255 * torch.stack(clear)).to(torch.uint8)
        return make_plate(self._frames, background, self._motion)
