"""Typed settings; a preset is a file of differences from these defaults."""

from typing import Literal

from pydantic import Field

from album2avatar.settings.album import AlbumSettings
from album2avatar.settings.base import Frozen
from album2avatar.settings.clip import ClipSettings
from album2avatar.settings.draft import DraftSettings
from album2avatar.settings.export import ExportSettings
from album2avatar.settings.fitting import FittingSettings
from album2avatar.settings.guidance import GuidanceSettings
from album2avatar.settings.paint import PaintSettings
from album2avatar.settings.performance import PerformanceSettings
from album2avatar.settings.personalization import PersonalizationSettings
from album2avatar.settings.refine import RefineSettings
from album2avatar.settings.rig import RigSettings
from album2avatar.settings.sculpt import SculptGuidanceSettings, SculptSettings
from album2avatar.settings.segmentation import GroundedSamSettings, SegmentationSettings
from album2avatar.settings.swap import SwapSettings

__all__ = [
    "AlbumSettings",
    "ClipSettings",
    "DraftSettings",
    "ExportSettings",
    "FittingSettings",
    "Frozen",
    "GroundedSamSettings",
    "GuidanceSettings",
    "PaintSettings",
    "PerformanceSettings",
    "PersonalizationSettings",
    "RefineSettings",
    "RigSettings",
    "SculptGuidanceSettings",
    "SculptSettings",
    "SegmentationSettings",
    "Settings",
    "SwapSettings",
]


class Settings(Frozen):
    """Everything that decides what an avatar looks like."""

    seed: int = Field(default=0, ge=0, lt=2**31)
    """Seed of every random draw."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where tensors live; `auto` takes CUDA where there is one."""
    threads: int = Field(default=2, ge=1, le=64)
    """CPU threads. More threads than free cores is slower than one."""
    prior: str = "demo-prior"
    """Diffusion model: a name below the models folder, the path of a diffusers folder, or the
    OWNER/NAME of a model that `album2avatar models get` brought from the hub."""

    prompt_addition: str = Field(default="", max_length=200)
    """Words that add to the person, such as `with a red hat`. Clothes, hair and headwear that the
    album doesn't have become assets; the rest stands at the end of every prompt that shape and
    colours are distilled with. The person's own assets stay as the album shows them."""

    performance: PerformanceSettings = Field(default_factory=PerformanceSettings)
    album: AlbumSettings = Field(default_factory=AlbumSettings)
    segmentation: SegmentationSettings = Field(default_factory=SegmentationSettings)
    personalization: PersonalizationSettings = Field(default_factory=PersonalizationSettings)
    fitting: FittingSettings = Field(default_factory=FittingSettings)
    draft: DraftSettings = Field(default_factory=DraftSettings)
    sculpt: SculptSettings = Field(default_factory=SculptSettings)
    paint: PaintSettings = Field(default_factory=PaintSettings)
    refine: RefineSettings = Field(default_factory=RefineSettings)
    rig: RigSettings = Field(default_factory=RigSettings)
    export: ExportSettings = Field(default_factory=ExportSettings)
    swap: SwapSettings = Field(default_factory=SwapSettings)
    clip: ClipSettings = Field(default_factory=ClipSettings)
