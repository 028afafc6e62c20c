"""All that the prior will be shown: cut, sampled, rendered, or taken from a checkpoint."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from album2avatar.assets import AssetTable
from album2avatar.checkpoint import Checkpoint
from album2avatar.personalization.pictures import (
    MaskedPhoto,
    TrainingPictures,
    cut_asset_close_ups,
    cut_pictures,
    encode_pictures,
)
from album2avatar.personalization.preservation import plan_class_pictures, sample_class_latents
from album2avatar.personalization.synthetic_priors import (
    SyntheticPictures,
    album_shots,
    render_synthetic_pictures,
)
from album2avatar.personalization.training import ClassPictures, TrainingData
from album2avatar.prior.model import Prior
from album2avatar.progress import JobControl
from album2avatar.settings import Settings


@dataclass(frozen=True)
class KeptData:
    """What a resumed run takes from its checkpoint instead of making it again."""

    tensors: dict[str, Tensor]
    metadata: dict[str, Any]


def prepare_data(
    prior: Prior,
    table: AssetTable,
    photos: Sequence[MaskedPhoto],
    settings: Settings,
    job: JobControl,
    checkpoint: Checkpoint | None,
) -> TrainingData:
    """Cut and encode the album; sample and render other people, where a loss wants them."""
    own = settings.personalization
    how = (len(table.assets), prior.image_size, own.plain_background_copies, settings.seed)
    cuts = cut_pictures(photos, *how)
    if own.asset_close_up_share > 0:
        cuts += cut_asset_close_ups(photos, *how)
    pictures = encode_pictures(prior, cuts, job.raise_if_cancelled)
    others, synthetic = None, None
    if own.class_weight > 0:
        others = _class_pictures(prior, table, settings, job, checkpoint)
    if own.synthetic_color_weight > 0 or own.synthetic_normal_weight > 0:
        synthetic = _synthetic_pictures(prior, pictures, settings, job, checkpoint)
    return TrainingData(table.subject, table.assets, pictures, others, synthetic)


def kept_data(data: TrainingData) -> KeptData:
    """What of `data` goes into a checkpoint."""
    tensors: dict[str, Tensor] = {}
    metadata: dict[str, Any] = {}
    if data.class_pictures is not None:
        tensors["class_latents"] = data.class_pictures.latents
    if data.synthetic is not None:
        tensors["synthetic_photos"] = data.synthetic.photos
        tensors["synthetic_normals"] = data.synthetic.normals
        metadata["synthetic_photo_prompts"] = data.synthetic.photo_prompts
        metadata["synthetic_normal_prompts"] = data.synthetic.normal_prompts
    return KeptData(tensors, metadata)


def _class_pictures(
    prior: Prior,
    table: AssetTable,
    settings: Settings,
    job: JobControl,
    checkpoint: Checkpoint | None,
) -> ClassPictures:
    own = settings.personalization
    plans = plan_class_pictures(table.subject, table.assets, own.class_pictures, settings.seed)
    if checkpoint is not None:
        return ClassPictures(tuple(plans), checkpoint.tensors["class_latents"].to(prior.device))
    latents = sample_class_latents(
        prior,
        plans,
        own.sampling_steps,
        own.sampling_guidance,
        settings.seed,
        job.raise_if_cancelled,
    )
    return ClassPictures(tuple(plans), latents)


def _synthetic_pictures(
    prior: Prior,
    pictures: TrainingPictures,
    settings: Settings,
    job: JobControl,
    checkpoint: Checkpoint | None,
) -> SyntheticPictures:
    if checkpoint is not None:
        return SyntheticPictures(
            checkpoint.tensors["synthetic_photos"].to(prior.device),
            checkpoint.tensors["synthetic_normals"].to(prior.device),
            tuple(checkpoint.metadata["synthetic_photo_prompts"]),
            tuple(checkpoint.metadata["synthetic_normal_prompts"]),
        )
    count = settings.personalization.synthetic_pictures
    shots = album_shots(pictures, count, settings.seed)
    return render_synthetic_pictures(prior, shots, settings.seed, job.raise_if_cancelled)
