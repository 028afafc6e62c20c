"""Small forms under clothes go, large ones and bare ones stay."""

from collections.abc import Collection

import pytest
import torch

from album2avatar.assets import AssetKind
from album2avatar.body.relief import covered_relief
from album2avatar.body.types import CanonicalBody
from toy_person import egg, egg_body


def bumpy() -> tuple[CanonicalBody, torch.Tensor, torch.Tensor]:
    """The egg with a wart of 1 cm on its upper and on its lower front, and both warts' rows."""
    body = egg_body(egg(5))
    rows: list[torch.Tensor] = []
    vertices = body.vertices.clone()
    for height in (0.45, 1.3):
        front = body.vertices[:, 1].clone()
        front[(body.vertices[:, 2] - height).abs() > 0.03] = 1.0
        tip = front.argmin()
        near = (body.vertices - body.vertices[tip]).norm(dim=1)
        vertices[:, 1] -= 0.01 * torch.exp(-((near / 0.012) ** 2))
        rows.append(tip[None])
    return CanonicalBody(**{**vars(body), "vertices": vertices}), rows[1], rows[0]


def heights(body: CanonicalBody, rows: torch.Tensor) -> float:
    """How far the wart stands out of the egg, metres."""
    plain = egg_body(egg(5))
    return float((plain.vertices[rows] - body.vertices[rows])[:, 1].mean())


@pytest.mark.parametrize(
    ("kinds", "upper_stays", "lower_stays"),
    [
        (("top", "bottom"), False, False),
        (("top",), False, True),
        (("bottom", "shoes"), True, False),
        (("dress",), False, False),
        (("hair", "shoes"), True, True),
    ],
)
def test_warts_go_where_something_is_worn(
    kinds: Collection[AssetKind], upper_stays: bool, lower_stays: bool
):
    body, upper, lower = bumpy()
    found = covered_relief(body, kinds)
    for rows, stays in ((upper, upper_stays), (lower, lower_stays)):
        assert heights(body, rows) == pytest.approx(0.01, abs=1e-4)
        assert heights(found, rows) == pytest.approx(0.01 if stays else 0.0, abs=0.004)


def test_the_body_keeps_its_size():
    body = egg_body(egg(5))
    found = covered_relief(body, ("top", "bottom"))
    assert float((found.vertices - body.vertices).norm(dim=1).max()) < 0.009
