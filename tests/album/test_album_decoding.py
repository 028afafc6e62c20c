"""Every format, mode and orientation comes out as the picture that went in."""

import io

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms

from album2avatar.album.decoding import Limits, RefusedError, decode, register_formats

LIMITS = Limits(long_side=1024, short_side_min=64, pixels_max=64_000_000)
WIDTH, HEIGHT = 96, 128
CORNERS = {"red": (5, 5), "green": (90, 5), "blue": (5, 122), "black": (90, 122)}


@pytest.fixture(scope="module", autouse=True)
def formats():
    register_formats()


def picture() -> Image.Image:
    """Four quarters of different colour, so that every turn and flip shows."""
    image = Image.new("RGB", (WIDTH, HEIGHT), "black")
    image.paste("red", (0, 0, 48, 64))
    image.paste("lime", (48, 0, 96, 64))
    image.paste("blue", (0, 64, 48, 128))
    return image


def assert_is_picture(image: Image.Image, tolerance: int) -> None:
    assert image.mode == "RGB"
    assert image.size == (WIDTH, HEIGHT)
    found, wanted = np.asarray(image, int), np.asarray(picture(), int)
    away_from_edges = (abs(np.arange(WIDTH) - 48) > 8)[None] & (abs(np.arange(HEIGHT) - 64) > 8)[
        :, None
    ]
    assert np.abs(found - wanted).max(-1)[away_from_edges].max() <= tolerance


def stored_with(orientation: int) -> tuple[Image.Image, bytes]:
    """The picture as a camera stores it that writes this orientation, from EXIF's own words."""
    pixels = np.asarray(picture())
    # What row 0 and column 0 of the stored picture are, seen upright (EXIF 2.32, 4.6.4).
    stored = {
        1: pixels,  # top, left
        2: pixels[:, ::-1],  # top, right
        3: pixels[::-1, ::-1],  # bottom, right
        4: pixels[::-1],  # bottom, left
        5: pixels.transpose(1, 0, 2),  # left, top
        6: pixels[:, ::-1].transpose(1, 0, 2),  # right, top
        7: pixels[::-1, ::-1].transpose(1, 0, 2),  # right, bottom
        8: pixels[::-1].transpose(1, 0, 2),  # left, bottom
    }[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    return Image.fromarray(np.ascontiguousarray(stored)), exif.tobytes()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "heic"])
def test_every_orientation_comes_out_upright(tmp_path, suffix, orientation):
    image, exif = stored_with(orientation)
    path = tmp_path / f"photo.{suffix}"
    if suffix == "heic":
        pillow_heif.from_pillow(image).save(path, exif=exif, quality=95)
    else:
        image.save(path, exif=exif, quality=95)
    photo = decode(path, LIMITS)
    assert_is_picture(photo.image, tolerance=40)
    assert photo.orientation == orientation


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "CMYK"])
def test_modes_become_rgb_of_the_same_colours(tmp_path, mode):
    path = tmp_path / ("photo.jpg" if mode == "CMYK" else "photo.png")
    picture().convert(mode).save(path, **({"quality": 95} if mode == "CMYK" else {}))
    assert_is_picture(decode(path, LIMITS).image, tolerance=12)


def test_transparency_becomes_white(tmp_path):
    image = Image.new("RGBA", (100, 100), (255, 0, 0, 255))
    image.paste((0, 0, 0, 0), (50, 0, 100, 100))
    image.paste((0, 0, 255, 128), (0, 50, 50, 100))
    image.save(tmp_path / "a.png")
    decoded = decode(tmp_path / "a.png", LIMITS).image
    assert decoded.getpixel((20, 20)) == (255, 0, 0)
    assert decoded.getpixel((80, 20)) == (255, 255, 255)
    assert decoded.getpixel((20, 80)) == pytest.approx((127, 127, 255), abs=1)


def test_palette_with_a_transparent_entry_becomes_white_there(tmp_path):
    image = Image.new("P", (100, 100), 0)
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.paste(1, (50, 0, 100, 100))
    image.save(tmp_path / "a.png", transparency=1)
    decoded = decode(tmp_path / "a.png", LIMITS).image
    assert decoded.getpixel((20, 20)) == (255, 0, 0)
    assert decoded.getpixel((80, 20)) == (255, 255, 255)


def test_sixteen_bit_grey_keeps_its_brightness(tmp_path):
    ramp = np.repeat(np.linspace(0, 65535, 100).astype(np.uint16)[None], 100, 0)
    Image.fromarray(ramp).save(tmp_path / "a.png")
    decoded = np.asarray(decode(tmp_path / "a.png", LIMITS).image)
    np.testing.assert_allclose(decoded[50, :, 1], np.linspace(0, 255, 100), atol=1)


def test_embedded_profile_is_converted_to_srgb(tmp_path):
    """A Lab red that is stored in a profile comes out as sRGB red, not as the raw numbers."""
    lab = ImageCms.createProfile("LAB")
    profile = ImageCms.ImageCmsProfile(lab).tobytes()
    image = Image.new("RGB", (100, 100), (10, 200, 30))
    image.save(tmp_path / "wrong.png", icc_profile=profile)
    # A Lab profile on an RGB picture can't be used and is passed over.
    assert decode(tmp_path / "wrong.png", LIMITS).image.getpixel((5, 5)) == (10, 200, 30)

    linear = linear_srgb_profile()
    image = Image.new("RGB", (100, 100), (55, 55, 55))  # linear 0.2157 is sRGB 0.5028
    image.save(tmp_path / "linear.png", icc_profile=linear)
    assert decode(tmp_path / "linear.png", LIMITS).image.getpixel((5, 5)) == pytest.approx(
        (128, 128, 128), abs=3
    )


def linear_srgb_profile() -> bytes:
    """sRGB's own profile with its three tone curves replaced by gamma 1."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    count = int.from_bytes(data[128:132], "big")
    for index in range(count):
        entry = 132 + 12 * index
        if bytes(data[entry : entry + 4]) in (b"rTRC", b"gTRC", b"bTRC"):
            offset = int.from_bytes(data[entry + 4 : entry + 8], "big")
            data[offset : offset + 4] = b"para"
            data[offset + 8 : offset + 10] = (0).to_bytes(2, "big")
            data[offset + 12 : offset + 16] = (1 << 16).to_bytes(4, "big")
    return bytes(data)


def test_long_side_is_bounded_and_shape_kept(tmp_path):
    Image.new("RGB", (3000, 1500), "teal").save(tmp_path / "a.jpg")
    photo = decode(tmp_path / "a.jpg", LIMITS)
    assert photo.image.size == (1024, 512)
    assert photo.original_size == (3000, 1500)


@pytest.mark.parametrize("size", [(1, 1), (63, 500), (64, 4000)])
def test_too_small_or_too_narrow_is_refused(tmp_path, size):
    Image.new("RGB", size).save(tmp_path / "a.png")
    with pytest.raises(RefusedError, match=f"{size[0]} × {size[1]}"):
        decode(tmp_path / "a.png", LIMITS)


def test_a_damaged_profile_is_passed_over(tmp_path):
    buffer = io.BytesIO()
    Image.new("RGB", (100, 100), (10, 200, 30)).save(buffer, "PNG", icc_profile=b"no profile" * 30)
    (tmp_path / "a.png").write_bytes(buffer.getvalue())
    assert decode(tmp_path / "a.png", LIMITS).image.getpixel((5, 5)) == (10, 200, 30)
