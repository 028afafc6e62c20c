"""Videos of a coloured pattern that wanders, made where they are needed."""

import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageFilter

WIDTH, HEIGHT = 128, 160
CODECS = {".mp4": "libx264", ".mov": "libx264", ".mkv": "libx264", ".webm": "libvpx-vp9"}
"""PyAV's wheels hold these encoders."""


def pattern(shift: int = 0) -> Image.Image:
    """Random blocks; red above, blue below, so that turns show."""
    draw = np.random.default_rng(3)
    blocks = draw.integers(0, 120, (HEIGHT // 8, WIDTH // 8, 3), dtype=np.uint8)
    blocks[: HEIGHT // 16, :, 0] += 130
    blocks[HEIGHT // 16 :, :, 2] += 130
    return Image.fromarray(np.roll(blocks.repeat(8, 0).repeat(8, 1), shift, 1))


def wandering(count: int, sharp: Iterable[int] | None = None) -> Iterator[Image.Image]:
    """`count` frames; all but the `sharp` ones are blurred, where these are named."""
    clear = set(range(count) if sharp is None else sharp)
    for index in range(count):
        image = pattern(3 * index)
        yield image if index in clear else image.filter(ImageFilter.GaussianBlur(3))


def standing(photo: Path, count: int) -> Iterator[Image.Image]:
    """`count` frames of a person who stands still as in a photo."""
    with Image.open(photo) as image:
        small = image.convert("RGB").resize((WIDTH, HEIGHT))
    yield from [small] * count


def write_video(
    path: Path, frames: Iterable[Image.Image], rate: int = 10, codec: str | None = None
) -> Path:
    """Encode frames; the container is what the suffix says."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec or CODECS[path.suffix], rate=rate)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        container.start_encoding()
        for image in frames:
            container.mux(stream.encode(av.VideoFrame.from_image(image)))
        container.mux(stream.encode())
    return path


def turned(video: Path, degrees: int) -> Path:
    """Write into an MP4 that players turn it clockwise, as phones do."""
    cosine, sine = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}[degrees]
    content = bytearray(video.read_bytes())
    # ISO/IEC 14496-12, 8.3.2: the matrix stands 40 bytes behind the name of version 0.
    matrix = content.index(b"tkhd") + 4 + 40
    for place, value in ((0, cosine), (4, sine), (12, -sine), (16, cosine)):
        content[matrix + place : matrix + place + 4] = (value * 65536).to_bytes(
            4, "big", signed=True
        )
    video.write_bytes(content)
    return video


def with_duration(video: Path, seconds: int) -> Path:
    """Write into the headers of an MP4 or MKV that it lasts so long."""
    content = bytearray(video.read_bytes())
    if video.suffix == ".mkv":
        place = content.index(b"\x44\x89\x88") + 3
        content[place : place + 8] = struct.pack(">d", 1000.0 * seconds)
        video.write_bytes(content)
        return video
    for header in (b"mvhd", b"mdhd"):
        place = content.index(header) + 4
        scale = int.from_bytes(content[place + 12 : place + 16], "big")
        content[place + 16 : place + 20] = min(seconds * scale, 2**32 - 1).to_bytes(4, "big")
    video.write_bytes(content)
    return video
