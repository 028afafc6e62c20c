"""The keypoints that perception finds in photos and every body model can place."""

KEYPOINT_BONES: dict[str, str] = {
    "pelvis": "root",
    "neck": "neck01",
    "head": "head",
    "left_eye": "eye.L",
    "right_eye": "eye.R",
    "left_shoulder": "upperarm01.L",
    "right_shoulder": "upperarm01.R",
    "left_elbow": "lowerarm01.L",
    "right_elbow": "lowerarm01.R",
    "left_wrist": "wrist.L",
    "right_wrist": "wrist.R",
    "left_hand": "finger3-1.L",
    "right_hand": "finger3-1.R",
    "left_hip": "upperleg01.L",
    "right_hip": "upperleg01.R",
    "left_knee": "lowerleg01.L",
    "right_knee": "lowerleg01.R",
    "left_ankle": "foot.L",
    "right_ankle": "foot.R",
    "left_toe": "toe2-1.L",
    "right_toe": "toe2-1.R",
}
"""Keypoint to the Anny bone (rig `anny-blender`) whose head it is; left is the person's."""

KEYPOINTS: tuple[str, ...] = tuple(KEYPOINT_BONES)


def mirrored_keypoints() -> tuple[int, ...]:
    """Index of each keypoint's counterpart on the other side; its own in the middle."""
    swap = {"left": "right", "right": "left"}

    def counterpart(name: str) -> str:
        side, _, rest = name.partition("_")
        return f"{swap[side]}_{rest}" if side in swap else name

    return tuple(KEYPOINTS.index(counterpart(name)) for name in KEYPOINTS)
