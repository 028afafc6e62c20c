"""The describing stage: a sentence becomes a body, its assets, and an album without photos."""

import torch

from album2avatar.album_choice import read_prompt
from album2avatar.asset_table import save_asset_table
from album2avatar.assets import Asset, AssetTable, Subject
from album2avatar.attire.worn import PATTERNED_BODIES, whole_person
from album2avatar.body.anny import load_anny_body
from album2avatar.body.storage import save_body, save_poses
from album2avatar.body.types import PhotoPoses
from album2avatar.errors import SettingsError
from album2avatar.model_folders import find_model
from album2avatar.prior.personalized import PersonalizationRecord, hash_of_weights, save_record
from album2avatar.prior.prompt_parsing import Description, parse_description
from album2avatar.progress import JobControl
from album2avatar.render.camera import Cameras
from album2avatar.settings import Settings
from album2avatar.workspace import Workspace


def run(workspace: Workspace, settings: Settings, job: JobControl) -> None:
    """Write what intake, segmentation, personalisation and fitting would write of no photos.

    Raises:
        SettingsError: the body is one that no pattern fits.
    """
    if settings.fitting.body not in PATTERNED_BODIES:
        raise SettingsError(
            f"fitting.body is '{settings.fitting.body}', but a person can be described on "
            f"{', '.join(sorted(PATTERNED_BODIES))} alone. Set fitting.body to 'anny'."
        )
    description = parse_description(read_prompt(workspace))
    subject: Subject = description.subject or "person"
    model = load_anny_body(lambda message: job.report(0, 1, message))
    job.raise_if_cancelled()
    save_body(workspace.body, model.canonical(model.usual_shape(subject)))
    save_poses(workspace.poses, no_poses(len(model.parents)))
    assets = whole_person(description)
    save_asset_table(workspace, AssetTable(subject=subject, assets=assets, photos=()))
    save_record(
        workspace.personalization,
        PersonalizationRecord(
            subject=subject,
            assets=tuple(Asset(kind=p.kind, name=p.words) for p in description.phrases),
            prior=settings.prior,
            prior_hash=hash_of_weights(find_model(settings.prior)),
            prompts=(),
            words=description.rest,
        ),
    )
    job.report(1, 1, understood(subject, description))


def no_poses(bone_count: int) -> PhotoPoses:
    """The poses of an album without photos."""
    return PhotoPoses(
        photos=(),
        bone_transforms=torch.zeros(0, bone_count, 4, 4),
        cameras=Cameras(torch.zeros(0, 4, 4), torch.zeros(0)),
        image_sizes=torch.zeros(0, 2, dtype=torch.int64),
    )


def understood(subject: Subject, description: Description) -> str:
    """What of a sentence became assets, for the artist."""
    assets = ", ".join(f"{phrase.kind}: {phrase.words}" for phrase in description.phrases)
    other = f"; in other words: {description.rest}" if description.rest else ""
    return f"{subject}; {assets or 'no assets'}{other}"
