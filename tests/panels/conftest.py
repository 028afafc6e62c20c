"""The parts of the extension that know nothing of Blender, without Blender."""

import sys
from pathlib import Path
from types import ModuleType

ADDON = Path(__file__).resolve().parents[2] / "blender_addon"

# Lets them be imported without the extension's own `import bpy`.
_package = ModuleType("blender_addon")
_package.__path__ = [str(ADDON)]
sys.modules.setdefault("blender_addon", _package)
