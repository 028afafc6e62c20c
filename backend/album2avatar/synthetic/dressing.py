"""Dressing: from a person's description to one mesh in the canonical pose."""

import numpy as np

from album2avatar.synthetic.garments import (
    footwear,
    lower_garment,
    outfit_cuts,
    smooth_body,
    upper_garments,
)
from album2avatar.synthetic.hair import hair_parts
from album2avatar.synthetic.hanging import hanging_cloth
from album2avatar.synthetic.headwear import glasses_parts, headwear_parts
from album2avatar.synthetic.meshing import faces_touching, vertex_normals
from album2avatar.synthetic.parts import DressedBody, Material, Part, join_parts
from album2avatar.synthetic.people import Person
from album2avatar.synthetic.regions import Cut, Layer, covered_vertices
from album2avatar.synthetic.template import (
    CHART_ON_ARM,
    CHART_ON_HEAD,
    CHART_Z,
    Floats,
    RestBody,
    Template,
)


def dress(template: Template, body: RestBody, person: Person) -> DressedBody:
    """Put hair and outfit on a body. All parts hang on the body's bones."""
    return dress_to_cuts(template, body, person, outfit_cuts(template, person))


def dress_to_cuts(template: Template, body: RestBody, person: Person, cuts: Floats) -> DressedBody:
    """The same with garments that end elsewhere than this outfit's usually do.

    Args:
        cuts: as from `outfit_cuts`.
    """
    smoothed = smooth_body(template, body)
    parts = [
        *upper_garments(template, body, smoothed, cuts, person),
        *lower_garment(template, body, smoothed, cuts, person),
        *hanging_cloth(template, body, person),
        *footwear(template, body, smoothed, cuts, person),
        *hair_parts(template, body, smoothed, cuts, person),
        *headwear_parts(template, body, cuts, person),
        *glasses_parts(template, body, person),
    ]
    skin = _visible_skin(template, body, cuts, person)
    normals = [vertex_normals(part.vertices, part.faces) for part in parts]
    skin_normals = vertex_normals(body.vertices, template.faces)
    return join_parts([skin, *parts], [skin_normals, *normals])


def _visible_skin(template: Template, body: RestBody, cuts: Floats, person: Person) -> Part:
    """The body without the triangles that cloth hides.

    What is hidden may poke through when the joints bend. A margin at each hem stays,
    because it is seen from below or from the side.
    """
    hidden = hidden_skin(template, cuts, person)
    keep = faces_touching(~hidden, template.faces)
    return Part(
        vertices=body.vertices,
        faces=template.faces[keep],
        chart=template.chart,
        weight_bones=template.weight_bones,
        weights=template.weights,
        layer=Layer.BODY,
        material=Material.SKIN,
    )


def hidden_skin(template: Template, cuts: Floats, person: Person) -> np.ndarray:
    """Template vertices that are well inside clothing, (V,) bool."""
    chart = template.chart
    inner = cuts.copy()
    inner[Cut.TOP_SLEEVE] -= 0.08
    inner[Cut.OUTER_SLEEVE] -= 0.08
    inner[Cut.TOP_HEM] += 0.03
    inner[Cut.OUTER_HEM] += 0.03
    inner[Cut.TOP_NECK] += 0.02
    inner[Cut.OUTER_NECK] += 0.02
    inner[Cut.OUTER_OPEN] += 0.02
    inner[Cut.LEG_END] -= 0.08
    inner[Cut.WAIST] -= 0.03
    inner[Cut.SHOE_TOP] += 0.04
    hidden = np.zeros(len(chart), bool)
    upper = person.top or person.dress
    if upper is not None:
        hidden |= covered_vertices(int(Layer.TOP), chart, inner)
    if person.outerwear is not None:
        hidden |= covered_vertices(int(Layer.OUTERWEAR), chart, inner)
    if person.bottom is not None:
        hidden |= covered_vertices(int(Layer.BOTTOM), chart, inner)
    if person.shoes is not None:
        hidden |= covered_vertices(int(Layer.SHOES), chart, inner)
    if person.bottom is not None and (upper is not None):
        # Where top and bottom overlap neither's own margin is seen.
        band = (chart[:, CHART_Z] > cuts[Cut.HIP_Z] - 0.03) & (chart[:, CHART_ON_ARM] < 0.5)
        band &= (chart[:, CHART_Z] < cuts[Cut.WAIST_Z] + 0.1) & (chart[:, CHART_ON_HEAD] < 0.5)
        hidden |= band & (cuts[Cut.TOP_HEM] < cuts[Cut.WAIST])
    return hidden
