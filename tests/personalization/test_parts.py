"""Two adapters learn from different pictures, and from all of them together."""

import pytest
import torch

from album2avatar.errors import AlbumError
from album2avatar.personalization.parts import parts_of, pictures_of
from album2avatar.personalization.pictures import TrainingPictures

FRAMINGS = ("full body", "head close-up", "upper body", "lower body", "head close-up")


def pictures(framings) -> TrainingPictures:
    """Picture i holds the number i everywhere."""
    numbers = torch.arange(len(framings)).float().view(-1, 1, 1, 1)
    return TrainingPictures(
        latents=numbers.expand(-1, 4, 2, 2),
        masks=numbers.expand(-1, 3, 2, 2),
        backgrounds=numbers[:, 0].expand(-1, 2, 2),
        visible=tuple((i,) for i in range(len(framings))),
        views=("front",) * len(framings),
        framings=tuple(framings),
        background_words=tuple(str(i) for i in range(len(framings))),
    )


def test_one_adapter_learns_from_everything():
    (person,) = parts_of("person")
    shown = pictures_of(person, pictures(FRAMINGS))
    assert shown.framings == FRAMINGS
    assert person.folder == ""


def test_body_and_face_share_the_pictures_among_them():
    body, face = (pictures_of(p, pictures(FRAMINGS)) for p in parts_of("body and face"))
    assert body.framings == ("full body", "upper body", "lower body")
    assert face.framings == ("head close-up",) * 2
    assert body.visible == ((0,), (2,), (3,))
    assert face.background_words == ("1", "4")
    assert face.latents[:, 0, 0, 0].tolist() == [1, 4]
    assert face.masks.shape == (2, 3, 2, 2)
    assert body.backgrounds[:, 0, 0].tolist() == [0, 2, 3]


@pytest.mark.parametrize(("framings", "part"), [(FRAMINGS[:1], "face"), (FRAMINGS[1:2], "body")])
def test_an_album_that_shows_a_part_nowhere_is_refused(framings, part):
    (missing,) = (each for each in parts_of("body and face") if each.name == part)
    with pytest.raises(AlbumError, match=rf"shows the {part} for an adapter of its own"):
        pictures_of(missing, pictures(framings))
