"""Records as the backend would tell them."""

from dataclasses import replace

from blender_addon.connection.types import (
    Album,
    Asset,
    AssetPhoto,
    Body,
    Job,
    Photo,
    Preset,
    Snapshot,
)


def photo(id: str, verdict: str = "good", *warnings: str) -> Photo:
    return Photo(id, f"{id}.jpg", 800, 600, verdict, warnings, None)


ALBUM = Album(
    "a1",
    "/photos",
    "Summer",
    "ready",
    3,
    3,
    "",
    (photo("p1"), photo("p2", "warning", "It is blurred."), photo("p3", "rejected", "No person.")),
)
JOB = Job(
    id="j1",
    title="Summer",
    goal="assets",
    state="done",
    position=None,
    stage="",
    stage_title="",
    stage_index=0,
    stage_count=8,
    step=0,
    total=0,
    progress=0.0,
    seconds_left=None,
    message="",
    error=None,
    created_at="",
    started_at=None,
    finished_at=None,
    album="a1",
    folder="/photos",
    preset="demo",
    body="anny",
    prompt_addition="",
    workspace="/avatars/summer",
    preview=None,
    log=None,
    log_path="",
    avatar=None,
    avatar_path=None,
    has_assets=True,
    attempts=1,
    last_event=1,
)
READY = Snapshot(
    status="ready",
    albums=(ALBUM,),
    jobs=(JOB,),
    presets=(Preset("demo", "Demo", "", True, None), Preset("fine", "Fine", "", False, None)),
    bodies=(
        Body("anny", "Anny", True, ""),
        Body("smplx", "SMPL-X", True, ""),
    ),
)
TOP = Asset(
    "top", "sweater", "<asset1>", None, (AssetPhoto("p1", 0.1, "m1"), AssetPhoto("p2", 0.3, "m2"))
)

__all__ = ["ALBUM", "JOB", "READY", "TOP", "photo", "replace"]
