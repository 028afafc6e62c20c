"""Colours and patterns of a person's materials, as arrays that shading reads."""

from dataclasses import dataclass

import numpy as np

from album2avatar.synthetic.palette import CLOTH_COLORS, DENIM_COLORS, HAIR_COLORS, SKIN_COLORS
from album2avatar.synthetic.parts import Material
from album2avatar.synthetic.people import PATTERNS, Garment, Person
from album2avatar.synthetic.template import Floats

DETAILS = {"sweater": 1, "shirt": 2, "jacket": 3, "coat": 3, "sneakers": 4, "beanie": 5, "jeans": 6}
"""Garments with drawn details (ribs, buttons, zips, soles), as numbers for the shader."""


@dataclass(frozen=True)
class Looks:
    """One row per `Material`; colours are sRGB 0..255."""

    colors: Floats
    """(M, 3)."""
    second_colors: Floats
    """(M, 3), the other colour of a pattern."""
    patterns: np.ndarray
    """(M,) int8, index into `PATTERNS`."""
    pattern_sizes: Floats
    """(M,) metres of one repeat on the neutral body."""
    details: np.ndarray
    """(M,) int8, see `DETAILS`; 0 for none."""
    eye_color: Floats
    """(3,)."""
    gaze: Floats
    """(3,) unit vector that the irises face, canonical frame."""


def looks_of(person: Person) -> Looks:
    """Turn a person's words into numbers."""
    count = len(Material)
    colors, second = np.zeros((count, 3), np.float32), np.zeros((count, 3), np.float32)
    patterns, details = np.zeros(count, np.int8), np.zeros(count, np.int8)
    sizes = np.full(count, 0.08, np.float32)
    shifts = np.array(person.color_shift)
    garments: dict[Material, Garment | None] = {
        Material.TOP: person.top,
        Material.OUTERWEAR: person.outerwear,
        Material.BOTTOM: person.bottom,
        Material.SHOES: person.shoes,
        Material.HEADWEAR: person.headwear,
        Material.DRESS: person.dress,
    }
    for material, garment in garments.items():
        if garment is None:
            continue
        shift = 10.0 * np.roll(shifts, int(material))[:3]
        words = DENIM_COLORS if garment.name == "jeans" else CLOTH_COLORS
        colors[material] = np.array(words[garment.color]) + shift
        if garment.second_color:
            second[material] = np.array(CLOTH_COLORS[garment.second_color]) - shift
        patterns[material] = PATTERNS.index(garment.pattern)
        sizes[material] = 0.075 + 0.02 * shifts[int(material) % 8]
        details[material] = DETAILS.get(garment.name, 0)
    colors[Material.SKIN] = np.array(SKIN_COLORS[person.skin]) + 7.0 * shifts[:3] * shifts[3]
    hair = np.array(HAIR_COLORS[person.hair_color]) + 6.0 * shifts[4]
    colors[Material.HAIR], colors[Material.BEARD] = hair, 0.92 * hair
    colors[Material.GLASSES], colors[Material.LENS] = (26, 26, 28), (30, 30, 36)
    left, up = person.gaze
    gaze = np.array([np.sin(left), -np.cos(left) * np.cos(up), np.sin(up)])
    return Looks(
        colors=colors.clip(0, 255),
        second_colors=second.clip(0, 255),
        patterns=patterns,
        pattern_sizes=sizes,
        details=details,
        eye_color=np.array(person.eye_color, np.float32),
        gaze=(gaze / np.linalg.norm(gaze)).astype(np.float32),
    )
