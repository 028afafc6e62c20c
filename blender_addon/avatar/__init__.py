"""Avatars in Blender: import and what makes them editable."""
