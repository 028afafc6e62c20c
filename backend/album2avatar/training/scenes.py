"""Scenes in words alone, for the text encoder's lessons: no picture is rendered for them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from album2avatar.assets import FRAMINGS, VIEWS, Subject
from album2avatar.prior.prompts import AssetPhrase, Style
from album2avatar.synthetic.captions import person_phrases
from album2avatar.synthetic.palette import CLOTH_COLORS
from album2avatar.synthetic.people import sample_person
from album2avatar.synthetic.splits import person_seed
from album2avatar.training.captions import Scene

_NORMAL_SHARE = 0.25


@dataclass(frozen=True)
class Cast:
    """People in words."""

    people: Sequence[tuple[Subject, tuple[AssetPhrase, ...]]]

    def sample(self, generator: np.random.Generator) -> Scene:
        """Draw one of the people, and how the picture would be taken."""
        subject, phrases = self.people[int(generator.integers(len(self.people)))]
        colors = tuple(CLOTH_COLORS)
        style: Style = "normal map" if generator.random() < _NORMAL_SHARE else "photo"
        return Scene(
            subject=subject,
            phrases=phrases,
            view=VIEWS[int(generator.integers(len(VIEWS)))],
            framing=FRAMINGS[int(generator.integers(len(FRAMINGS)))],
            background=colors[int(generator.integers(len(colors)))],
            style=style,
        )


def training_cast(count: int) -> Cast:
    """The first people of the training split."""
    people = [sample_person(person_seed("training", index)) for index in range(count)]
    return Cast([(person.subject, tuple(person_phrases(person))) for person in people])
