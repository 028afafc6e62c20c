"""The person in each frame of a clip: a mask, joints, and the side that is seen."""

from collections.abc import Mapping, Sequence
from typing import cast

import torch
from torch import Tensor

from album2avatar.album_index import AlbumPhoto
from album2avatar.asset_table import KIND_ORDER
from album2avatar.assets import VIEWS, View
from album2avatar.body.keypoints import KEYPOINTS
from album2avatar.checkpoint import load_checkpoint, save_checkpoint
from album2avatar.clip.camera_motion import estimate_motion, load_motion, save_motion
from album2avatar.clip.frames import load_frame, load_frame_index
from album2avatar.clip.sightings import Sighting, Sightings, save_sightings
from album2avatar.errors import AlbumError
from album2avatar.model_folders import find_model
from album2avatar.perception.model import Perceived, Perception, load_perception
from album2avatar.perception.presence import shows_person
from album2avatar.pictures import save_grey
from album2avatar.progress import JobControl
from album2avatar.segmentation.clip_background import (
    plain_behind,
    still_background,
    still_person,
)
from album2avatar.segmentation.perceived_assets import PerceivedAssets
from album2avatar.segmentation.provider import SegmentationProvider, SourceImage
from album2avatar.segmentation.stage import make_provider
from album2avatar.settings import Settings
from album2avatar.workspace import Workspace


def run(workspace: Workspace, settings: Settings, job: JobControl) -> None:
    """Find how the camera moves, then look at every frame before a plain wall.

    Where the sightings are, the masks are complete. What stays as it is from frame to frame is
    painted over, for networks take floors for skin; not so where the person stands still.

    Masks that the artist painted belong to an album's photos: then the perception network finds
    those of the frames.

    Raises:
        AlbumError: too few frames show a person.
        ModelError: a model that the settings name can't be used.
    """
    index = load_frame_index(workspace.frames_index)
    workspace.sightings.unlink(missing_ok=True)
    perception = load_perception(find_model(settings.segmentation.perception))
    is_own = settings.segmentation.provider == "masks"
    provider = PerceivedAssets() if is_own else make_provider(settings)
    count = len(index.milliseconds)
    frames = torch.stack([torch.tensor(load_frame(workspace, n)) for n in range(count)])
    checkpoint_path = workspace.checkpoint(job.stage)
    checkpoint = load_checkpoint(checkpoint_path)
    if checkpoint is None:
        save_motion(workspace.camera_motion, _motion(frames, perception, settings, job))
    motion = load_motion(workspace.camera_motion)
    still = still_background(frames, motion)
    if still_person(perception, still):
        job.report(0, count, message="the person stands still; the background is not told apart")
        still = None
    rows = torch.zeros(count, 2 + 3 * len(KEYPOINTS))
    start = 0
    if checkpoint is not None:
        start, rows = checkpoint.step, checkpoint.tensors["rows"].clone()
    for step in job.steps(count, start):
        pixels = frames[step].float() / 255
        if still is not None:
            pixels = plain_behind(pixels, still, motion[step])
        perceived = perception.perceive_photo(pixels)
        rows[step] = _row(perceived, settings.segmentation.person_share_min)
        save_grey(workspace.person_mask(step), _person(pixels, perceived, provider, step))
        if (step + 1) % settings.clip.checkpoint_every == 0:
            save_checkpoint(checkpoint_path, step + 1, {"rows": rows})
        job.report(step + 1, count)
    sightings = Sightings(frames=tuple(_sighting(row) for row in rows.tolist()))
    shown = sum(frame.is_person for frame in sightings.frames)
    if shown < max(2.0, settings.clip.person_share_min * count):
        raise AlbumError(
            f"A person was found in {shown} of {count} frames. Trim the video to where the person "
            "is (clip.start, clip.end), or lower clip.person_share_min."
        )
    for path in workspace.person_mask(0).parent.glob("*.png"):
        if int(path.stem) >= count:
            path.unlink()
    save_sightings(workspace.sightings, sightings)
    job.report(count, count, message=f"a person in {shown} of {count} frames")


def _motion(frames: Tensor, perception: Perception, settings: Settings, job: JobControl) -> Tensor:
    """How the camera moved, by what a glance at each frame doesn't take for a person."""
    job.report(0, 1, message="looking how the camera moves")
    masks: list[Tensor] = []
    for frame in frames:
        job.raise_if_cancelled()
        glance = perception.perceive(frame.float() / 255)
        masks.append(1 - glance.pixels[glance.pixel_classes.index("background")])
    grey = frames.float().mean(-1) / 255
    return estimate_motion(
        grey, torch.stack(masks), settings.clip.camera_motion_max, job.raise_if_cancelled
    )


def _person(
    pixels: Tensor, perceived: Perceived, provider: SegmentationProvider, number: int
) -> Tensor:
    """(H, W) how surely each pixel is person."""
    height, width = pixels.shape[:2]
    photo = AlbumPhoto(
        id=f"{number:04d}",
        original=f"frame {number}",
        sha256="",
        width=width,
        height=height,
        original_width=width,
        original_height=height,
        orientation=1,
    )
    (masks,) = provider.segment([SourceImage(photo, pixels, perceived)], KIND_ORDER)
    if not masks:
        return torch.zeros(height, width)
    return torch.stack([mask.mask.float().cpu() for mask in masks]).sum(0).clamp(0, 1)


def _row(perceived: Perceived, person_share_min: float) -> Tensor:
    """Everything of a sighting as numbers: person or not, view, keypoints."""
    known: Mapping[str, Sequence[float]] = dict(
        zip(perceived.keypoint_names, perceived.keypoints.tolist(), strict=True)
    )
    points = [known.get(name, (0.0, 0.0, 0.0)) for name in KEYPOINTS]
    view = VIEWS.index(cast("View", perceived.word("view")))
    is_person = shows_person(perceived, person_share_min)
    return torch.cat(
        [torch.tensor([float(is_person), float(view)]), torch.tensor(points).flatten()]
    )


def _sighting(row: Sequence[float]) -> Sighting:
    points = [
        (round(row[at], 2), round(row[at + 1], 2), round(row[at + 2], 4))
        for at in range(2, len(row), 3)
    ]
    return Sighting(is_person=bool(row[0]), view=VIEWS[int(row[1])], keypoints=tuple(points))
