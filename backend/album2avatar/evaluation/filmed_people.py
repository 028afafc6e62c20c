"""Videos of held-out synthetic people who walk, turn and wave, with their truth."""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from album2avatar.files import atomic_path
from album2avatar.seeding import numpy_generator
from album2avatar.synthetic.backgrounds import Background, Light
from album2avatar.synthetic.cameras import Camera, world_to_view
from album2avatar.synthetic.dressing import dress
from album2avatar.synthetic.garments import outfit_cuts
from album2avatar.synthetic.looks import looks_of
from album2avatar.synthetic.people import Person
from album2avatar.synthetic.pictures import pose_person, take_picture
from album2avatar.synthetic.posing import bone_transforms, leg_freedom
from album2avatar.synthetic.template import Floats, RestBody, Template, load_template, rest_bodies

RATE = 15
SIZE = 480
_SUPERSAMPLING = 2
_CAMERA = Camera(
    azimuth=4.0, elevation=3.0, target=(0.0, 0.0, -0.02), frame_height=2.45, vertical_fov=0.5
)
_LIGHT = Light((0.35, 0.45, 0.82), 0.6)


@dataclass(frozen=True)
class FilmedFrame:
    """One frame before any background is put behind it."""

    color: Floats
    """(S, S, 3) sRGB 0..1 of the person, times `alpha`."""
    alpha: Floats
    """(S, S) 0..1, how much of the pixel the person covers."""
    bone_transforms: Floats
    """(J, 4, 4) of the template's bones, canonical to posed."""
    from_first: Floats
    """(3, 3) homography: pixels of a still camera to pixels of this frame."""


def film(person: Person, count: int, shake: float = 0.0) -> Iterator[FilmedFrame]:
    """Film a person who walks across, turns once round and waves.

    Args:
        count: frames, at RATE a second.
        shake: degrees by which the hand that holds the camera turns it.
    """
    template = load_template()
    body = rest_bodies(template, [person.phenotype])[0]
    dressed = dress(template, body, person)
    cuts, looks = outfit_cuts(template, person), looks_of(person)
    for index in range(count):
        share = index / max(count - 1, 1)
        transforms = _transforms(template, body, share, count / RATE, leg_freedom(person))
        posed = pose_person(dressed, body, transforms)
        camera = _held(share * count / RATE, shake)
        dark, light = (
            take_picture(
                template, dressed, posed, cuts, looks, camera, _LIGHT, _plain(level), SIZE,
                _SUPERSAMPLING,
            ).image.astype(np.float32) / 255
            for level in (0.0, 255.0)
        )  # fmt: skip
        alpha = (1 - (light - dark).mean(-1)).clip(0, 1)
        yield FilmedFrame(dark, alpha, transforms, _homography(_CAMERA, camera))


def camera_view() -> tuple[Floats, float]:
    """World-to-view matrix (4, 4) and vertical field of view, radians, of the still camera."""
    return world_to_view(_CAMERA), _CAMERA.vertical_fov


def room(seed: int) -> Floats:
    """(S, S, 3) sRGB 0..1: a wall with pictures and a shelf, a skirting board, a tiled floor."""
    draw = numpy_generator(seed, "evaluation", "room")
    wall = tuple(int(v) for v in draw.uniform(120, 225, 3))
    image = Image.new("RGB", (SIZE, SIZE), wall)
    pen = ImageDraw.Draw(image)
    floor = int(0.8 * SIZE)
    for _ in range(9):
        x, y = (int(v) for v in draw.uniform(0, SIZE, 2))
        width, height = (int(v) for v in draw.uniform(30, 120, 2))
        box = (x, min(y, floor - 10), x + width, min(y + height, floor))
        frame = tuple(int(v) for v in draw.uniform(20, 240, 3))
        pen.rectangle(box, fill=frame, outline=(30, 25, 20), width=3)
    pen.rectangle((0, floor - 8, SIZE, floor), fill=(235, 232, 225))
    for row in range(8):
        for column in range(12):
            level = 105 + 45 * ((row + column) % 2) + int(draw.uniform(-12, 12))
            pen.rectangle(
                (column * 40, floor + row * 12, column * 40 + 39, floor + row * 12 + 11),
                fill=(level, level - 18, level - 40),
            )
    smooth = np.asarray(image.filter(ImageFilter.GaussianBlur(0.7)), np.float32) / 255
    grain = draw.normal(0, 0.02, (SIZE // 4, SIZE // 4, 3)).repeat(4, 0).repeat(4, 1)
    return (smooth + grain).clip(0, 1).astype(np.float32)


def before(frame: FilmedFrame, background: Floats) -> np.ndarray:
    """(S, S, 3) uint8: the frame with a background behind it that the camera's motion moves."""
    moved = warp_picture(background, frame.from_first)
    image = frame.color + (1 - frame.alpha[..., None]) * moved
    return (255 * image.clip(0, 1) + 0.5).astype(np.uint8)


def warp_picture(picture: Floats, homography: Floats) -> Floats:
    """A picture as a turned camera sees it; beyond its edge, the edge repeats."""
    if np.allclose(homography, np.eye(3)):
        return picture
    height, width = picture.shape[:2]
    columns, rows = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    places = np.stack([columns, rows, np.ones_like(rows)], -1) @ np.linalg.inv(homography).T
    x = (places[..., 0] / places[..., 2] - 0.5).clip(0, width - 1.001)
    y = (places[..., 1] / places[..., 2] - 0.5).clip(0, height - 1.001)
    left, top = x.astype(int), y.astype(int)
    right, low = (x - left)[..., None], (y - top)[..., None]
    upper = picture[top, left] * (1 - right) + picture[top, left + 1] * right
    lower = picture[top + 1, left] * (1 - right) + picture[top + 1, left + 1] * right
    return (upper * (1 - low) + lower * low).astype(np.float32)


def write_film(path: Path, frames: Iterator[np.ndarray]) -> None:
    """Encode frames (S, S, 3) uint8 as H.264, as a telephone does."""
    with atomic_path(path) as temporary, av.open(str(temporary), "w") as container:
        options = {"crf": "20", "preset": "veryfast"}
        stream: Any = container.add_stream("libx264", rate=RATE, options=options)
        stream.width, stream.height, stream.pix_fmt = SIZE, SIZE, "yuv420p"
        for frame in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())


def _plain(level: float) -> Background:
    return Background(None, np.full((2, 2, 3), level, np.float32))


def _transforms(
    template: Template, body: RestBody, share: float, seconds: float, freedom: float
) -> Floats:
    """The pose at a share of the clip: walks, turns round, waves."""
    walking = 1 - _eased(share, 0.3, 0.42)
    waving = _eased(share, 0.68, 0.8)
    stride = 2 * math.pi * 1.1 * share * seconds
    yaw = math.radians(55 + 305 * _eased(share, 0.3, 0.75))
    pose: dict[str, tuple[float, float, float]] = {"root": (0.0, 0.0, yaw)}
    pose["spine03"] = (0.04, 0.0, 0.1 * walking * math.sin(stride))
    for side, sign in (("L", 1.0), ("R", -1.0)):
        swing = sign * math.sin(stride) * walking
        lift = max(0.0, sign * math.cos(stride)) * walking
        pose[f"upperleg01.{side}"] = (-0.38 * swing * freedom, 0.0, 0.0)
        pose[f"lowerleg01.{side}"] = ((0.12 + 0.6 * lift) * freedom, 0.0, 0.0)
        pose[f"upperarm01.{side}"] = (0.35 * swing, sign * 0.45, 0.0)
        pose[f"lowerarm01.{side}"] = _elbow(template, body, side, 0.25 + 0.2 * walking)
    beat = math.sin(2 * math.pi * 1.8 * share * seconds)
    raised = {
        "upperarm01.L": (-0.5 * waving, 0.45 - 0.75 * waving, 0.0),
        "lowerarm01.L": _elbow(template, body, "L", 0.25 + (1.15 + 0.45 * beat) * waving),
        "head": (0.0, 0.0, 0.25 * waving),
    }
    transforms = bone_transforms(template, body, pose | raised)
    aside = -0.35 + 0.4 * _eased(share, 0.0, 0.45)
    return _moved(transforms, (aside, 0.25 - 0.25 * _eased(share, 0.0, 0.6), 0.0))


def _elbow(
    template: Template, body: RestBody, side: str, angle: float
) -> tuple[float, float, float]:
    wrist, elbow = (
        body.bone_heads[template.bones.index(f"{bone}.{side}")] for bone in ("wrist", "lowerarm01")
    )
    axis = np.cross(wrist - elbow, [0.0, -1.0, 0.3])
    x, y, z = (float(v) for v in axis * (angle / np.linalg.norm(axis)))
    return x, y, z


def _moved(transforms: Floats, shift: tuple[float, float, float]) -> Floats:
    moved = transforms.copy()
    moved[:, :3, 3] += np.array(shift, np.float32)
    return moved


def _eased(share: float, start: float, end: float) -> float:
    """0 before `start`, 1 after `end`, smooth between."""
    x = min(1.0, max(0.0, (share - start) / (end - start)))
    return x * x * (3 - 2 * x)


def _held(seconds: float, shake: float) -> Camera:
    """The camera as a hand turns it about itself."""
    pan = shake * (math.sin(1.9 * seconds) + 0.4 * math.sin(5.3 * seconds + 1))
    tilt = shake * (0.7 * math.sin(2.6 * seconds + 0.5) + 0.3 * math.sin(6.1 * seconds))
    turned = replace(_CAMERA, azimuth=_CAMERA.azimuth + pan, elevation=_CAMERA.elevation + tilt)
    # The eye stays where it is; the target moves.
    away = np.array(_eye_offset(_CAMERA)) - np.array(_eye_offset(turned))
    x, y, z = (float(v) for v in np.array(_CAMERA.target) + away)
    return replace(turned, target=(x, y, z))


def _eye_offset(camera: Camera) -> tuple[float, float, float]:
    distance = camera.frame_height / (2 * math.tan(camera.vertical_fov / 2))
    azimuth, elevation = math.radians(camera.azimuth), math.radians(camera.elevation)
    return (
        distance * math.sin(azimuth) * math.cos(elevation),
        -distance * math.cos(azimuth) * math.cos(elevation),
        distance * math.sin(elevation),
    )


def _homography(still: Camera, turned: Camera) -> Floats:
    """Pixels of the still camera to those of one that is turned about its eye."""
    focal = SIZE / 2 / math.tan(still.vertical_fov / 2)
    matrix = np.array([[focal, 0, -SIZE / 2], [0, -focal, -SIZE / 2], [0, 0, -1.0]])
    turn = world_to_view(turned)[:3, :3] @ world_to_view(still)[:3, :3].T
    return matrix @ turn @ np.linalg.inv(matrix)
