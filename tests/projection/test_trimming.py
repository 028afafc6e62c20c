"""Background goes from a mask's rim; what only looks like it stays."""

import torch

from album2avatar.projection.observations import MaskedPhoto
from album2avatar.projection.trimming import without_background, without_gaps

WALL, SHIRT, GREY = (0.9, 0.9, 0.9), (0.1, 0.4, 0.5), (0.8, 0.8, 0.8)


def photo(shirt: tuple[float, float, float]) -> tuple[MaskedPhoto, torch.Tensor]:
    """A square of cloth before a wall, its mask two pixels too wide; and its true mask."""
    true = torch.zeros(96, 96, dtype=torch.bool)
    true[24:72, 24:72] = True
    wide = torch.zeros_like(true)
    wide[22:74, 22:74] = True
    image = torch.where(true[..., None], torch.tensor(shirt), torch.tensor(WALL))
    return MaskedPhoto(image, wide.long()), true


def test_a_rim_of_background_goes():
    given, true = photo(SHIRT)
    assert torch.equal(without_background(given).mask > 0, true)


def test_a_white_print_before_a_white_wall_stays():
    given, true = photo(SHIRT)
    image = given.image.clone()
    image[30:40, 30:66] = torch.tensor(WALL)
    trimmed = without_background(MaskedPhoto(image, given.mask))
    assert torch.equal(trimmed.mask > 0, true)


def test_where_cloth_and_wall_are_alike_all_stays():
    given, _ = photo(GREY)
    assert torch.equal(without_background(given).mask, given.mask)


def test_a_mask_without_background_stays():
    image = torch.rand(32, 32, 3, generator=torch.Generator().manual_seed(0))
    given = MaskedPhoto(image, torch.ones(32, 32, dtype=torch.int64))
    assert torch.equal(without_background(given).mask, given.mask)


def test_a_gap_that_the_surface_has_goes_and_a_print_stays():
    """Between arm and trunk the wall shows, and the mask took it for cloth."""
    given, _ = photo(SHIRT)
    image = given.image.clone()
    image[40:60, 44:50] = image[40:60, 56:62] = torch.tensor(WALL)
    wide = MaskedPhoto(image, given.mask)
    drawn = given.mask > 0
    drawn[46:52, 46:48] = False
    cleared = without_gaps(wide, drawn).mask > 0
    assert not cleared[40:60, 44:50].any()
    assert cleared[40:60, 56:62].all()
    assert cleared[30:38, 30:66].all()


def test_a_gap_of_cloth_stays():
    given, true = photo(SHIRT)
    drawn = true.clone()
    drawn[40:60, 44:50] = False
    assert torch.equal(without_gaps(given, drawn).mask[true], given.mask[true])


def test_a_larger_picture_around_the_person_changes_nothing():
    """Only what is near the person is looked at, however far the wall goes on."""
    given, _ = photo(SHIRT)
    margin = 50
    wide = MaskedPhoto(
        torch.nn.functional.pad(given.image.permute(2, 0, 1), (margin,) * 4, "replicate")
        .permute(1, 2, 0)
        .contiguous(),
        torch.nn.functional.pad(given.mask, (margin,) * 4),
    )
    inner = without_background(wide).mask[margin:-margin, margin:-margin]
    assert torch.equal(inner, without_background(given).mask)
