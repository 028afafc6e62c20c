"""Compare the variants of an avatar."""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false

from typing import Any

from bpy.props import StringProperty
from bpy.types import Operator

from ..avatar.character import avatar_of
from .variants import next_variant, show_variant, variants_of


class _VariantOperator(Operator):
    """Shows another variant of the active avatar, as one undo step."""

    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Only with an avatar that has variants."""
        armature = avatar_of(context.active_object)
        return armature is not None and len(variants_of(armature)) > 1


class ALBUM2AVATAR_OT_next_variant(_VariantOperator):
    """Show the avatar's next variant in the place of this one, in viewport and render"""

    bl_idname = "album2avatar.next_variant"
    bl_label = "A/B"

    def execute(self, context: Any) -> set[str]:
        """Turn to it."""
        show_variant(context, next_variant(avatar_of(context.active_object)))
        return {"FINISHED"}


class ALBUM2AVATAR_OT_show_variant(_VariantOperator):
    """Show this variant, and hide the avatar's others in viewport and render"""

    bl_idname = "album2avatar.show_variant"
    bl_label = "Show Variant"

    variant: StringProperty(options={"SKIP_SAVE"})  # pyright: ignore[reportInvalidTypeForm]
    """Name of the armature."""

    def execute(self, context: Any) -> set[str]:
        """Show it."""
        variants = {found.name: found for found in variants_of(avatar_of(context.active_object))}
        if self.variant not in variants:
            self.report({"ERROR"}, "This variant is not in the scene any more.")
            return {"CANCELLED"}
        show_variant(context, variants[self.variant])
        return {"FINISHED"}


CLASSES = (ALBUM2AVATAR_OT_next_variant, ALBUM2AVATAR_OT_show_variant)
