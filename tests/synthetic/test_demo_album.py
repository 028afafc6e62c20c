"""The demo album as it is shipped."""

from pathlib import Path

import pillow_heif
from PIL import Image

from album2avatar.synthetic.album import SHOTS

ALBUM = Path(__file__).parents[2] / "examples" / "demo_album"


def test_the_shipped_album_is_whole_and_small():
    """Twelve photos of at least 512 pixels, less than 3 MB together, and no other file."""
    files = sorted(ALBUM.iterdir())
    assert [file.name for file in files] == sorted(shot.file_name for shot in SHOTS)
    assert sum(file.stat().st_size for file in files) < 3_000_000


def test_the_shipped_album_has_the_formats_of_a_real_one():
    """What is in a file is what its name says, and one photo lies on its side."""
    pillow_heif.register_heif_opener()
    formats = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP", "heic": "HEIF"}
    lying = []
    for shot in SHOTS:
        with Image.open(ALBUM / shot.file_name) as photo:
            assert photo.format == formats[shot.file_name.rsplit(".")[-1]]
            assert max(photo.size) >= 512
            if photo.getexif().get(0x0112, 1) != 1:
                lying.append((shot.file_name, photo.getexif()[0x0112]))
    assert lying == [("IMG_0409_rotated.jpg", 6)]
