"""The wardrobe panel: pieces of all avatars, tried on others."""
