"""Shading is taken from a surface's colours, paint is left."""

import pytest
import torch

from album2avatar.mesh.topology import edge_table
from album2avatar.projection.levelling import LevelledSurface
from album2avatar.projection.retinex import without_shading
from album2avatar.projection.texel_corners import TexelCorners
from album2avatar.render.baking import TexelMap, map_texels
from toy_globe import TEXTURE, globe


class Ball:
    """A globe's texels, all of one asset, the upper half's confidence as asked for."""

    def __init__(self) -> None:
        mesh, uv = globe()
        self.texels: TexelMap = map_texels(uv, TEXTURE)
        assets = torch.zeros(len(mesh.vertices)).long()
        self.surface = LevelledSurface(mesh.faces, edge_table(mesh.faces), assets)
        self.places = self.texels.read(mesh.vertices, mesh.faces)
        none = torch.zeros(len(self.places)).long()
        self.corners = TexelCorners.of(self.texels, mesh.faces, assets, none)

    def flattened(self, colors: torch.Tensor, confidence: torch.Tensor | None = None):
        sure = torch.ones(len(colors)) if confidence is None else confidence
        return without_shading(self.texels, self.corners, self.surface, colors, sure)


@pytest.fixture(scope="module")
def ball() -> Ball:
    return Ball()


PAINT = torch.tensor([0.5, 0.35, 0.3])


def relief(ball: Ball) -> torch.Tensor:
    """(N, 1) a lit bump on the front, 0.16 brighter than its surroundings as a logarithm."""
    away = (ball.places - torch.tensor([0.0, -1.0, 0.0])).norm(dim=1)
    return 0.16 * torch.exp(-(away / 0.45).square())[:, None]


def logs(colors: torch.Tensor) -> torch.Tensor:
    return colors.clamp(min=1e-3).log()


def test_a_faint_relief_goes_and_the_colour_stays(ball: Ball):
    flat = ball.flattened(PAINT * relief(ball).exp())
    front = relief(ball)[:, 0] > 0.12
    back = relief(ball)[:, 0] < 0.01
    left = logs(flat)[front].mean(0) - logs(flat)[back].mean(0)
    assert left.abs().max() < 0.5 * 0.14
    assert (flat[back] - PAINT).abs().median() < 0.01


@pytest.mark.parametrize("other", [[0.25, 0.17, 0.15], [0.35, 0.45, 0.3]], ids=["dark", "green"])
def test_stripes_keep_their_contrast(ball: Ball, other: list[float]):
    """Bands of another lightness, or of another hue; with the relief over them."""
    bands = (ball.places[:, 2:] * 5).floor() % 2 == 0
    painted = torch.where(bands, PAINT, torch.tensor(other))
    flat = ball.flattened(painted * relief(ball).exp())
    inner = ball.places[:, 2].abs() < 0.75
    on, off = inner & bands[:, 0], inner & ~bands[:, 0]
    wanted = PAINT.log() - torch.tensor(other).log()
    kept = logs(flat)[on].mean(0) - logs(flat)[off].mean(0)
    assert (kept - wanted).abs().max() < 0.05


def test_a_smooth_change_of_hue_keeps_it(ball: Ball):
    """Red cheeks: the ratio of red to green is nobody's shading."""
    warm = torch.cat([relief(ball), -relief(ball), -relief(ball)], 1)
    flat = ball.flattened(PAINT * warm.exp())
    ratio = logs(flat)[:, 0] - logs(flat)[:, 1]
    wanted = (PAINT[0] / PAINT[1]).log() + 2 * relief(ball)[:, 0]
    assert (ratio - wanted).abs().max() < 1e-3


def test_what_is_not_known_says_nothing(ball: Ball):
    """Black texels without confidence leave the others as they are."""
    known = (ball.places[:, 2] > 0).float()
    flat = ball.flattened(PAINT * known[:, None], known)
    assert (flat[known > 0] - PAINT).abs().max() < 0.01
