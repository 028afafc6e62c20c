"""What is asked of nvdiffrast and how its answer is read; nvdiffrast itself needs CUDA."""

import importlib.util
from types import SimpleNamespace

import pytest
import torch
from render_scenes import body_mesh, cameras_around, clip_positions

from album2avatar.errors import SettingsError
from album2avatar.render import visibility_nvdiffrast as nv
from album2avatar.render import visibility_torch, visibility_warp
from album2avatar.render.rasterize import rasterize
from album2avatar.render.screen import to_screen
from album2avatar.render.visibility_choice import choose_visibility
from pretended_accelerator import DEVICE, pretended_accelerator


def test_the_default_needs_nothing():
    assert choose_visibility("warp", torch.device("cpu")) is visibility_warp.face_ids


def test_nvdiffrast_without_cuda_is_refused_by_the_settings_name():
    with pytest.raises(SettingsError, match=r"performance\.rasterizer .* cpu\. Set .* to warp"):
        choose_visibility("nvdiffrast", torch.device("cpu"))


@pytest.mark.skipif(importlib.util.find_spec("nvdiffrast") is not None, reason="it is installed")
def test_nvdiffrast_that_is_missing_is_refused_with_its_licence():
    with pytest.raises(SettingsError, match=r"isn't installed.*no commercial use"):
        choose_visibility("nvdiffrast", torch.device("cuda"))


def test_clip_positions_land_on_the_pixels_they_came_from():
    vertices, _ = body_mesh()
    resolution = (96, 160)
    screen = to_screen(
        clip_positions(vertices, cameras_around([20.0, 200.0], 2.0)).double(), resolution
    )
    clip = nv.clip_positions(screen, resolution)
    assert clip.dtype == torch.float32
    assert clip.is_contiguous()
    torch.testing.assert_close(to_screen(clip.double(), resolution), screen, atol=1e-4, rtol=0)


class Library:
    """In nvdiffrast's place: finds faces as ours does, and takes tensors of one device alone."""

    RasterizeCudaContext = SimpleNamespace

    @staticmethod
    def rasterize(context, clip, faces, resolution, grad_db):
        assert clip.device == faces.device == context.device
        return rasterize(clip.cpu(), faces.cpu().long(), resolution).to(context.device), None


def test_faces_on_the_cpu_are_found_by_a_library_that_is_not():
    """A swap looks at what was made before, on the CPU, whatever the device of its prior."""
    vertices, faces = body_mesh()
    resolution = (48, 64)
    screen = to_screen(clip_positions(vertices, cameras_around([70.0], 2.0)).double(), resolution)
    with pretended_accelerator():
        found = nv.face_ids_by(Library, DEVICE)(screen, faces, resolution)
    assert found.device == screen.device
    expected = visibility_torch.face_ids(screen, faces, resolution)
    assert (expected >= 0).any()
    assert float((found == expected).float().mean()) > 0.99  # float32 moves a few edges


def test_faces_behind_a_camera_are_left_out_of_its_picture_and_numbers_stay():
    """The way there and back around any rasterizer of the convention; here around our own."""
    generator = torch.Generator().manual_seed(0)
    pos = torch.randn(2, 60, 4, generator=generator)
    pos[0, :, 3] = 1.5  # all before the first camera, some behind the second
    faces = torch.randint(0, 60, (90, 3), generator=generator)
    resolution = (24, 32)
    screen = to_screen(pos.double(), resolution)
    found = torch.cat(
        [
            nv.original_faces(
                rasterize(nv.clip_positions(points, resolution), faces[kept], resolution), kept
            )
            for points, kept in nv.drawable(screen, faces)
        ]
    )
    expected = visibility_torch.face_ids(screen, faces, resolution)
    assert (expected[1] >= 0).any()
    assert float((found == expected).float().mean()) > 0.99  # float32 moves a few edges
