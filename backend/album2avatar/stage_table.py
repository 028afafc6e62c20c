"""The stages' names, titles and usual lengths, for whoever shows progress. Loads no stage."""

from collections.abc import Mapping

STAGE_TITLES: Mapping[str, str] = {
    "intake": "Read the photos",
    "segment": "Find the assets",
    "fit": "Fit the body",
    "draft": "Make a draft",
    "personalize": "Learn the assets",
    "sculpt": "Sculpt the shape",
    "paint": "Paint the surface",
    "refine": "Match the photos",
    "rig": "Rig the mesh",
    "export": "Write the avatar",
}
"""Stage name to what it does in an artist's words, in the order of the pipeline."""

STAGE_NAMES: tuple[str, ...] = tuple(STAGE_TITLES)

PROMPT_STAGE_TITLES: Mapping[str, str] = {
    "describe": "Read the description",
    **{stage: STAGE_TITLES[stage] for stage in ("sculpt", "paint", "refine", "rig", "export")},
}
"""The same for an avatar of a person whom only words describe."""

PROMPT_STAGE_NAMES: tuple[str, ...] = tuple(PROMPT_STAGE_TITLES)

SWAP_STAGE_TITLES: Mapping[str, str] = {
    "compose": "Bring the pieces together",
    "sculpt": "Shape the garment",
    "paint": "Paint the garment",
    "rig": "Rig the mesh",
    "export": "Write the avatar",
}
"""The same for an avatar that puts on another garment."""

SWAP_STAGE_NAMES: tuple[str, ...] = tuple(SWAP_STAGE_TITLES)

CLIP_STAGE_TITLES: Mapping[str, str] = {
    "frames": "Read the video",
    "segment": "Find the person",
    "track": "Follow the movement",
    "decompose": "Part person and background",
    "export": "Write the animation",
}
"""The same for a video that is put on a finished avatar."""

CLIP_STAGE_NAMES: tuple[str, ...] = tuple(CLIP_STAGE_TITLES)

STAGE_SHARES: Mapping[str, float] = {
    "intake": 0.011,
    "segment": 0.028,
    "fit": 0.083,
    "draft": 0.039,
    "personalize": 0.307,
    "sculpt": 0.176,
    "paint": 0.157,
    "refine": 0.195,
    "rig": 0.003,
    "export": 0.001,
}
"""Share of a whole job's time that a stage takes: 12 photos with the preset `demo` on two CPU
cores, as `workspace.json` records it."""

PROMPT_STAGE_SHARES: Mapping[str, float] = {
    "describe": 0.01,
    **{stage: STAGE_SHARES[stage] for stage in ("sculpt", "paint", "refine", "rig", "export")},
}
"""Share of that time that a stage takes where there is no album."""

SWAP_STAGE_SHARES: Mapping[str, float] = {
    "compose": 0.02,
    "sculpt": 0.176,
    "paint": 0.157,
    "rig": 0.003,
    "export": 0.001,
}
"""Share of a whole avatar's time that a stage of a garment swap takes."""

CLIP_STAGE_SHARES: Mapping[str, float] = {
    "frames": 0.023,
    "segment": 0.306,
    "track": 0.197,
    "decompose": 0.455,
    "export": 0.019,
}
"""Share of a clip's time that a stage takes: 19 frames of 480 x 480 pixels with the settings'
defaults on two CPU cores, as `workspace.json` records it."""
