"""What a picture of a person shows, in the words of the prior's grammar."""

from collections.abc import Collection

import numpy as np

from album2avatar.assets import PIXEL_CLASSES, AssetKind
from album2avatar.body.keypoints import KEYPOINTS
from album2avatar.prior.prompts import AssetPhrase
from album2avatar.synthetic.people import Garment, Person
from album2avatar.synthetic.pictures import Picture

_VISIBLE_SHARE = 0.004
"""A class is named in the caption when it covers this share of the picture."""


def garment_words(garment: Garment) -> str:
    """For example `red t-shirt` or `red and white striped t-shirt`."""
    if garment.pattern == "plain":
        return f"{garment.color} {garment.name}"
    return f"{garment.color} and {garment.second_color} {garment.pattern} {garment.name}"


def hair_words(person: Person) -> str:
    """For example `short black hair`."""
    if person.hair == "bald":
        return "bald head"
    if person.hair == "bun":
        return f"{person.hair_color} hair in a bun"
    return f"{person.hair} {person.hair_color} hair"


def person_phrases(person: Person) -> list[AssetPhrase]:
    """Everything that the person has on, and hair, skin and beard."""
    phrases = [AssetPhrase("skin", f"{person.skin} skin"), AssetPhrase("hair", hair_words(person))]
    if person.beard:
        phrases.append(AssetPhrase("face", "bearded"))
    if person.glasses != "none":
        phrases.append(AssetPhrase("glasses", person.glasses))
    garments: list[tuple[AssetKind, Garment | None]] = [
        ("headwear", person.headwear),
        ("top", person.top),
        ("dress", person.dress),
        ("outerwear", person.outerwear),
        ("bottom", person.bottom),
    ]
    phrases += [AssetPhrase(kind, garment_words(worn)) for kind, worn in garments if worn]
    shoes = "bare feet" if person.shoes is None else garment_words(person.shoes)
    phrases.append(AssetPhrase("shoes", shoes))
    return phrases


def picture_phrases(person: Person, picture: Picture) -> list[AssetPhrase]:
    """The phrases of what covers enough of a picture to be named."""
    counts = np.bincount(picture.labels.ravel(), minlength=len(PIXEL_CLASSES))
    enough = max(2.0, _VISIBLE_SHARE * picture.labels.size)
    visible = {name for name, count in zip(PIXEL_CLASSES, counts, strict=True) if count >= enough}
    toes = picture.keypoints[[KEYPOINTS.index("left_toe"), KEYPOINTS.index("right_toe")]]
    in_picture = ((toes[:, :2] >= 0) & (toes[:, :2] < picture.labels.shape[0])).all(1).any()
    return visible_phrases(person, visible, feet_in_picture=bool(in_picture))


def visible_phrases(
    person: Person, visible_classes: Collection[str], feet_in_picture: bool
) -> list[AssetPhrase]:
    """The phrases of what a picture really shows.

    Args:
        visible_classes: names of `assets.PIXEL_CLASSES` that cover enough pixels.
        feet_in_picture: whether bare feet would be seen.
    """
    shown: list[AssetPhrase] = []
    head_is_seen = bool({"face", "hair", "headwear"} & set(visible_classes))
    for phrase in person_phrases(person):
        if phrase.kind == "face":
            is_seen = "beard" in visible_classes
        elif phrase.kind == "skin":
            is_seen = bool({"skin", "face"} & set(visible_classes))
        elif phrase.kind == "hair":
            is_bald = person.hair == "bald"
            is_seen = head_is_seen if is_bald and not person.headwear else "hair" in visible_classes
        elif phrase.kind == "shoes" and person.shoes is None:
            is_seen = feet_in_picture
        else:
            is_seen = phrase.kind in visible_classes
        if is_seen:
            shown.append(phrase)
    return shown


def attributes(person: Person) -> dict[str, str | bool | None]:
    """The person's raw attributes, one word a field; None where there is nothing."""
    row: dict[str, str | bool | None] = {
        "subject": person.subject,
        "skin": person.skin,
        "hair": person.hair,
        "hair_color": None if person.hair == "bald" else person.hair_color,
        "beard": person.beard,
        "glasses": None if person.glasses == "none" else person.glasses,
    }
    garments = {
        "top": person.top,
        "outerwear": person.outerwear,
        "dress": person.dress,
        "bottom": person.bottom,
        "shoes": person.shoes,
        "headwear": person.headwear,
    }
    for field, garment in garments.items():
        row[field] = garment.name if garment else None
        row[f"{field}_color"] = garment.color if garment else None
        row[f"{field}_pattern"] = garment.pattern if garment else None
        row[f"{field}_color2"] = (garment.second_color or None) if garment else None
    if person.shoes is None:
        row["shoes"] = "bare feet"
    # The top under a jacket or coat, once more under the name that says so.
    row["inner"] = person.top.name if person.top and person.outerwear else None
    return row
