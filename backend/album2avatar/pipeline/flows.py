"""Tables of stages: three ways to an avatar (album, words, another garment), and one to a clip."""

from pathlib import Path

from album2avatar.album import clip_stage as album_clip_stage
from album2avatar.album import stage as album_stage
from album2avatar.album_choice import file_and_moment, read_album_choice
from album2avatar.clip.record import load_clip
from album2avatar.decomposition import stage as decomposition_stage
from album2avatar.description import stage as description_stage
from album2avatar.export import clip_stage as export_clip_stage
from album2avatar.export import stage as export_stage
from album2avatar.files import in_home
from album2avatar.fitting import clip_stage as fitting_clip_stage
from album2avatar.fitting import stage as fitting_stage
from album2avatar.model_folders import find_model
from album2avatar.paint import stage as paint_stage
from album2avatar.paint import swap_stage as paint_swap_stage
from album2avatar.personalization import stage as personalization_stage
from album2avatar.personalization import swap_stage as personalization_swap_stage
from album2avatar.pipeline import drafting
from album2avatar.pipeline.stage import Stage
from album2avatar.refine import stage as refine_stage
from album2avatar.rig import stage as rig_stage
from album2avatar.rig import swap_stage as rig_swap_stage
from album2avatar.sculpt import stage as sculpt_stage
from album2avatar.sculpt import swap_stage as sculpt_swap_stage
from album2avatar.segmentation import clip_stage as segmentation_clip_stage
from album2avatar.segmentation import stage as segmentation_stage
from album2avatar.segmentation.grounded_sam.models import grounded_sam_models
from album2avatar.settings import GuidanceSettings, Settings
from album2avatar.workspace import Workspace


def _photos(workspace: Workspace) -> list[Path]:
    return [workspace.album / "photos", workspace.album_index]


def _masks(workspace: Workspace) -> list[Path]:
    return [workspace.asset_table, workspace.asset_table.parent / "masks"]


def _given_to_swap(workspace: Workspace) -> list[Path]:
    """What every stage of a swap that asks the prior reads."""
    return [
        workspace.swap_file,
        workspace.garment,
        workspace.body,
        workspace.asset_table,
        workspace.personalization,
    ]


def _given(path: str) -> list[Path]:
    """The artist's own file or folder, where a setting names one."""
    return [in_home(path)] if path else []


def _conditioners(settings: Settings) -> list[Path]:
    """The network that leads the second pass, where there is one."""
    second_pass = settings.personalization.second_pass
    return [find_model(second_pass.conditioner)] if second_pass.paints else []


def _tiny_encoders(settings: Settings) -> list[Path]:
    """The encoder that stands in for the prior's own, where one is chosen."""
    return [find_model(name)] if (name := settings.performance.tiny_encoder) else []


def _leading(guidance: GuidanceSettings) -> list[Path]:
    """The network that leads score distillation, where there is one."""
    return [find_model(guidance.conditioner)] if guidance.conditioner else []


def _album_files(workspace: Workspace) -> list[Path]:
    choice = read_album_choice(workspace)
    folder = choice.folder
    if folder.is_file():
        return [folder]
    if choice.photos is not None:
        return [folder / file for file in sorted({file_and_moment(n)[0] for n in choice.photos})]
    return sorted(path for path in folder.iterdir() if path.is_file()) if folder.is_dir() else []


_EXPORT = Stage(
    name="export",
    run=export_stage.run,
    section="export",
    inputs=lambda workspace, settings: [
        workspace.rigged,
        workspace.albedo,
        workspace.normal_map,
        workspace.roughness_map,
        workspace.asset_table,
        workspace.body,
    ],
    outputs=lambda workspace: [workspace.glb],
    also_reads=("seed", "prior", "prompt_addition"),
    version=2,
)

STAGES: tuple[Stage, ...] = (
    Stage(
        name="intake",
        run=album_stage.run,
        section="album",
        inputs=lambda workspace, settings: [
            workspace.job_file,
            *_album_files(workspace),
            find_model(settings.segmentation.perception),
        ],
        outputs=lambda workspace: [workspace.album_index],
        version=3,
    ),
    Stage(
        name="segment",
        run=segmentation_stage.run,
        section="segmentation",
        inputs=lambda workspace, settings: [
            *_photos(workspace),
            find_model(settings.segmentation.perception),
            *_given(settings.segmentation.masks_folder),
            *grounded_sam_models(settings.segmentation),
        ],
        outputs=lambda workspace: [workspace.asset_table],
        version=3,
    ),
    Stage(
        name="fit",
        run=fitting_stage.run,
        section="fitting",
        inputs=lambda workspace, settings: [
            *_photos(workspace),
            *_masks(workspace),
            *_given(settings.fitting.smplx_file),
        ],
        outputs=lambda workspace: [workspace.body, workspace.poses],
        version=2,
    ),
    Stage(
        name="draft",
        run=drafting.run,
        section="draft",
        inputs=lambda workspace, settings: [
            workspace.body,
            workspace.poses,
            *_photos(workspace),
            *_masks(workspace),
        ],
        outputs=lambda workspace: [
            workspace.draft.painted,
            workspace.draft.albedo,
            workspace.draft.glb,
            workspace.draft_report,
        ],
        also_reads=("rig",),
        version=5,
    ),
    Stage(
        name="personalize",
        run=personalization_stage.run,
        section="personalization",
        inputs=lambda workspace, settings: [
            *_photos(workspace),
            *_masks(workspace),
            find_model(settings.prior),
            *_conditioners(settings),
        ],
        outputs=lambda workspace: [workspace.personalization / "personalization.json"],
        also_reads=("seed", "device", "prior"),
        version=2,
    ),
    Stage(
        name="sculpt",
        run=sculpt_stage.run,
        section="sculpt",
        inputs=lambda workspace, settings: [
            workspace.body,
            workspace.poses,
            *_masks(workspace),
            workspace.personalization,
            workspace.draft.painted,
            *_tiny_encoders(settings),
            *_leading(settings.sculpt.guidance),
        ],
        outputs=lambda workspace: [workspace.sculpt, workspace.sculpt_cost],
        also_reads=("seed", "device", "prior", "prompt_addition", "performance"),
        version=8,
    ),
    Stage(
        name="paint",
        run=paint_stage.run,
        section="paint",
        inputs=lambda workspace, settings: [
            workspace.sculpt,
            workspace.body,
            workspace.poses,
            *_photos(workspace),
            *_masks(workspace),
            workspace.personalization,
            *_tiny_encoders(settings),
            *_leading(settings.paint.guidance),
        ],
        outputs=lambda workspace: [
            workspace.distilled,
            workspace.distilled_albedo,
            workspace.normal_map,
            workspace.roughness_map,
            workspace.paint_cost,
        ],
        also_reads=("seed", "device", "prior", "prompt_addition", "performance"),
        version=9,
    ),
    Stage(
        name="refine",
        run=refine_stage.run,
        section="refine",
        inputs=lambda workspace, settings: [
            workspace.distilled,
            workspace.distilled_albedo,
            workspace.body,
            workspace.poses,
            *_photos(workspace),
            *_masks(workspace),
        ],
        outputs=lambda workspace: [workspace.painted, workspace.albedo],
        also_reads=("seed", "rig", "prompt_addition"),
        version=16,
    ),
    Stage(
        name="rig",
        run=rig_stage.run,
        section="rig",
        inputs=lambda workspace, settings: [
            workspace.painted,
            workspace.albedo,
            workspace.body,
            workspace.asset_table,
        ],
        outputs=lambda workspace: [workspace.rigged],
        also_reads=("prompt_addition",),
        version=2,
    ),
    _EXPORT,
)
"""From the album to the avatar."""

SWAP_STAGES: tuple[Stage, ...] = (
    Stage(
        name="compose",
        run=personalization_swap_stage.run,
        section="swap",
        inputs=lambda workspace, settings: [
            workspace.swap_file,
            workspace.base.personalization,
            workspace.garment,
            find_model(settings.prior),
        ],
        outputs=lambda workspace: [
            workspace.asset_table,
            workspace.personalization / "personalization.json",
        ],
        also_reads=("prior",),
        version=2,
    ),
    Stage(
        name="sculpt",
        run=sculpt_swap_stage.run,
        section="sculpt",
        inputs=lambda workspace, settings: [
            *_given_to_swap(workspace),
            workspace.base.painted,
            *_tiny_encoders(settings),
            *_leading(settings.sculpt.guidance),
        ],
        outputs=lambda workspace: [workspace.sculpt, workspace.sculpt_cost],
        also_reads=("seed", "device", "prior", "prompt_addition", "performance", "swap"),
        version=5,
    ),
    Stage(
        name="paint",
        run=paint_swap_stage.run,
        section="paint",
        inputs=lambda workspace, settings: [
            *_given_to_swap(workspace),
            workspace.sculpt,
            workspace.base.painted,
            workspace.base.albedo,
            workspace.base.normal_map,
            workspace.base.roughness_map,
            *_tiny_encoders(settings),
            *_leading(settings.paint.guidance),
        ],
        outputs=lambda workspace: [workspace.painted, workspace.albedo, workspace.paint_cost],
        also_reads=("seed", "device", "prior", "prompt_addition", "performance", "swap"),
        version=2,
    ),
    Stage(
        name="rig",
        run=rig_swap_stage.run,
        section="rig",
        inputs=lambda workspace, settings: [
            workspace.sculpt,
            workspace.painted,
            workspace.albedo,
            workspace.body,
            workspace.asset_table,
            workspace.base.rigged,
        ],
        outputs=lambda workspace: [workspace.rigged],
        version=2,
    ),
    _EXPORT,
)
"""From a finished avatar to a variant with another garment."""

PROMPT_STAGES: tuple[Stage, ...] = (
    Stage(
        name="describe",
        run=description_stage.run,
        section="fitting",
        inputs=lambda workspace, settings: [workspace.job_file, find_model(settings.prior)],
        outputs=lambda workspace: [
            workspace.asset_table,
            workspace.body,
            workspace.poses,
            workspace.personalization / "personalization.json",
        ],
        also_reads=("prior",),
    ),
    *(stage for stage in STAGES if stage.name in ("sculpt", "paint", "refine", "rig", "export")),
)
"""What makes an avatar from words alone; an album's later stages, which find no photos."""


def _frames(workspace: Workspace) -> list[Path]:
    return [workspace.frames_index.parent]


def _sightings(workspace: Workspace) -> list[Path]:
    return [workspace.sightings, workspace.person_mask(0).parent]


CLIP_STAGES: tuple[Stage, ...] = (
    Stage(
        name="frames",
        run=album_clip_stage.run,
        section="clip",
        inputs=lambda workspace, settings: [Path(load_clip(workspace).video)],
        outputs=lambda workspace: [workspace.frames_index],
        also_reads=("album",),
    ),
    Stage(
        name="segment",
        run=segmentation_clip_stage.run,
        section="segmentation",
        inputs=lambda workspace, settings: [
            *_frames(workspace),
            find_model(settings.segmentation.perception),
            *grounded_sam_models(settings.segmentation),
        ],
        outputs=lambda workspace: [workspace.camera_motion, workspace.sightings],
        also_reads=("clip", "device"),
    ),
    Stage(
        name="track",
        run=fitting_clip_stage.run,
        section="fitting",
        inputs=lambda workspace, settings: [
            *_frames(workspace),
            *_sightings(workspace),
            workspace.camera_motion,
            workspace.base.rigged,
            workspace.base.body,
        ],
        outputs=lambda workspace: [workspace.clip_poses],
        also_reads=("clip",),
    ),
    Stage(
        name="decompose",
        run=decomposition_stage.run,
        section="clip",
        inputs=lambda workspace, settings: [
            *_frames(workspace),
            *_sightings(workspace),
            workspace.camera_motion,
            workspace.clip_poses,
            workspace.base.rigged,
        ],
        outputs=lambda workspace: [
            workspace.clip_plate,
            workspace.clip_masks,
            workspace.clip_report,
        ],
    ),
    Stage(
        name="export",
        run=export_clip_stage.run,
        section="export",
        inputs=lambda workspace, settings: [
            *_frames(workspace),
            workspace.camera_motion,
            workspace.clip_plate,
            workspace.clip_masks,
            workspace.clip_poses,
            workspace.base.body,
            workspace.base.rigged,
            workspace.base.albedo,
            workspace.base.normal_map,
            workspace.base.roughness_map,
            workspace.base.asset_table,
        ],
        outputs=lambda workspace: [workspace.clip_glb, workspace.clip_preview],
        also_reads=("seed", "prior", "prompt_addition"),
    ),
)
"""From a finished avatar and a video to plate, masks and an animated avatar."""
