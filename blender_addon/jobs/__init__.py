"""The jobs panel: avatars in the making."""
