"""One adapter for the whole person, or one for the body and one for the face.

Source: Zeng et al. 2023, "AvatarBooth", section 3.2: two models, one fine-tuned on full-body
    pictures and one on headshots, guide the views of body and head.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from album2avatar.assets import FRAMINGS, Framing
from album2avatar.errors import AlbumError
from album2avatar.personalization.pictures import TrainingPictures
from album2avatar.prior.personalized import FACE_FOLDER
from album2avatar.settings.personalization import Adapters, PersonalizationSettings

_EVERY: frozenset[Framing | None] = frozenset({*FRAMINGS, None})
_HEAD: frozenset[Framing | None] = frozenset({"head close-up"})


@dataclass(frozen=True)
class Part:
    """What one adapter learns from, and where it is kept."""

    name: str
    folder: str
    """Below the personalisation's folder; empty for that folder itself."""
    framings: frozenset[Framing | None]
    """Pictures with other framings are not shown; None is that of a close-up of one asset."""


_PARTS: Mapping[Adapters, tuple[Part, ...]] = {
    "person": (Part("person", "", _EVERY),),
    "body and face": (
        Part("body", "", _EVERY - _HEAD),
        Part("face", FACE_FOLDER, _HEAD),
    ),
}


@dataclass(frozen=True)
class Lesson:
    """One adapter's share of all steps."""

    part: Part
    first: int
    second_pass: int
    """Step at which the second pass begins; `end` where there is none."""
    end: int


def plan_lessons(settings: PersonalizationSettings) -> tuple[Lesson, ...]:
    """One adapter after the other; the second pass paints bodies, so a face has none."""
    lessons: list[Lesson] = []
    first = 0
    for part in parts_of(settings.adapters):
        second_pass = first + settings.token_steps + settings.adapter_steps
        shows_body = "full body" in part.framings
        end = second_pass + (settings.second_pass.steps if shows_body else 0)
        lessons.append(Lesson(part, first, second_pass, end))
        first = end
    return tuple(lessons)


def parts_of(adapters: Adapters) -> Sequence[Part]:
    """The adapters that are learned, one after the other."""
    return _PARTS[adapters]


def pictures_of(part: Part, pictures: TrainingPictures) -> TrainingPictures:
    """The pictures that one adapter learns from.

    Raises:
        AlbumError: there are none.
    """
    rows = [row for row, framing in enumerate(pictures.framings) if framing in part.framings]
    if not rows:
        raise AlbumError(
            f"No photo of the album shows the {part.name} for an adapter of its own. Add photos "
            "that do, larger ones, or set personalization.adapters to 'person'."
        )
    return replace(
        pictures,
        latents=pictures.latents[rows],
        masks=pictures.masks[rows],
        backgrounds=pictures.backgrounds[rows],
        visible=tuple(pictures.visible[row] for row in rows),
        views=tuple(pictures.views[row] for row in rows),
        framings=tuple(pictures.framings[row] for row in rows),
        background_words=tuple(pictures.background_words[row] for row in rows),
    )
