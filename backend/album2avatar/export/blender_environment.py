"""Where Blender is: a Python environment of its own that has `bpy`.

Blender's numpy is older than torch's, so the two never share an environment.
"""

import os
from pathlib import Path

import platformdirs

from album2avatar.errors import ExportError

VARIABLE = "ALBUM2AVATAR_BLENDER_PYTHON"
_CHECKOUT = Path(__file__).resolve().parents[3]


def find_blender_python() -> Path:
    """The Python program that can `import bpy`.

    Looks at the environment variable ALBUM2AVATAR_BLENDER_PYTHON, then for `.venv-blender`
    beside the source, then in the user's data folder.

    Raises:
        ExportError: there is none.
    """
    named = os.environ.get(VARIABLE)
    if named:
        if Path(named).is_file():
            return Path(named)
        raise ExportError(
            f"{VARIABLE} names {named}, which is no file. Correct it, or unset it and run "
            "scripts/blender_env."
        )
    environments = [
        _CHECKOUT / ".venv-blender",
        platformdirs.user_data_path("album2avatar") / "venv-blender",
    ]
    for environment in environments:
        for program in (environment / "bin" / "python", environment / "Scripts" / "python.exe"):
            if program.is_file():
                return program
    raise ExportError(
        "Blender's environment is missing, which FBX, .blend and pictures need. Run "
        f"scripts/blender_env once, or name a Python that has bpy in {VARIABLE}."
    )


def find_extension() -> Path:
    """Folder of the project's Blender extension, whose code reads the GLB.

    Raises:
        ExportError: album2avatar was installed without its source.
    """
    folder = _CHECKOUT / "blender_addon"
    if (folder / "blender_manifest.toml").is_file():
        return folder
    raise ExportError(
        f"The Blender extension is not at {folder}. Install album2avatar from its source folder: "
        "scripts/setup."
    )
