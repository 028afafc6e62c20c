"""Colour words and the sRGB values that they stand for, 0..255."""

CLOTH_COLORS: dict[str, tuple[int, int, int]] = {
    "black": (28, 28, 31),
    "white": (238, 238, 235),
    "grey": (128, 130, 133),
    "red": (198, 32, 36),
    "green": (44, 138, 58),
    "blue": (42, 92, 204),
    "yellow": (238, 206, 44),
    "orange": (240, 126, 28),
    "purple": (120, 52, 160),
    "pink": (244, 142, 182),
    "brown": (116, 72, 40),
    "navy": (24, 34, 90),
    "teal": (22, 140, 146),
    "beige": (216, 196, 156),
}
DENIM_COLORS: dict[str, tuple[int, int, int]] = {
    "blue": (72, 102, 152),
    "navy": (36, 46, 84),
    "black": (38, 38, 42),
    "grey": (118, 122, 128),
}
SKIN_COLORS: dict[str, tuple[int, int, int]] = {
    "light": (236, 200, 178),
    "tan": (206, 156, 120),
    "brown": (150, 102, 70),
    "dark": (92, 62, 46),
}
HAIR_COLORS: dict[str, tuple[int, int, int]] = {
    "black": (32, 28, 28),
    "brown": (90, 58, 36),
    "blonde": (216, 180, 110),
    "red": (164, 72, 32),
    "grey": (148, 148, 150),
    "white": (224, 224, 224),
}
EYE_COLORS: tuple[tuple[int, int, int], ...] = ((72, 46, 30), (62, 96, 148), (72, 110, 72))
"""Brown, blue and green irises; too small in a picture to be named in its caption."""
