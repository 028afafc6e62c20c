"""How large the pictures are that the prior judges, from coarse to fine.

A UNet is convolutional: it takes smaller latents than it was trained on, for a price that falls
with their area, and little but detail is lost while the rendering has none.
"""

from collections.abc import Sequence


def picture_size(
    schedule: Sequence[tuple[float, float]], progress: float, image_size: int, multiple: int
) -> int:
    """Height and width of the pictures when a share of the steps is done, pixels.

    Args:
        schedule: (share of the steps from which it holds, share of `image_size`), in order of
            the former; the first one from 0.
        image_size: that the prior was trained on.
        multiple: what autoencoder and UNet halve evenly; sizes are rounded to it.
    """
    share = [size for start, size in schedule if start <= progress][-1]
    if share == 1:
        return image_size
    return max(1, round(share * image_size / multiple)) * multiple
