"""The create panel: how the avatar is made."""
