"""The toy person and the tiny prior of the paint stage's tests serve the sculptor's as well."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "paint"))
