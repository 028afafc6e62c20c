"""The sidebar's panel of the active avatar."""

# pyright: reportMissingImports=false, reportUntypedBaseClass=false

from typing import Any

from bpy.types import Panel, UIList

from ..sidebar.tab import SidebarPanel, draw_sentence
from .asset_faces import ATTRIBUTE
from .character import Character, find_character, is_part_of_avatar
from .knowledge import has_knowledge, shows_knowledge
from .materials import base_color_node, shader_of
from .metadata import KEY, parse_assets
from .posing import ARM_POSES

RIG_TITLES = {"anny": "Anny", "smplx": "SMPL-X"}


class ALBUM2AVATAR_PT_avatar(SidebarPanel, Panel):
    """Pose, face and surface of the active avatar"""

    bl_idname = "ALBUM2AVATAR_PT_avatar"
    bl_label = "Avatar"
    bl_order = 5

    def draw(self, context: Any) -> None:
        """Draw what the active object's avatar is."""
        layout = self.layout
        if not is_part_of_avatar(context.active_object):
            draw_sentence(
                layout,
                context,
                "Click on an avatar in the viewport, or import one.",
                icon="ARMATURE_DATA",
            )
            layout.operator("album2avatar.import_avatar", text="Import Avatar…", icon="IMPORT")
            return
        character = find_character(context.active_object)
        described = character.armature[KEY]
        layout.prop(character.armature, "name", text="", icon="ARMATURE_DATA")
        column = layout.column(align=True)
        rig = str(described.get("rig", ""))
        column.label(text=f"Rig: {RIG_TITLES.get(rig, rig)}, {_bones(character)} bones")
        if "seed" in described:
            column.label(text=f"Seed: {described['seed']}")
        row = layout.row(align=True)
        for key, pose in ARM_POSES.items():
            row.operator("album2avatar.pose", text=pose.title).pose = key
        row.operator("album2avatar.reset_pose", text="Reset")
        self._draw_knowledge(context, character)
        collection = character.armature.users_collection[0]
        if collection.asset_data is None:
            layout.operator("album2avatar.mark_as_asset", icon="ASSET_MANAGER")
        else:
            layout.label(text="In the asset browser", icon="ASSET_MANAGER")

    def _draw_knowledge(self, context: Any, character: Character) -> None:
        if not has_knowledge(character):
            return
        is_shown = shows_knowledge(character)
        self.layout.operator(
            "album2avatar.toggle_knowledge",
            text="Show Colours" if is_shown else "Show What Was Guessed",
            icon="HIDE_OFF" if is_shown else "QUESTION",
            depress=is_shown,
        )
        if is_shown:
            draw_sentence(
                self.layout,
                context,
                "White: photos decide the colour. Black: it was guessed. Grey: something between, "
                "or the body's other side lends it.",
                icon="INFO",
            )


class _AvatarPart(SidebarPanel, Panel):
    """A part of the panel that needs an avatar."""

    bl_parent_id = "ALBUM2AVATAR_PT_avatar"
    bl_options = {"DEFAULT_CLOSED"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Only with an avatar."""
        return is_part_of_avatar(context.active_object)


class ALBUM2AVATAR_PT_avatar_assets(_AvatarPart):
    """What the avatar is made of"""

    bl_idname = "ALBUM2AVATAR_PT_avatar_assets"
    bl_label = "Pieces"
    bl_options = set()

    def draw(self, context: Any) -> None:
        """Draw a row for each asset, with its token and a button for its faces."""
        character = find_character(context.active_object)
        described = character.armature[KEY].to_dict()
        is_labelled = any(ATTRIBUTE in mesh.data.attributes for mesh in character.meshes)
        column = self.layout.column(align=True)
        assets = parse_assets(described)
        if not assets:
            column.label(text="The file names no pieces.")
        for place, asset in enumerate(assets):
            row = column.row(align=True)
            row.label(text=asset.name, icon="MOD_CLOTH" if asset.kind != "face" else "USER")
            row.label(text=asset.token)
            button = row.row(align=True)
            button.enabled = is_labelled
            button.operator(
                "album2avatar.select_asset_faces", text="", icon="RESTRICT_SELECT_OFF"
            ).asset = place


class ALBUM2AVATAR_UL_shape_keys(UIList):
    """Shape keys with their sliders"""

    bl_idname = "ALBUM2AVATAR_UL_shape_keys"

    def draw_item(
        self,
        context: Any,
        layout: Any,
        data: Any,
        item: Any,
        icon: int,
        active_data: Any,
        active_property: str,
        index: int = 0,
        filter_flag: int = 0,
    ) -> None:
        """Draw one key: its name, and how much of it shows."""
        row = layout.row(align=True)
        row.label(text=item.name)
        if item != item.relative_key and index > 0:
            row.prop(item, "value", text="", slider=True)


class ALBUM2AVATAR_PT_avatar_shape_keys(_AvatarPart):
    """Expressions and corrections of the avatar's meshes"""

    bl_idname = "ALBUM2AVATAR_PT_avatar_shape_keys"
    bl_label = "Shape Keys"

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Only where a mesh has some."""
        return super().poll(context) and bool(_meshes_with_keys(context))

    def draw(self, context: Any) -> None:
        """Draw a list for each mesh that has keys."""
        for mesh in _meshes_with_keys(context):
            keys = mesh.data.shape_keys
            self.layout.label(text=f"{mesh.name}: {len(keys.key_blocks) - 1} keys")
            self.layout.template_list(
                ALBUM2AVATAR_UL_shape_keys.bl_idname,
                mesh.name,
                keys,
                "key_blocks",
                mesh,
                "active_shape_key_index",
                rows=4,
            )


class ALBUM2AVATAR_PT_avatar_material(_AvatarPart):
    """Colour and gloss of the avatar's surface"""

    bl_idname = "ALBUM2AVATAR_PT_avatar_material"
    bl_label = "Material"

    def draw(self, context: Any) -> None:
        """Draw colour and roughness of each material."""
        character = find_character(context.active_object)
        materials = {
            slot.material
            for mesh in character.meshes
            for slot in mesh.material_slots
            if slot.material is not None
        }
        for material in sorted(materials, key=lambda found: found.name):
            self._draw_material(material)

    def _draw_material(self, material: Any) -> None:
        box = self.layout.box()
        box.prop(material, "name", text="", icon="MATERIAL")
        shader = shader_of(material)
        if shader is None:
            box.label(text="Its nodes have no Principled BSDF.")
            return
        image = base_color_node(material)
        if image is not None:
            box.template_ID(image, "image", open="image.open")
        else:
            box.prop(shader.inputs["Base Color"], "default_value", text="Color")
        box.prop(shader.inputs["Roughness"], "default_value", text="Roughness", slider=True)


def _meshes_with_keys(context: Any) -> list[Any]:
    meshes = find_character(context.active_object).meshes
    return [mesh for mesh in meshes if mesh.data.shape_keys is not None]


def _bones(character: Character) -> int:
    return len(character.armature.data.bones)


CLASSES = (
    ALBUM2AVATAR_PT_avatar,
    ALBUM2AVATAR_PT_avatar_assets,
    ALBUM2AVATAR_UL_shape_keys,
    ALBUM2AVATAR_PT_avatar_shape_keys,
    ALBUM2AVATAR_PT_avatar_material,
)
