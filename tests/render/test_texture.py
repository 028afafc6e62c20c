import numpy as np
import pytest
import torch
from scipy.ndimage import map_coordinates

from album2avatar.render.texture import texture


@pytest.mark.parametrize(("mode", "scipy_mode"), [("wrap", "grid-wrap"), ("clamp", "nearest")])
def test_lookup_agrees_with_scipy(mode: str, scipy_mode: str):
    generator = torch.Generator().manual_seed(0)
    tex = torch.rand(7, 11, 3, generator=generator)
    uv = torch.rand(4, 50, 2, generator=generator) * 3 - 1
    found = texture(tex, uv, mode).numpy()  # pyright: ignore[reportArgumentType]
    rows = uv[..., 1].double().numpy() * 7 - 0.5
    columns = uv[..., 0].double().numpy() * 11 - 0.5
    for channel in range(3):
        image = tex[..., channel].double().numpy()
        expected = map_coordinates(image, [rows, columns], order=1, mode=scipy_mode)
        np.testing.assert_allclose(found[..., channel], expected, atol=1e-5)


def test_gradients_agree_with_finite_differences():
    generator = torch.Generator().manual_seed(1)
    tex = torch.rand(5, 4, 2, generator=generator, dtype=torch.float64).requires_grad_()
    uv = torch.rand(20, 2, generator=generator, dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda t, p: texture(t, p, "wrap"), (tex, uv), eps=1e-7)
