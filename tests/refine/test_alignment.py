"""How photo and avatar are compared, and that following it leads to the photo."""

import math

import torch

from album2avatar.projection.light import even_light
from album2avatar.projection.observations import MaskedPhoto
from album2avatar.refine.alignment import compare
from album2avatar.refine.photo_pictures import shrink_photo
from album2avatar.render.camera import Cameras
from toy_globe import around, painted, photograph, surface, tall_globe


def known(albedo: torch.Tensor) -> torch.Tensor:
    """A texture of which every texel is known."""
    return torch.cat([albedo, torch.ones_like(albedo[..., :1])], -1)


def photographed(size: int) -> tuple[MaskedPhoto, Cameras]:
    mesh, uv, shares = tall_globe()
    poses = around([20.0], torch.tensor([0.0, 0.0, 0.85]), 2.0, size)
    (photo,) = photograph(surface(mesh, uv, shares, 2), mesh.vertices, poses, [0.0])
    return photo, poses.cameras


def test_small_pictures_keep_colours_and_shares():
    photo, _ = photographed(128)
    picture = shrink_photo(photo, 2, 48)
    assert picture.size == (48, 48)
    assert torch.allclose(picture.shares.sum(-1), torch.ones(48, 48), atol=1e-5)
    area = (photo.mask == 1).float().mean()
    assert torch.allclose(picture.shares[..., 1].mean(), area, atol=1e-3)
    for asset in (1, 2):
        assert (picture.shares[..., asset][picture.inner > 0] % 1 == 0).all()
    # Beside an outline nothing is compared.
    mixed = (picture.shares.amax(-1) < 0.999).nonzero()
    inner = picture.inner.nonzero()
    assert (torch.cdist(mixed.float(), inner.float()) > 1.5).all()


def test_the_same_person_does_not_differ_and_another_place_does():
    mesh, uv, shares = tall_globe()
    model = surface(mesh, uv, shares, 2)
    photo, camera = photographed(192)
    picture = shrink_photo(photo, 2, 96)
    still = torch.eye(4)[None, None]
    light = even_light(photo.image)
    same = compare(model, mesh.vertices, still, camera, known(painted()), light, picture)
    assert float(same.color) < 0.05
    assert float(same.shares) < 0.05
    moved = still.clone()
    moved[..., 0, 3] = 0.05
    other = compare(model, mesh.vertices, moved, camera, known(painted()), light, picture)
    assert float(other.color) > 3 * float(same.color)
    assert float(other.shares) > 3 * float(same.shares)


def test_gradients_point_where_finite_differences_do():
    mesh, uv, shares = tall_globe()
    model = surface(mesh, uv, shares, 2)
    photo, camera = photographed(192)
    picture = shrink_photo(photo, 2, 96)
    light = even_light(photo.image)

    def differ(shift: torch.Tensor, term: str) -> torch.Tensor:
        moved = torch.eye(4)[None, None].clone()
        moved[0, 0, :3, 3] = shift
        found = compare(model, mesh.vertices, moved, camera, known(painted()), light, picture)
        return getattr(found, term)

    start, step = torch.tensor([0.03, 0.0, 0.02]), 0.004
    for term, low, high in (("shares", 0.8, 1.2), ("color", 0.6, 1.5)):
        for axis in (0, 2):
            shift = start.clone().requires_grad_()
            differ(shift, term).backward()
            assert shift.grad is not None
            ahead, behind = start.clone(), start.clone()
            ahead[axis] += step
            behind[axis] -= step
            with torch.no_grad():
                slope = (differ(ahead, term) - differ(behind, term)) / (2 * step)
            assert low < float(shift.grad[axis] / slope) < high, (term, axis)
            assert math.isfinite(float(slope))
