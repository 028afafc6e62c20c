"""Photos of synthetic people, good ones and ones with a fault put into them."""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from PIL import Image, ImageFilter

from album2avatar.assets import Framing
from album2avatar.flaws import Flaw
from album2avatar.seeding import numpy_generator
from album2avatar.synthetic.album import album_pictures
from album2avatar.synthetic.backgrounds import sample_background
from album2avatar.synthetic.people import Person, sample_person
from album2avatar.synthetic.pictures import Picture
from album2avatar.synthetic.splits import person_seed

SIZE = 512
Fault = Literal[
    "good",
    "blurred",
    "dark",
    "overexposed",
    "small",
    "twin",
    "cut at the side",
    "cut through the head",
    "second person",
    "nobody",
]
FAULTS: tuple[Fault, ...] = get_args(Fault)

FLAW_OF: dict[Fault, Flaw] = {
    "blurred": "blurred",
    "dark": "dark",
    "overexposed": "overexposed",
    "small": "small",
    "twin": "twin",
    "cut at the side": "cut",
    "cut through the head": "cut",
    "second person": "several",
    "nobody": "nobody",
}
"""What a photo with a fault ought to be called."""

_GOOD_SHOTS = (0, 2, 6, 8, 10)
"""Of the twelve: three whole bodies, an upper body, a head. The others get a fault each."""


@dataclass(frozen=True)
class FaultyPhoto:
    """A photo as a camera's file gives it."""

    person: int
    """Index among the held-out people."""
    fault: Fault
    framing: Framing
    image: Image.Image
    """RGB."""


def faulty_album(index: int) -> Iterator[FaultyPhoto]:
    """Photograph the `index`-th held-out person twelve times; most photos get a fault, drawn so
    that each is had about as often.

    A twin follows the good photo that it was made from.
    """
    person = sample_person(person_seed("held-out", index))
    generator = numpy_generator(person.seed, "intake", index)
    stranger = _stranger(person, index)
    last_good: Image.Image | None = None
    for number, (shot, picture) in enumerate(album_pictures(person, SIZE, "intake")):
        fault: Fault = "good"
        if number not in _GOOD_SHOTS:
            fault = _drawn_fault(generator, shot.framing, last_good)
        whole = Image.fromarray(picture.image)
        if fault == "twin" and last_good is not None:
            image = twin_of(last_good, generator)
        elif fault == "second person":
            image = beside(picture, stranger, generator)
        elif fault == "nobody":
            image = empty_room(generator)
        elif fault in ("cut at the side", "cut through the head"):
            image = cut(whole, picture.labels > 0, fault, generator)
        else:
            image = spoil(whole, fault, generator)
        if fault == "good":
            last_good = image
        yield FaultyPhoto(index, fault, shot.framing, as_jpeg(image, 88))


def spoil(image: Image.Image, fault: Fault, generator: np.random.Generator) -> Image.Image:
    """Put a fault of the camera into a photo; a good one stays as it is."""
    if fault == "blurred":
        if generator.random() < 0.5:
            return image.filter(ImageFilter.GaussianBlur(float(generator.uniform(2.0, 5.0))))
        return shaken(image, int(generator.integers(12, 31)), float(generator.uniform(0, 180)))
    if fault == "dark":
        return exposed(image, float(generator.uniform(0.01, 0.05)), generator)
    if fault == "overexposed":
        return exposed(image, float(generator.uniform(5.0, 12.0)), generator)
    if fault == "small":
        side = int(generator.integers(96, 240))
        return image.resize((side, side), Image.Resampling.LANCZOS)
    return image


def shaken(image: Image.Image, length: int, degrees: float) -> Image.Image:
    """A camera that moved by `length` pixels while the shutter was open."""
    pixels = np.asarray(image, np.float32)
    angle = np.deg2rad(degrees)
    total = np.zeros_like(pixels)
    for step in np.linspace(-length / 2, length / 2, length):
        shift = (round(float(step * np.sin(angle))), round(float(step * np.cos(angle))))
        total += np.roll(pixels, shift, axis=(0, 1))
    return Image.fromarray((total / length).astype(np.uint8))


def exposed(image: Image.Image, gain: float, generator: np.random.Generator) -> Image.Image:
    """Another exposure, with the noise of a small sensor; `gain` multiplies light."""
    light = (np.asarray(image, np.float32) / 255) ** 2.2 * gain
    noisy = (
        light
        + generator.normal(0, 0.002, light.shape)
        + generator.normal(0, 1, light.shape) * np.sqrt(light.clip(0) * 2e-4)
    )
    return Image.fromarray((noisy.clip(0, 1) ** (1 / 2.2) * 255).astype(np.uint8))


def twin_of(image: Image.Image, generator: np.random.Generator) -> Image.Image:
    """The same picture saved again: other size, trimmed by a little, compressed hard."""
    edge = int(generator.integers(0, 7))
    trimmed = image.crop((edge, edge, image.width - edge, image.height - edge))
    side = int(image.width * generator.uniform(0.6, 1.2))
    lighter = Image.fromarray((np.asarray(trimmed, np.float32) * 1.04).clip(0, 255).astype("u1"))
    return as_jpeg(lighter.resize((side, side)), int(generator.integers(35, 80)))


def cut(
    image: Image.Image, person: np.ndarray, fault: Fault, generator: np.random.Generator
) -> Image.Image:
    """Crop so that 40 to 70 % of the person's width are left, or the head is beyond the edge."""
    rows, columns = np.flatnonzero(person.any(1)), np.flatnonzero(person.any(0))
    left, right, top = int(columns[0]), int(columns[-1]), int(rows[0])
    if fault == "cut through the head":
        tall = int(rows[-1]) - top
        return image.crop((0, top + round(tall * generator.uniform(0.06, 0.2)), *image.size))
    kept = round((right - left) * generator.uniform(0.4, 0.7))
    if generator.random() < 0.5:
        return image.crop((0, 0, left + kept, image.height))
    return image.crop((right - kept, 0, image.width, image.height))


def beside(picture: Picture, other: Picture, generator: np.random.Generator) -> Image.Image:
    """Put somebody else next to the person, as large or smaller, sometimes half behind them."""
    person = picture.labels > 0
    columns = np.flatnonzero(person.any(0))
    scale = float(generator.uniform(0.6, 1.0))
    side = round(SIZE * scale)
    image = Image.fromarray(other.image).resize((side, side))
    mask = Image.fromarray(((other.labels > 0) * 255).astype(np.uint8)).resize((side, side))
    box = mask.getbbox() or (0, 0, side, side)
    image, mask = image.crop(box), mask.crop(box)
    width = int(columns[-1] - columns[0])
    overlap = round(min(width, image.width) * generator.uniform(-0.1, 0.25))
    room = SIZE + 2 * image.width
    across = np.arange(-image.width, SIZE + image.width)
    nearest = np.clip(across, 0, SIZE - 1)
    wide = picture.image[:, nearest]
    canvas = Image.fromarray(wide)
    start = image.width + int(columns[-1]) - overlap
    if generator.random() < 0.5:
        start = image.width + int(columns[0]) + overlap - image.width
    canvas.paste(image, (start, SIZE - image.height), mask)
    if generator.random() < 0.5:
        front = Image.fromarray(((person[:, nearest] & (across == nearest)) * 255).astype("u1"))
        canvas.paste(Image.fromarray(wide), (0, 0), front)
    first = max(0, min(start, image.width + int(columns[0])) - 20)
    last = min(room, max(start + image.width, image.width + int(columns[-1])) + 20)
    return canvas.crop((first, 0, last, SIZE))


def empty_room(generator: np.random.Generator) -> Image.Image:
    """A wall with things before it, and nobody."""
    pixels = sample_background(generator).paint(SIZE, SIZE)
    for _ in range(int(generator.integers(0, 9))):
        x, y = (int(value) for value in generator.integers(0, SIZE, 2))
        wide, tall = (int(value) for value in generator.integers(20, 200, 2))
        pixels[y : y + tall, x : x + wide] = generator.uniform(0, 255, 3)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def as_jpeg(image: Image.Image, quality: int) -> Image.Image:
    """What is left of a picture after a camera's compression."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer).convert("RGB")


def _drawn_fault(
    generator: np.random.Generator, framing: Framing, last_good: Image.Image | None
) -> Fault:
    usable: Sequence[Fault] = [
        fault
        for fault in FAULTS[1:]
        if not (fault == "twin" and last_good is None)
        and not (fault.startswith("cut") and framing != "full body")
    ]
    return usable[int(generator.integers(len(usable)))]


def _stranger(person: Person, index: int) -> Picture:
    """Somebody else of whom the whole body is seen from the front."""
    other = sample_person(person_seed("held-out", 500_000 + index))
    assert other.seed != person.seed
    return next(picture for _, picture in album_pictures(other, SIZE, "intake"))
