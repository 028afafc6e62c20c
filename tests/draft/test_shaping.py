"""Offsets and shifts from outlines alone."""

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from album2avatar.draft.limbs import Limbs, shift_limbs
from album2avatar.draft.mirroring import mirror_vertices
from album2avatar.draft.offsets import INWARD, OUTWARD, Outlines
from album2avatar.draft.outlines import measure_gaps
from album2avatar.draft.shaping import meet_outlines
from album2avatar.draft.template import DraftTemplate, make_template
from album2avatar.mesh.normals import vertex_normals
from album2avatar.mesh.topology import edge_table
from album2avatar.mesh.types import Mesh
from album2avatar.render.camera import Cameras
from toy_draft import HEIGHT, WIDTH, body, body_with_uv, dressed, masks, poses

AROUND = tuple(range(0, 360, 24))


@pytest.fixture(scope="module")
def template() -> DraftTemplate:
    return make_template(body_with_uv(4), 64, lambda: None)


def meet(
    template: DraftTemplate, azimuths: Sequence[float], shown: list[Tensor], shift: float = 0.0
) -> Outlines:
    person = body()
    limbs = Limbs.of(person.skeleton, person.kind, template.weights)
    mirror = mirror_vertices(template.mesh.vertices)
    fitted = poses(azimuths, shift)
    one = torch.zeros(len(mirror), dtype=torch.int64)
    return meet_outlines(template, one, limbs, mirror, fitted, shown, lambda number: None)


def parts(template: DraftTemplate) -> tuple[Tensor, Tensor]:
    """(V,) bool: inside of the tube of `dressed`, and far from it; neither near a held part."""
    z = template.mesh.vertices[:, 2]
    free = template.freedom > 0.99
    return free & (z > 0.38) & (z < 0.62), free & ((z < 0.15) | (z > 1.1))


@pytest.mark.parametrize("thickness", [0.04, -0.02])
def test_gaps_are_as_wide_as_the_mask_is_larger(thickness: float):
    """Also across the picture's own frame and for a mask that is smaller."""
    mesh = Mesh(body().vertices, body().faces)
    normals = vertex_normals(mesh.vertices, mesh.faces)
    larger = Mesh(mesh.vertices + thickness * normals, mesh.faces)
    seen = poses([30.0])
    found = measure_gaps(
        mesh.vertices, normals, mesh.faces, edge_table(mesh.faces),
        Cameras(seen.cameras.world_to_view, seen.cameras.vertical_fov), masks(larger, seen)[0],
    )  # fmt: skip
    assert len(found.vertices) > 100
    assert float((found.gaps - thickness).abs().median()) < 0.003
    assert float((found.slopes.norm(dim=-1) - 1).abs().max()) < 0.1


def test_what_the_picture_cuts_off_has_no_gap():
    """The mask goes on beyond the frame; the outline is not the frame."""
    mesh = Mesh(body().vertices, body().faces)
    seen = poses([0.0])
    near = Cameras(seen.cameras.world_to_view, seen.cameras.vertical_fov / 4)
    found = measure_gaps(
        mesh.vertices, vertex_normals(mesh.vertices, mesh.faces), mesh.faces,
        edge_table(mesh.faces), near, torch.ones(HEIGHT, WIDTH),
    )  # fmt: skip
    assert len(found.vertices) == 0


def test_a_known_garment_is_recovered(template: DraftTemplate):
    found = meet(template, AROUND, masks(dressed(0.05), poses(AROUND))).offsets
    inside, bare = parts(template)
    assert float((found[inside] - 0.05).abs().mean()) < 0.012
    assert float(found[bare].abs().mean()) < 0.004


def test_hands_and_face_stay_the_templates(template: DraftTemplate):
    """Even where the masks are wider there."""
    found = meet(template, AROUND, masks(dressed(0.05, 0.1, 1.7), poses(AROUND))).offsets
    held = template.freedom == 0
    assert int(held.sum()) > 10
    assert torch.equal(template.moved(found)[held], template.mesh.vertices[held])
    assert float(found.max()) > 0.04


def test_offsets_stay_bounded(template: DraftTemplate):
    """A mask that knows no bounds, and one of a stick."""
    full = [torch.ones(HEIGHT, WIDTH)] * 2
    stick = torch.zeros(HEIGHT, WIDTH)
    stick[20:170, WIDTH // 2 - 6 : WIDTH // 2 + 6] = 1.0
    for shown in (full, [stick, stick], [torch.zeros(HEIGHT, WIDTH)] * 2):
        found = meet(template, (0.0, 90.0), shown)
        assert bool(found.offsets.isfinite().all())
        assert float(found.offsets.max()) <= OUTWARD
        assert float(found.offsets.min()) >= -INWARD


def test_a_wrong_pose_is_no_garment(template: DraftTemplate):
    """The body stands 3 cm farther right than it is thought to; its limbs are moved there."""
    found = meet(template, AROUND, masks(dressed(0.0), poses(AROUND)), shift=-0.03)
    assert float(found.offsets.abs().mean()) < 0.004
    assert found.shifts[:, 0, 0].tolist() == pytest.approx([0.03] * len(AROUND), abs=0.008)
    assert found.shifts[:, 0, 1].tolist() == pytest.approx([0.0] * len(AROUND), abs=0.008)


@pytest.mark.parametrize("azimuths", [(0.0,), (0.0, 180.0), (70.0,)])
def test_few_photos_widen_what_they_look_past(template: DraftTemplate, azimuths: tuple[float, ...]):
    found = meet(template, azimuths, masks(dressed(0.05), poses(azimuths))).offsets
    inside, bare = parts(template)
    assert float(found[inside].max()) > 0.015
    assert float(found[inside].mean()) > 0.006
    assert float(found[bare].abs().mean()) < 0.006


def test_one_sided_photos_shape_both_sides(template: DraftTemplate):
    """What a photo of the left shows of front and back holds for the right, too."""
    found = meet(template, (60.0, 120.0), masks(dressed(0.05), poses((60.0, 120.0)))).offsets
    inside, _ = parts(template)
    twins = mirror_vertices(template.mesh.vertices)
    assert float((found - found[twins])[inside].abs().mean()) < 0.008


def test_limbs_move_across_the_picture():
    """To its right and up, whatever the camera looks at."""
    person = body()
    fitted = poses([0.0, 90.0])
    limbs = Limbs.of(person.skeleton, person.kind, person.weights)
    assert limbs.count == 1
    shifts = torch.tensor([[[0.1, 0.02]], [[0.1, 0.02]]])
    moved = shift_limbs(fitted, limbs, shifts).bone_transforms[:, 0, :3, 3]
    assert torch.allclose(moved[0], torch.tensor([0.1, 0.0, 0.02]), atol=1e-6)
    assert torch.allclose(moved[1], torch.tensor([0.0, 0.1, 0.02]), atol=1e-6)
