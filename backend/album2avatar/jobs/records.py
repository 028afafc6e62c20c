"""What is known of a job for good: `job.json`."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from album2avatar.presets import build_settings, load_preset
from album2avatar.settings import Frozen, Settings
from album2avatar.stage_table import (
    CLIP_STAGE_NAMES,
    CLIP_STAGE_SHARES,
    CLIP_STAGE_TITLES,
    PROMPT_STAGE_NAMES,
    PROMPT_STAGE_SHARES,
    PROMPT_STAGE_TITLES,
    STAGE_NAMES,
    STAGE_SHARES,
    STAGE_TITLES,
    SWAP_STAGE_NAMES,
    SWAP_STAGE_SHARES,
    SWAP_STAGE_TITLES,
)
from album2avatar.wardrobe.garment import GarmentChoice
from album2avatar.workspace import Workspace

AlbumGoal = Literal["assets", "avatar"]
"""What can be made of an album; `assets` ends with their list, for the artist to look at."""

Goal = AlbumGoal | Literal["words", "swap", "clip"]
"""`words` makes an avatar that only words describe, `swap` a variant of a finished avatar that
wears another garment, `clip` an animation of a finished avatar after a video."""

JobState = Literal["queued", "running", "cancelling", "cancelled", "failed", "done"]

TERMINAL: frozenset[JobState] = frozenset({"cancelled", "failed", "done"})

_LAST_STAGES: Mapping[Goal, str] = {
    "assets": "segment",
    "avatar": "export",
    "words": "export",
    "swap": "export",
    "clip": "export",
}

_STAGE_NAMES: Mapping[Goal, tuple[str, ...]] = {
    "words": PROMPT_STAGE_NAMES,
    "swap": SWAP_STAGE_NAMES,
    "clip": CLIP_STAGE_NAMES,
}
_STAGE_TITLES: Mapping[Goal, Mapping[str, str]] = {
    "words": PROMPT_STAGE_TITLES,
    "swap": SWAP_STAGE_TITLES,
    "clip": CLIP_STAGE_TITLES,
}
_STAGE_SHARES: Mapping[Goal, Mapping[str, float]] = {
    "words": PROMPT_STAGE_SHARES,
    "swap": SWAP_STAGE_SHARES,
    "clip": CLIP_STAGE_SHARES,
}
"""Of the goals that need no photos; the others go through the stages of an album."""


class JobError(Frozen):
    """Why a job failed."""

    code: str
    message: str
    """A sentence with the way out."""


class JobRecord(Frozen):
    """One job: what was asked for, and how far its present run is."""

    format: Literal[1] = 1
    id: str = Field(pattern=r"^j[0-9a-f]{12}$")
    title: str
    goal: Goal
    album: str | None
    """Id of the album; None once it was forgotten, or where there is none."""
    folder: Path | None
    """Folder of the photos; None where words alone describe the person."""
    photos: tuple[str, ...]
    """Names of the photos and frames to use."""
    preset: str
    body: Literal["anny", "smplx"] = "anny"
    smplx_file: str = ""
    prompt_addition: str = ""
    prompt: str = ""
    """Who is made, where there is no album."""
    differences: tuple[dict[str, Any], ...] = ()
    """Differences from the preset, as they were asked for; later ones win."""
    base: str | None = None
    """Id of the job whose avatar is dressed anew or animated; None unless the goal is `swap` or
    `clip`."""
    base_root: Path | None = None
    """Folder of that avatar."""
    garment: GarmentChoice | None = None
    """What it puts on."""
    video: Path | None = None
    """The video that it is animated after."""
    workspace_root: Path
    idempotency_key: str = ""
    request_digest: str = ""
    """SHA-256 of the request that made this job, to tell a repeated one from another."""

    state: JobState = "queued"
    message: str = ""
    error: JobError | None = None
    run: int = Field(default=1, ge=1)
    """Counts how often the job was put into the queue."""
    attempts: int = Field(default=0, ge=0)
    """Counts the processes that were started for it."""
    created_at: str
    queued_at: str
    started_at: str | None = None
    finished_at: str | None = None

    @property
    def workspace(self) -> Workspace:
        """The avatar's folder."""
        return Workspace(self.workspace_root)

    @property
    def stages(self) -> tuple[str, ...]:
        """Names of the stages that this goal takes, in order."""
        names = _STAGE_NAMES.get(self.goal, STAGE_NAMES)
        return names[: names.index(self.last_stage) + 1]

    @property
    def stage_titles(self) -> Mapping[str, str]:
        """What the stages do, in an artist's words."""
        return _STAGE_TITLES.get(self.goal, STAGE_TITLES)

    @property
    def stage_shares(self) -> Mapping[str, float]:
        """Share of a whole avatar's time that each of the stages takes, in their order; of a
        clip's time where a clip is made."""
        shares = _STAGE_SHARES.get(self.goal, STAGE_SHARES)
        return {stage: shares[stage] for stage in self.stages}

    @property
    def last_stage(self) -> str:
        """Name of the stage after which the job is done."""
        return _LAST_STAGES[self.goal]

    @property
    def makes_avatar(self) -> bool:
        """Whether there is an avatar in the end; a clip has only a copy of one."""
        return self.goal not in ("assets", "clip")

    @property
    def is_finished(self) -> bool:
        """Nothing more will happen to it unless it is resumed."""
        return self.state in TERMINAL

    @property
    def hero_photo(self) -> str:
        """Id of the photo that was asked for last as the hero; empty for none."""
        for difference in reversed(self.differences):
            refine = difference.get("refine")
            if isinstance(refine, dict) and isinstance(hero := refine.get("hero_photo"), str):
                return hero
        return ""

    def settings(self) -> Settings:
        """Merge the preset with everything that was asked for.

        Raises:
            SettingsError: something in it is unknown or out of range.
        """
        asked: dict[str, Any] = {"fitting": {"body": self.body, "smplx_file": self.smplx_file}}
        asked["prompt_addition"] = self.prompt_addition
        return build_settings([load_preset(self.preset), asked, *self.differences])


def now() -> str:
    """Present time as ISO 8601 in UTC."""
    return datetime.now(UTC).isoformat(timespec="microseconds")
