"""The backend as the panels see it. Knows nothing of Blender."""
