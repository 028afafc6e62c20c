"""Whether a photo shows a person at all."""

from album2avatar.perception.model import Perceived

JOINTS_NEEDED = 2
JOINT_CONFIDENCE = 0.3
"""Of 60 held-out pictures of people, close-ups of heads and feet among them, the second surest
joint had 0.36 or more; a painted tree had 0.25."""


def shows_person(perceived: Perceived, person_share_min: float) -> bool:
    """Whether enough of the photo is person, and something of that has joints.

    Args:
        perceived: what was found in the photo.
        person_share_min: share of the photo's area, 0..1.
    """
    share = float((perceived.labels > 0).float().mean())
    return share >= person_share_min and joint_confidence(perceived) >= JOINT_CONFIDENCE


def joint_confidence(perceived: Perceived) -> float:
    """Confidence of the JOINTS_NEEDED-th surest joint, 0..1."""
    surest = perceived.keypoints[:, 2].sort(descending=True).values
    return float(surest[JOINTS_NEEDED - 1])
