"""Everything that can go wrong in words an artist can act on.

Each message says what was wrong, with which file or field, and what to do. The
command line prints it as one line and exits with `exit_code`; a traceback means a bug.
"""


class Album2AvatarError(Exception):
    """Base of every error that is meant to be read by an artist."""

    exit_code = 1


class SettingsError(Album2AvatarError):
    """A setting or preset is unknown, of the wrong type or out of range."""

    exit_code = 2


class AlbumError(Album2AvatarError):
    """The album, one of its photos or one of its masks can't be used."""

    exit_code = 3


class ModelError(Album2AvatarError):
    """A model folder or body file is missing, damaged or of the wrong kind."""

    exit_code = 4


class WorkspaceError(Album2AvatarError):
    """The output folder can't be written, is damaged or is of another version."""

    exit_code = 5


class MeshError(Album2AvatarError):
    """A mesh breaks a rule that a stage depends on (empty, open, not finite)."""

    exit_code = 6


class ExportError(Album2AvatarError):
    """The avatar can't be exported, or Blender's environment is missing."""

    exit_code = 7


class WardrobeError(Album2AvatarError):
    """An entry of the wardrobe is missing, damaged, or doesn't fit the avatar or the prior."""

    exit_code = 8


class FullMemoryError(Album2AvatarError):
    """The device's memory doesn't even hold the smallest part of a step."""

    exit_code = 9


class CancelledError(Album2AvatarError):
    """The artist cancelled the job; its workspace can be resumed."""

    exit_code = 130
