"""Garments that follow the body: copies of its surface, smoothed and moved outwards."""

from dataclasses import dataclass

import numpy as np

from album2avatar.synthetic.meshing import faces_touching, smooth_vertices, vertex_normals
from album2avatar.synthetic.parts import Material, Part
from album2avatar.synthetic.people import Person
from album2avatar.synthetic.regions import Cut, Layer, covered_vertices, landmark_cuts
from album2avatar.synthetic.template import (
    CHART_ARM,
    CHART_LEG,
    CHART_ON_ARM,
    CHART_Z,
    Floats,
    RestBody,
    Template,
)

_SLEEVES = {"t-shirt": 0.36, "sweater": 1.0, "shirt": 0.98, "tank top": -0.1, "dress": 0.24}
_NECKS = {"t-shirt": 0.1, "sweater": 0.085, "shirt": 0.08, "tank top": 0.15, "dress": 0.13}
_EASES = {"t-shirt": 0.013, "sweater": 0.02, "shirt": 0.014, "tank top": 0.009, "dress": 0.01}
_LEG_ENDS = {"trousers": 0.97, "jeans": 0.97, "shorts": 0.4, "skirt": 0.06}


@dataclass(frozen=True)
class Smoothed:
    """The rest body without its small shapes, as cloth over it would be."""

    lightly: Floats
    heavily: Floats


def smooth_body(template: Template, body: RestBody) -> Smoothed:
    """Smooth the body as tight and as loose cloth do."""
    starts, neighbors = template.neighbor_starts, template.neighbors
    lightly = smooth_vertices(body.vertices, starts, neighbors, 6)
    return Smoothed(lightly, smooth_vertices(lightly, starts, neighbors, 10))


def outfit_cuts(template: Template, person: Person) -> Floats:
    """Where each of the person's garments ends; see `regions.Cut`."""
    cuts = landmark_cuts(template)
    hip, waist = float(cuts[Cut.HIP_Z]), float(cuts[Cut.WAIST_Z])
    upper = person.dress or person.top
    if upper is not None:
        cuts[Cut.TOP_SLEEVE] = _SLEEVES[upper.name]
        cuts[Cut.TOP_NECK] = _NECKS[upper.name]
        is_tucked = person.bottom is not None and person.bottom.name == "skirt"
        cuts[Cut.TOP_HEM] = waist - 0.02 if is_tucked else hip - 0.01 + 0.04 * person.hem
    if person.dress is not None:
        cuts[Cut.TOP_HEM] = hip - 0.02
    if person.outerwear is not None:
        cuts[Cut.OUTER_SLEEVE] = 1.0
        cuts[Cut.OUTER_NECK] = 0.088
        cuts[Cut.OUTER_HEM] = hip - 0.03 + 0.03 * person.hem
        cuts[Cut.OUTER_OPEN] = 0.075 if person.outerwear.name == "jacket" else 0.06
        cuts[Cut.TOP_HEM] = hip + 0.03
        # A sleeve under a sleeve is never seen, and would poke through.
        cuts[Cut.TOP_SLEEVE] = min(float(cuts[Cut.TOP_SLEEVE]), 0.3)
    cuts[Cut.WAIST] = -9.0 if person.bottom is None else waist + 0.02
    cuts[Cut.LEG_END] = -9.0 if person.bottom is None else _LEG_ENDS[person.bottom.name]
    cuts[Cut.SHOE_TOP] = 9.0
    if person.shoes is not None:
        cuts[Cut.SHOE_TOP] = 0.74 if person.shoes.name == "boots" else 0.95
    return cuts


def cloth(
    template: Template,
    body: RestBody,
    smooth: Floats,
    cuts: Floats,
    layer: Layer,
    material: Material,
    ease: Floats,
) -> Part:
    """Copy the part of the body that a layer covers and move it outwards.

    Args:
        smooth: (V, 3) smoothed body that the cloth follows.
        ease: (V,) metres between skin and cloth; cloth is never nearer than half of it.
    """
    covered = covered_vertices(int(layer), template.chart, cuts)
    faces = template.faces[faces_touching(covered, template.faces)]
    used = np.zeros(len(covered), bool)
    used[faces] = True
    chosen = np.flatnonzero(used)
    renumbered = np.zeros(len(covered), np.int32)
    renumbered[chosen] = np.arange(len(chosen), dtype=np.int32)
    faces = renumbered[faces]
    outward = vertex_normals(smooth[chosen], faces)
    skin = body.vertices[chosen]
    reach = ((smooth[chosen] - skin) * outward).sum(1) + ease[chosen]
    away = np.maximum(reach, 0.5 * ease[chosen])[:, None]
    return Part(
        vertices=(skin + outward * away).astype(np.float32),
        faces=faces,
        chart=template.chart[chosen],
        weight_bones=template.weight_bones[chosen],
        weights=template.weights[chosen],
        layer=layer,
        material=material,
    )


def upper_garments(
    template: Template, body: RestBody, smoothed: Smoothed, cuts: Floats, person: Person
) -> list[Part]:
    """Top or upper part of a dress, and outerwear down to the hips."""
    parts: list[Part] = []
    chart = template.chart
    below_waist = np.clip((cuts[Cut.WAIST_Z] + 0.15 - chart[:, CHART_Z]) / 0.25, 0, 1)
    down_arm = np.clip(chart[:, CHART_ARM], 0, 1) * (chart[:, CHART_ON_ARM] > 0.5)
    flow = np.maximum(below_waist * (chart[:, CHART_ON_ARM] < 0.5), 0.7 * down_arm)
    upper = person.dress or person.top
    if upper is not None:
        is_under = person.outerwear is not None
        ease = np.full(len(chart), 0.008 if is_under else _EASES[upper.name], np.float32)
        if not is_under and person.dress is None:
            ease += (0.008 + 0.018 * person.looseness) * flow
        surface = smoothed.heavily if upper.name == "sweater" else smoothed.lightly
        material = Material.DRESS if person.dress is not None else Material.TOP
        parts.append(cloth(template, body, surface, cuts, Layer.TOP, material, ease))
    if person.outerwear is not None:
        ease = 0.022 + (0.012 + 0.012 * person.looseness) * flow
        heavily = smoothed.heavily
        parts.append(
            cloth(template, body, heavily, cuts, Layer.OUTERWEAR, Material.OUTERWEAR, ease)
        )
    return parts


def lower_garment(
    template: Template, body: RestBody, smoothed: Smoothed, cuts: Floats, person: Person
) -> list[Part]:
    """Trousers, jeans or shorts; under a skirt, the cloth over the hips."""
    if person.bottom is None:
        return []
    down_leg = np.clip(template.chart[:, CHART_LEG], 0, 1)
    fullness = {"trousers": 0.03, "jeans": 0.016, "shorts": 0.05, "skirt": 0.0}[person.bottom.name]
    ease = 0.006 + 0.006 * np.clip(down_leg * 8, 0, 1)
    ease = ease + fullness * (0.3 + 0.7 * person.looseness) * down_leg
    return [
        cloth(
            template, body, smoothed.lightly, cuts, Layer.BOTTOM, Material.BOTTOM,
            ease.astype(np.float32),
        )
    ]  # fmt: skip


def footwear(
    template: Template, body: RestBody, smoothed: Smoothed, cuts: Floats, person: Person
) -> list[Part]:
    """Shoes or boots: the foot with its toes smoothed away, on a flat sole."""
    if person.shoes is None:
        return []
    ease = np.full(len(template.chart), 0.012, np.float32)
    part = cloth(template, body, smoothed.heavily, cuts, Layer.SHOES, Material.SHOES, ease)
    vertices = part.vertices.copy()
    ground = float(body.vertices[:, 2].min())
    vertices[:, 2] = np.maximum(vertices[:, 2], ground - 0.004)
    near_ground = vertices[:, 2] < ground + 0.02
    vertices[near_ground, 2] = np.minimum(vertices[near_ground, 2], ground + 0.004)
    return [
        Part(
            vertices, part.faces, part.chart, part.weight_bones, part.weights, part.layer,
            part.material,
        )
    ]  # fmt: skip
