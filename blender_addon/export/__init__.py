"""Avatars out of Blender."""
