"""Photos of one ball in different brightness, brought to one level."""

from dataclasses import dataclass

import torch

from album2avatar.mesh.topology import edge_table
from album2avatar.projection.levelling import LevelledSurface, level_photos
from album2avatar.projection.texel_corners import TexelCorners
from album2avatar.render.baking import TexelMap, map_texels
from toy_globe import TEXTURE, globe


@dataclass(frozen=True)
class Ball:
    texels: TexelMap
    points: torch.Tensor
    """(N, 3) of the texels."""
    corners: TexelCorners
    surface: LevelledSurface

    def level(self, colors: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        return level_photos(self.texels, self.corners, self.surface, colors, weights)


def ball(border: float) -> Ball:
    """Another asset above `border`."""
    mesh, uv = globe()
    texels = map_texels(uv, TEXTURE)
    points = texels.read(mesh.vertices, mesh.faces)
    owners = (mesh.vertices[:, 2] > border).long()
    corners = TexelCorners.of(texels, mesh.faces, owners, (points[:, 2] > border).long())
    surface = LevelledSurface(mesh.faces, edge_table(mesh.faces), owners)
    return Ball(texels, points, corners, surface)


def test_a_step_between_two_photos_becomes_a_slope():
    """One photo shows everything, darker; the other one the right half."""
    seen = ball(2.0)
    across = seen.points[:, 0]
    colors = torch.stack([torch.full_like(seen.points, grey) for grey in (0.4, 0.6)])
    weights = torch.stack([torch.ones(len(across)), (across > 0).float()])
    dark, bright = seen.level(colors, weights)
    assert (bright - dark)[(across > 0) & (across < 0.2)].abs().max() < 0.04
    far_left, far_right = across < -0.95, across > 0.95
    torch.testing.assert_close(dark[far_left].mean(), torch.tensor(0.4), atol=0.03, rtol=0)
    torch.testing.assert_close(dark[far_right].mean(), torch.tensor(0.5), atol=0.03, rtol=0)
    torch.testing.assert_close(bright[far_right].mean(), torch.tensor(0.5), atol=0.03, rtol=0)


def test_what_all_photos_agree_on_stays():
    seen = ball(2.0)
    pattern = 0.5 + 0.4 * torch.sin(9 * seen.points)
    weights = torch.stack([(seen.points[:, 2] > -0.3).float(), (seen.points[:, 2] < 0.3).float()])
    levelled = seen.level(torch.stack([pattern, pattern]), weights)
    for photo, weight in zip(levelled, weights, strict=True):
        torch.testing.assert_close(photo[weight > 0], pattern[weight > 0], atol=1e-5, rtol=0)


def test_nothing_crosses_from_one_asset_to_another():
    seen = ball(0.0)
    above = seen.points[:, 2] > 0
    colors = torch.stack([torch.full_like(seen.points, grey) for grey in (0.3, 0.7)])
    weights = torch.stack([torch.ones(len(above)), above.float()])
    dark = seen.level(colors, weights)[0]
    assert (dark[seen.points[:, 2] < -0.1] - 0.3).abs().max() < 1e-5
    assert (dark[seen.points[:, 2] > 0.2] - 0.5).abs().max() < 0.03
