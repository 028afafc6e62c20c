import threading
import time

import numpy as np
import pytest
import torch
import trimesh
from torch import Tensor

from album2avatar.errors import CancelledError, MeshError
from album2avatar.mesh.decimate import decimate
from album2avatar.mesh.types import Mesh, UvMap
from album2avatar.mesh.uv import UnwrapOptions, unwrap
from album2avatar.render.baking import map_texels
from album2avatar.render.texture import texture


def bumpy_sphere(subdivisions: int = 3) -> Mesh:
    ball = trimesh.creation.icosphere(subdivisions=subdivisions)
    vertices = torch.tensor(ball.vertices).float()
    return Mesh(
        vertices * (1 + 0.2 * torch.sin(5 * vertices[:, :1])), torch.tensor(ball.faces).long()
    )


@pytest.fixture(scope="module")
def unwrapped() -> tuple[Mesh, UvMap]:
    mesh = bumpy_sphere()
    return mesh, unwrap(mesh, UnwrapOptions(resolution=256))


def corner_areas(points: Tensor, faces: Tensor) -> Tensor:
    a, b, c = (points[faces[:, k]] for k in range(3))
    u, v = b - a, c - a
    return 0.5 * (u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]).abs()


def test_no_two_faces_share_a_texel(unwrapped: tuple[Mesh, UvMap]):
    """The area that the charts cover together is the sum of the faces' own areas."""
    _, uv = unwrapped
    assert float(uv.coordinates.min()) >= 0
    assert float(uv.coordinates.max()) <= 1
    own = float(corner_areas(uv.coordinates, uv.faces).sum())
    covered = float(map_texels(uv, (1024, 1024)).covered.float().mean())
    assert covered == pytest.approx(own, rel=2e-3)
    assert own > 0.4


def test_every_face_has_texels_in_proportion_to_its_area(unwrapped: tuple[Mesh, UvMap]):
    mesh, uv = unwrapped
    flat = corner_areas(uv.coordinates, uv.faces)
    real = trimesh.Trimesh(mesh.vertices.numpy(), mesh.faces.numpy(), process=False).area_faces
    ratio = flat.numpy() / real
    assert ratio.min() > 0.2 * np.median(ratio)
    assert ratio.max() < 5 * np.median(ratio)


def test_unwrapping_twice_gives_the_same_map(unwrapped: tuple[Mesh, UvMap]):
    mesh, uv = unwrapped
    again = unwrap(mesh, UnwrapOptions(resolution=256))
    assert torch.equal(again.coordinates, uv.coordinates)
    assert torch.equal(again.faces, uv.faces)


def test_a_long_strip_is_not_squeezed_into_a_square():
    """Its charts make a long atlas; texels are as long as wide all the same."""
    strip = trimesh.creation.box((0.1, 0.1, 3.0)).subdivide().subdivide().subdivide()
    mesh = Mesh(
        torch.from_numpy(np.array(strip.vertices)).float(),
        torch.from_numpy(np.array(strip.faces)).long(),
    )
    uv = unwrap(mesh, UnwrapOptions(256))
    lengths = [
        (corners - corners.roll(1, 1)).norm(dim=2)
        for corners in (mesh.vertices[mesh.faces], uv.coordinates[uv.faces])
    ]
    ratio = lengths[1] / lengths[0]
    assert float(ratio.max() / ratio.min()) < 1.05


def test_a_baked_texture_reads_back_what_was_baked(unwrapped: tuple[Mesh, UvMap]):
    """Positions, baked as colours, come back at every corner and inside every face."""
    mesh, uv = unwrapped
    texels = map_texels(uv, (512, 512))
    image = texels.fill(texels.read(mesh.vertices, mesh.faces))
    for weights in ([1.0, 0, 0], [0, 1.0, 0], [0.2, 0.3, 0.5]):
        mix = torch.tensor(weights)[None, :, None]
        place = (uv.coordinates[uv.faces] * mix).sum(1)
        expected = (mesh.vertices[mesh.faces] * mix).sum(1)
        torch.testing.assert_close(texture(image, place), expected, atol=0.02, rtol=0)


def test_padding_takes_the_nearest_colour():
    left_half = torch.tensor([[0.0, 0.0], [0.5, 0.0], [0.5, 1.0], [0.0, 1.0]])
    uv = UvMap(left_half, torch.tensor([[0, 1, 2], [0, 2, 3]]))
    texels = map_texels(uv, (8, 8))
    rows = texels.covered.nonzero()[:, :1].float()
    image = texels.fill(rows)
    torch.testing.assert_close(image[:, 7, 0], torch.arange(8.0))


def test_cancelling_kills_the_unwrapping_at_once():
    cancelled = threading.Event()
    threading.Timer(0.3, cancelled.set).start()

    def poll() -> None:
        if cancelled.is_set():
            raise CancelledError("stop")

    began = time.monotonic()
    with pytest.raises(CancelledError):
        unwrap(bumpy_sphere(7), poll=poll)
    assert time.monotonic() - began < 3


def test_an_unwrapping_that_takes_too_long_is_ended_with_advice():
    with pytest.raises(MeshError, match="paint"):
        unwrap(bumpy_sphere(6), UnwrapOptions(limit_seconds=0.2))


def test_decimation_keeps_the_shape_and_stays_closed():
    mesh = bumpy_sphere(5)
    smaller = decimate(mesh, 3000)
    assert smaller.faces.shape[0] <= 3000
    before = trimesh.Trimesh(mesh.vertices.numpy(), mesh.faces.numpy(), process=False)
    after = trimesh.Trimesh(smaller.vertices.numpy(), smaller.faces.numpy(), process=False)
    assert after.is_watertight
    assert after.volume == pytest.approx(before.volume, rel=5e-3)
    assert decimate(smaller, 5000) is smaller


def test_a_chart_smaller_than_a_texel_has_its_own_colour():
    """A speck between texel centres, inside of the reach of a large chart of another colour."""
    large = torch.tensor([[0.0, 0.0], [8.6, 0.0], [0.0, 8.6]])
    speck = torch.tensor([[5.6, 5.6], [5.9, 5.6], [5.6, 5.9]])
    uv = UvMap(torch.cat([large, speck]) / 16, torch.tensor([[0, 1, 2], [3, 4, 5]]))
    texels = map_texels(uv, (16, 16))
    shown = texels.rast[0][texels.covered]
    assert int((shown[:, 3] == 2).sum()) == 1
    assert float(texels.rast[0, 5, 5, 3]) == 2
    weights = torch.cat([shown[:, :2], 1 - shown[:, :2].sum(1, keepdim=True)], 1)
    assert float(weights.min()) >= -1e-6
    image = texels.fill((shown[:, 3:] == 2).float())
    for place in (speck.mean(0), *speck):
        assert float(texture(image, place[None] / 16, "clamp")) > 0.99
    assert float(texture(image, torch.tensor([[2.0, 2.0]]) / 16, "clamp")) == 0


def test_a_thin_end_of_a_chart_has_the_chart_s_colour():
    """A needle that covers centres at its one end only, beside a wide chart."""
    needle = torch.tensor([[1.0, 7.6], [4.0, 7.6], [4.0, 10.4], [15.0, 9.1]])
    wide = torch.tensor([[5.0, 4.0], [15.9, 4.0], [15.9, 6.4], [5.0, 6.4]])
    faces = torch.tensor([[0, 1, 2], [1, 3, 2], [4, 5, 6], [4, 6, 7]])
    uv = UvMap(torch.cat([needle, wide]) / 16, faces)
    texels = map_texels(uv, (16, 16))
    image = texels.fill((texels.rast[0][texels.covered][:, 3:] <= 2).float())
    along = torch.linspace(0, 1, 9)[:, None]
    tip = torch.lerp(needle[1:3].mean(0), needle[3], along)
    assert float(texture(image, tip / 16, "clamp").min()) > 0.99


def test_faces_of_a_third_of_a_millimetre_are_unwrapped_too():
    mesh = bumpy_sphere()
    small = Mesh(mesh.vertices * 0.002, mesh.faces)
    uv = unwrap(small, UnwrapOptions(resolution=256))
    assert float(corner_areas(uv.coordinates, uv.faces).min()) > 0
