"""One image file to an upright 8-bit sRGB picture. Runs in the decoding process only."""

import contextlib
import io
from dataclasses import dataclass
from pathlib import Path

import pillow_heif
from PIL import Image, ImageCms

FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")
"""What Pillow may recognise, whatever the file's suffix says."""

_ORIENTATION_TAG = 0x0112

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation to the turn that makes the picture upright (EXIF 2.32, section 4.6.4)."""


class RefusedError(Exception):
    """The file can't be accepted; the message completes the sentence `<file> ...`."""


@dataclass(frozen=True)
class Limits:
    """What a photo may be, and how large it comes out."""

    long_side: int
    short_side_min: int
    pixels_max: int


@dataclass(frozen=True)
class DecodedPhoto:
    """An upright 8-bit RGB picture and what the file said about itself."""

    image: Image.Image
    original_size: tuple[int, int]
    """Width and height as stored."""
    orientation: int


def register_formats() -> None:
    """Teach Pillow HEIC, and leave the size limit to `decode`."""
    pillow_heif.register_heif_opener()
    Image.MAX_IMAGE_PIXELS = None


def decode(path: Path, limits: Limits) -> DecodedPhoto:
    """Decode one photo: upright, sRGB, alpha over white, long side bounded.

    Size limits are checked on the header, before any pixel is decoded.

    Raises:
        RefusedError: the photo is larger or smaller than allowed.
        Exception: whatever Pillow raises on a damaged file.
    """
    with Image.open(path, formats=FORMATS) as image:
        original_size = image.size
        check_size(original_size, limits)
        stored = orientation_tag(image)
        # libheif turns the picture itself; pillow_heif keeps what the file said under this name.
        orientation = image.info.get("original_orientation") or stored
        # JPEGs come out of the decoder at 1/2, 1/4 or 1/8 where that is still large enough.
        image.draft(image.mode, (limits.long_side, limits.long_side))
        profile = image.info.get("icc_profile")
        bounded = bound(to_continuous(image), limits.long_side)
    rgb = over_white(to_srgb(bounded, profile))
    upright = rgb.transpose(_TURNS[stored]) if stored in _TURNS else rgb
    return DecodedPhoto(upright, original_size, orientation)


def check_size(size: tuple[int, int], limits: Limits) -> None:
    """Refuse a photo by its width and height.

    Raises:
        RefusedError: too many pixels, or too few across the short side.
    """
    width, height = size
    if width * height > limits.pixels_max:
        raise RefusedError(
            f"has {width} × {height} pixels; at most {limits.pixels_max / 1e6:g} megapixels are "
            "accepted. Save a smaller copy of it"
        )
    scale = min(1.0, limits.long_side / max(size))
    if min(size) * scale < limits.short_side_min:
        raise RefusedError(
            f"has {width} × {height} pixels, which is too small or too narrow: its short side "
            f"needs {limits.short_side_min} pixels when its long side is at most "
            f"{limits.long_side}. Take a larger photo, or leave it out"
        )


def orientation_tag(image: Image.Image) -> int:
    """EXIF orientation 1..8 that is still to be applied; 1 where there is none or a wrong one."""
    value = image.getexif().get(_ORIENTATION_TAG, 1)
    return value if value in range(1, 9) else 1


def bound(image: Image.Image, long_side: int) -> Image.Image:
    """Shrink to a long side of `long_side`; never enlarge."""
    scale = long_side / max(image.size)
    if scale >= 1:
        return image
    width, height = (max(1, round(side * scale)) for side in image.size)
    return image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)


def to_continuous(image: Image.Image) -> Image.Image:
    """Decode, and give palettes, bitmaps and 16-bit greys a mode that can be resized.

    Returns:
        Mode L, RGB, RGBA, CMYK or another of 8 bits a channel.
    """
    image.load()
    if image.mode == "I" or image.mode.startswith("I;16"):
        # 16-bit greyscale: Pillow's own conversion would clip at 255 instead of scaling.
        return image.convert("I").point(lambda value: value * (1 / 257)).convert("L")
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image.convert("RGB") if image.mode in ("1", "P") else image


def to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Convert colours to sRGB, in mode RGB or RGBA.

    A profile that is damaged or meant for another mode is passed over: the colours are
    then slightly off, which is no reason to lose a photo.

    Args:
        image: mode as `to_continuous` returns.
        profile: the embedded ICC profile; sRGB is assumed where None.
    """
    alpha = image.getchannel("A") if image.mode == "RGBA" else None
    colour = image.convert("RGB") if alpha is not None else image
    if profile:
        with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError):
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            target = ImageCms.createProfile("sRGB")
            colour = ImageCms.profileToProfile(colour, source, target, outputMode="RGB") or colour
    colour = colour.convert("RGB")
    if alpha is not None:
        colour.putalpha(alpha)
    return colour


def over_white(image: Image.Image) -> Image.Image:
    """Put a picture with transparency on white paper."""
    if image.mode != "RGBA":
        return image
    paper = Image.new("RGB", image.size, "white")
    paper.paste(image, mask=image.getchannel("A"))
    return paper
