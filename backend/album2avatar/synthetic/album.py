"""The demo album: photos of one synthetic person, as an artist would have them.

`python -m album2avatar.synthetic.album FOLDER` writes it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pillow_heif
import typer
from PIL import Image

from album2avatar.assets import Framing
from album2avatar.files import atomic_path
from album2avatar.seeding import numpy_generator
from album2avatar.synthetic.backgrounds import sample_background, sample_light
from album2avatar.synthetic.cameras import Camera, frame_camera
from album2avatar.synthetic.dressing import dress
from album2avatar.synthetic.garments import outfit_cuts
from album2avatar.synthetic.looks import looks_of
from album2avatar.synthetic.people import Person, sample_person
from album2avatar.synthetic.pictures import Picture, pose_person, take_picture
from album2avatar.synthetic.posing import bone_transforms, leg_freedom, sample_pose
from album2avatar.synthetic.splits import person_seed
from album2avatar.synthetic.template import Floats, load_template, rest_bodies

DEMO_PERSON = 3472
"""Index in the demo split of the person whose album is shipped."""
PHOTO_SIZE = 768
_SUPERSAMPLING = 3
_ORIENTATION_TAG = 0x0112


@dataclass(frozen=True)
class Shot:
    """What the photographer had in mind."""

    file_name: str
    framing: Framing
    azimuth: float
    """Degrees, see `cameras.Camera`."""


SHOTS: tuple[Shot, ...] = (
    Shot("IMG_0401.jpg", "full body", 5.0),
    Shot("IMG_0402.jpg", "full body", 52.0),
    Shot("IMG_0403.jpg", "full body", 92.0),
    Shot("IMG_0404.heic", "full body", 138.0),
    Shot("IMG_0405.jpg", "full body", 178.0),
    Shot("IMG_0406.png", "full body", -132.0),
    Shot("IMG_0407.jpg", "full body", -88.0),
    Shot("IMG_0408.webp", "full body", -38.0),
    Shot("IMG_0409_rotated.jpg", "upper body", 12.0),
    Shot("IMG_0410.jpg", "upper body", 165.0),
    Shot("IMG_0411.jpg", "head close-up", -8.0),
    Shot("IMG_0412.jpg", "head close-up", 48.0),
)
"""All sides of the whole person, then closer; `_rotated` is stored lying on its side."""


def demo_person() -> Person:
    """The person of the demo album."""
    return sample_person(person_seed("demo", DEMO_PERSON))


@dataclass(frozen=True)
class Scene:
    """One photo of an album, and how it came about."""

    shot: Shot
    picture: Picture
    camera: Camera
    bone_transforms: Floats
    """(J, 4, 4) of the template's bones, canonical to posed."""


def album_pictures(
    person: Person, size: int, occasion: str = "album"
) -> Iterator[tuple[Shot, Picture]]:
    """Take every shot of the album, square, `size` pixels a side.

    On another occasion the person stands in other poses, light and places.
    """
    for scene in album_scenes(person, size, occasion):
        yield scene.shot, scene.picture


def album_scenes(person: Person, size: int, occasion: str) -> Iterator[Scene]:
    """The same with the truth about poses and cameras."""
    template = load_template()
    body = rest_bodies(template, [person.phenotype])[0]
    dressed = dress(template, body, person)
    cuts, looks = outfit_cuts(template, person), looks_of(person)
    for index, shot in enumerate(SHOTS):
        generator = numpy_generator(person.seed, "synthetic", occasion, index)
        pose = sample_pose(generator, template, body, leg_freedom(person))
        transforms = bone_transforms(template, body, pose)
        posed = pose_person(dressed, body, transforms)
        eyes = posed.bone_heads[[template.bones.index(f"eye.{side}") for side in "LR"]].mean(0)
        camera = frame_camera(generator, shot.framing, shot.azimuth, posed.vertices, eyes)
        light, background = sample_light(generator), sample_background(generator)
        picture = take_picture(
            template, dressed, posed, cuts, looks, camera, light, background, size, _SUPERSAMPLING
        )
        yield Scene(shot, picture, camera, transforms)


def write_album(folder: Path) -> None:
    """Write the demo album's photos in the formats that cameras and phones use."""
    pillow_heif.register_heif_opener()
    for shot, picture in album_pictures(demo_person(), PHOTO_SIZE):
        photo = Image.fromarray(_portrait(picture))
        exif = Image.Exif()
        if shot.file_name.endswith("_rotated.jpg"):
            # Orientation 6: a viewer turns the stored picture clockwise by a quarter.
            photo = photo.transpose(Image.Transpose.ROTATE_90)
            exif[_ORIENTATION_TAG] = 6
        with atomic_path(folder / shot.file_name) as path:
            if path.suffix == ".png":
                photo.save(path, optimize=True)
            else:
                photo.save(path, quality=90, exif=exif)


def _portrait(picture: Picture) -> np.ndarray:
    """Crop to 3:4 where nothing of the person is lost, else keep the square."""
    size = picture.image.shape[0]
    margin = size // 8
    edges = np.concatenate([picture.labels[:, :margin], picture.labels[:, size - margin :]], 1)
    return picture.image if edges.any() else picture.image[:, margin : size - margin]


if __name__ == "__main__":
    typer.run(write_album)
