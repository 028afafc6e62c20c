"""Settings of a clip: a video put on a finished avatar."""

from pydantic import Field

from album2avatar.settings.base import Frozen


class ClipSettings(Frozen):
    """Which part of the video is used, and how plate, masks and poses are found."""

    start: float = Field(default=0.0, ge=0)
    """Second of the video at which the clip begins."""
    end: float = Field(default=0.0, ge=0)
    """Second at which it ends; 0 takes everything up to the video's end."""
    frames_per_second: float = Field(default=15.0, gt=0, le=120)
    """Frames taken of each second; a video that has fewer gives all that it has. Fifteen follow a
    wave of the hand."""
    frames_max: int = Field(default=180, ge=2, le=2000)
    """A longer clip is refused: all its frames are looked at together. 180 are twelve seconds."""
    long_side: int = Field(default=960, ge=128, le=4096)
    """Long side in pixels of frames, plate and masks."""
    person_share_min: float = Field(default=0.5, ge=0, le=1)
    """Share of the frames that must show a person."""
    camera_motion_max: float = Field(default=0.12, ge=0, le=0.5)
    """Farthest that the camera may move the background, in frame widths: a steady hand. A camera
    that follows the person needs another tool."""

    keypoint_steps: int = Field(default=60, ge=1, le=5000)
    """Steps of the poses to keypoints alone, all frames together."""
    outline_steps: int = Field(default=40, ge=0, le=5000)
    """Steps of the poses to keypoints and outlines."""
    outline_resolution: int = Field(default=80, ge=32, le=1024)
    """Pixels of the outlines that are compared, each side."""
    outline_weight: float = Field(default=300.0, ge=0)
    """Energy of a square metre by which the avatar's outline and the person's differ."""
    acceleration: float = Field(default=12.0, gt=0)
    """Usual acceleration of a joint in metres per second squared; less makes the poses smoother."""

    mask_rounds: int = Field(default=2, ge=1, le=10)
    """How often plate and masks are found from one another."""
    mask_steps: int = Field(default=24, ge=1, le=5000)
    """Steps of a frame's mask in each round."""
    band: float = Field(default=0.07, ge=0, le=1)
    """Metres outside of the avatar's outline in which hair and cloth may be."""
    mesh_weight: float = Field(default=1.0, ge=0)
    """Weight of what is foreground beyond that band, or background deep inside of the outline."""
    sparse_weight: float = Field(default=0.3, ge=0)
    """Weight of every pixel's opacity being neither 0 nor 1."""
    smooth_weight: float = Field(default=2.0, ge=0)
    """Weight of neighbours that differ in opacity where the picture has no edge."""
    prior_weight: float = Field(default=0.6, ge=0)
    """Weight of the segmentation's mask."""

    checkpoint_every: int = Field(default=20, ge=1)
    """Steps between checkpoints."""
