"""From a photo album to a rigged, textured avatar."""

__version__ = "0.1.0"
