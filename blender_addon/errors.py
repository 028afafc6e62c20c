"""What the extension says when it can't do what was asked."""


class AvatarError(Exception):
    """Meant to be read by an artist: what was wrong, where, and what to do now."""
