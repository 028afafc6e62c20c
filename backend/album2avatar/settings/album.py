"""Settings of the album stage."""

from pydantic import Field

from album2avatar.flaws import Flaw
from album2avatar.settings.base import Frozen


class AlbumSettings(Frozen):
    """Which photos are accepted and used, and what they are turned into."""

    leave_out: tuple[Flaw, ...] = (
        "small",
        "blurred",
        "dark",
        "overexposed",
        "twin",
        "nobody",
        "several",
    )
    """What speaks so much against a photo that it isn't used, unless the artist keeps it. What is
    not named is only said. Half a person still shows half of the clothes, so `cut` isn't here."""
    frames_per_video: int = Field(default=12, ge=1, le=200)
    """Parts of equal length into which a video is divided; of each the sharpest frame becomes a
    photo, which may then still be left out. Twelve show a person who turns around from each
    side about twice."""

    long_side: int = Field(default=1024, ge=128, le=4096)
    """Long side in pixels of the photos that the stages work on; twice the resolution at
    which a Stable Diffusion prior is personalised, so that crops of the face stay sharp.
    Smaller photos keep their size."""
    short_side_min: int = Field(default=64, ge=16, le=1024)
    """Photos whose short side is smaller are refused: fewer pixels show no garment's shape."""
    megapixels_max: float = Field(default=64.0, gt=0, le=500)
    """Photos with more are refused before they are decoded. Cameras end near 60; more is
    usually a scan, or a file that was made to exhaust the memory."""
    memory_mebibytes: int = Field(default=2048, ge=512, le=65536)
    """Memory that the decoding process may take. A PNG of 64 megapixels with transparency took
    872."""
    seconds_per_photo: float = Field(default=60.0, gt=0, le=3600)
    """Longest time to decode one photo; a 64-megapixel HEIC took six on a busy core."""
