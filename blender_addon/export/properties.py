"""What the last check found, for the panel; it stays until the artist checks again."""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false

from collections.abc import Sequence
from typing import Any

from bpy.props import BoolProperty, CollectionProperty, StringProperty
from bpy.types import PropertyGroup

from .checks import Finding


class ALBUM2AVATAR_PG_finding(PropertyGroup):
    """One line of the list."""

    is_error: BoolProperty()  # pyright: ignore[reportInvalidTypeForm]
    message: StringProperty()  # pyright: ignore[reportInvalidTypeForm]
    mesh: StringProperty()  # pyright: ignore[reportInvalidTypeForm]
    fix: StringProperty()  # pyright: ignore[reportInvalidTypeForm]


class ALBUM2AVATAR_PG_export(PropertyGroup):
    """The list, and whose it is."""

    checked: StringProperty()  # pyright: ignore[reportInvalidTypeForm]
    """Name of the avatar's armature; empty before the first check."""
    findings: CollectionProperty(type=ALBUM2AVATAR_PG_finding)  # pyright: ignore[reportInvalidTypeForm]


def keep_findings(kept: Any, armature: str, findings: Sequence[Finding]) -> None:
    """Show these findings in the panel."""
    kept.checked = armature
    kept.findings.clear()
    for finding in findings:
        line = kept.findings.add()
        line.is_error = finding.severity == "error"
        line.message = finding.message
        line.mesh = finding.mesh
        line.fix = finding.fix or ""


CLASSES = (ALBUM2AVATAR_PG_finding, ALBUM2AVATAR_PG_export)
