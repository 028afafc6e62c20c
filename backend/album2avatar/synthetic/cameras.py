"""Where the photographer stands."""

import math
from dataclasses import dataclass

import numpy as np

from album2avatar.assets import Framing
from album2avatar.synthetic.template import Floats

FRAMING_SHARES: dict[Framing, float] = {
    "full body": 0.5,
    "upper body": 0.2,
    "head close-up": 0.2,
    "lower body": 0.1,
}


@dataclass(frozen=True)
class Camera:
    """A pinhole camera on an orbit; the picture is square."""

    azimuth: float
    """Degrees; 0 is in front, positive turns towards the person's left."""
    elevation: float
    """Degrees."""
    target: tuple[float, float, float]
    """Metres; the picture's centre."""
    frame_height: float
    """Metres that the picture spans at the target."""
    vertical_fov: float
    """Radians."""


def sample_azimuth(generator: np.random.Generator) -> float:
    """Draw a side to stand at, in degrees: any, with a liking for the front."""
    if generator.random() < 0.7:
        return float(generator.uniform(-180.0, 180.0))
    return float(generator.normal(0.0, 35.0))


def frame_camera(
    generator: np.random.Generator,
    framing: Framing,
    azimuth: float,
    vertices: Floats,
    eyes: Floats,
) -> Camera:
    """Draw a camera that shows the framed part of a posed person.

    Args:
        azimuth: degrees, see `Camera`.
        vertices: (N, 3) posed surface, metres.
        eyes: (3,) midpoint of the eyes.
    """
    columns = np.ascontiguousarray(vertices.T)
    low, high = columns.min(1), columns.max(1)
    tall = float(high[2] - low[2])
    middle = (low + high) / 2
    if framing == "full body":
        reach = float(max(high[:2] - low[:2]))
        target, size = middle, max(tall * generator.uniform(1.06, 1.18), 1.08 * reach)
    elif framing == "upper body":
        target = np.array([eyes[0] * 0.6, middle[1], high[2] - 0.225 * tall])
        size = tall * generator.uniform(0.46, 0.56)
    elif framing == "lower body":
        target = np.array([middle[0], middle[1], low[2] + 0.26 * tall])
        size = tall * generator.uniform(0.54, 0.62)
    else:
        target, size = eyes + np.array([0.0, 0.07, -0.02]), generator.uniform(0.36, 0.48)
    x, y, z = (float(value) for value in target + generator.uniform(-0.025, 0.025, 3) * size)
    return Camera(
        azimuth=azimuth,
        elevation=float(generator.uniform(-8.0, 20.0)),
        target=(x, y, z),
        frame_height=float(size),
        vertical_fov=float(generator.uniform(0.38, 0.62)),
    )


def world_to_view(camera: Camera) -> Floats:
    """The rigid matrix (4, 4) of `render.camera.orbit`, without a tensor's overhead."""
    azimuth, elevation = math.radians(camera.azimuth), math.radians(camera.elevation)
    sine, cosine = math.sin(azimuth), math.cos(azimuth)
    rise, level = math.sin(elevation), math.cos(elevation)
    backward = np.array([sine * level, -cosine * level, rise])
    # Rows: right, up = backward x right, backward.
    up = [-sine * rise, cosine * rise, level]
    rotation = np.array([[cosine, sine, 0.0], up, backward])
    distance = camera.frame_height / (2.0 * math.tan(camera.vertical_fov / 2))
    matrix = np.eye(4)
    matrix[:3, :3] = rotation
    matrix[:3, 3] = -rotation @ (np.array(camera.target) + backward * distance)
    return matrix


def project(camera: Camera, points: Floats, pixels: int) -> Floats:
    """Project world points to a square picture.

    Returns:
        (N, 3): pixels right and down from the top left corner, and depth in metres.
    """
    matrix = world_to_view(camera).astype(np.float32)
    view = points @ matrix[:3, :3].T + matrix[:3, 3]
    focal = pixels / 2 / math.tan(camera.vertical_fov / 2)
    depth = -view[:, 2]
    safe = np.maximum(depth, 1e-3)
    screen = np.stack(
        [pixels / 2 + focal * view[:, 0] / safe, pixels / 2 - focal * view[:, 1] / safe, depth], 1
    )
    return screen.astype(np.float32)
