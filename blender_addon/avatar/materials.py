"""An avatar's materials, as an artist would have laid them out."""

# pyright: reportMissingImports=false

from typing import Any

from .character import Character, images_of

_COLUMN = 320
"""Blender's units between two columns of nodes."""


def tidy_materials(character: Character) -> None:
    """Name pictures after the avatar, put nodes in rows, and show both sides of thin parts.

    Seams of hair and cloth are open; culled backs would look like holes.
    """
    name = character.armature.name
    for image in images_of(character.meshes):
        image.name = f"{name} {image.name.split('.')[0]}"
        # Without a file name other programs don't know what an embedded picture is.
        image.filepath_raw = f"//{image.name}.png"
    for mesh in character.meshes:
        for slot in mesh.material_slots:
            if slot.material is not None and slot.material.node_tree is not None:
                slot.material.use_backface_culling = False
                _arrange(slot.material.node_tree)


def shader_of(material: Any) -> Any:
    """The Principled BSDF of a material, or None."""
    return _node_of_type(material, "BSDF_PRINCIPLED")


def base_color_node(material: Any) -> Any:
    """The image node that gives a material's base colour, or None."""
    shader = shader_of(material)
    if shader is None:
        return None
    links = shader.inputs["Base Color"].links
    node = links[0].from_node if links else None
    return node if node is not None and node.type == "TEX_IMAGE" else None


def _node_of_type(material: Any, kind: str) -> Any:
    if material is None or material.node_tree is None:
        return None
    return next((node for node in material.node_tree.nodes if node.type == kind), None)


def _arrange(tree: Any) -> None:
    """Columns from the output leftwards by how many links away a node is."""
    output = next((node for node in tree.nodes if node.type == "OUTPUT_MATERIAL"), None)
    column, nodes, seen = 0, [output] if output is not None else [], set[str]()
    while nodes:
        for row, node in enumerate(nodes):
            node.location = (-_COLUMN * column, -_COLUMN * row)
            seen.add(node.name)
        sources = {
            link.from_node.name: link.from_node
            for node in nodes
            for socket in node.inputs
            for link in socket.links
            if link.from_node.name not in seen
        }
        column, nodes = column + 1, list(sources.values())
