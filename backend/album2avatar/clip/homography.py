"""How one picture has to be bent to lie on another: direct alignment, coarse to fine.

Source: Baker and Matthews 2004, "Lucas-Kanade 20 years on", the forward compositional form; with
robust weights after Geman and McClure.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

SCALE = 0.06
"""Difference of grey levels beyond which a pixel shows something else."""
LEVELS = (48, 96, 192)
"""Long sides of the pictures that are compared, in pixels. The smallest is shifted alone, the next
one turned and scaled as well, and only the last one bent: small pictures say no more."""
STEPS = 8
ENOUGH = 0.01
"""Pixels of a step after which a level is done."""
HOLD = 4e-5
"""Squared slope of grey levels (per pixel) below which a picture says nothing: a plain wall, where
nothing but noise and the edges of a badly masked person would be followed."""
BLUR = 3


def align(
    reference: Tensor, trusted: Tensor, picture: Tensor, valid: Tensor, first: Tensor
) -> Tensor:
    """Find the homography that lays a picture on a reference.

    Args:
        reference: (H, W) grey 0..1.
        trusted: (H, W) 0..1, how far each of its pixels counts.
        picture: (H, W) grey; its brightness may differ as a whole.
        valid: (H, W) 0..1 of the picture's pixels.
        first: (3, 3) where to begin.

    Returns:
        (3, 3) float64, from the reference's pixels (centres at +0.5, row 0 at the top) to the
        picture's.
    """
    height, width = reference.shape
    found = first.double()
    layers = torch.stack([reference, trusted, picture, valid])[None].float()
    for side, freedom in zip(LEVELS, _freedoms(), strict=True):
        scale = min(1.0, side / max(height, width))
        size = (max(8, round(scale * height)), max(8, round(scale * width)))
        small = F.interpolate(layers, size, mode="area")[0]
        blurred = F.avg_pool2d(small[[0, 2]][None], BLUR, 1, BLUR // 2, count_include_pad=False)[0]
        to_small = torch.diag(torch.tensor([size[1] / width, size[0] / height, 1.0]).double())
        local = to_small @ found @ torch.linalg.inv(to_small)
        for _ in range(STEPS):
            step = _step(blurred[0], small[1], blurred[1], small[3], local, freedom)
            local = local @ step
            if float(displacement(step[None], size)) < ENOUGH:
                break
        found = torch.linalg.inv(to_small) @ local @ to_small
        found = found / found[2, 2]
    return found


def warp(
    picture: Tensor, homography: Tensor, size: tuple[int, int], beyond: str = "zeros"
) -> Tensor:
    """Look a picture up where a homography sends each pixel.

    Args:
        picture: (C, H, W).
        homography: (3, 3) from the result's pixels to the picture's.
        size: (height, width) of the result.
        beyond: `zeros` or `border`, what lies beyond the picture's edge.

    Returns:
        (C, height, width) of the picture's type.
    """
    places = apply(homography, pixel_centres(size))
    extent = places.new_tensor([picture.shape[2], picture.shape[1]])
    grid = (2 * places / extent - 1).to(picture)
    return F.grid_sample(picture[None], grid[None], padding_mode=beyond, align_corners=False)[0]


def apply(homography: Tensor, points: Tensor) -> Tensor:
    """Where a homography (3, 3) sends points (..., 2)."""
    lifted = F.pad(points, (0, 1), value=1.0) @ homography.T
    return lifted[..., :2] / lifted[..., 2:]


def pixel_centres(size: tuple[int, int]) -> Tensor:
    """(H, W, 2) float64, x right and y down."""
    height, width = size
    rows, columns = torch.meshgrid(
        torch.arange(height, dtype=torch.float64) + 0.5,
        torch.arange(width, dtype=torch.float64) + 0.5,
        indexing="ij",
    )
    return torch.stack([columns, rows], -1)


def displacement(homographies: Tensor, size: tuple[int, int]) -> Tensor:
    """(T,) farthest that each of T homographies moves a corner or the middle, pixels."""
    height, width = size
    points = torch.tensor(
        [[0, 0], [width, 0], [0, height], [width, height], [width / 2, height / 2]],
        dtype=homographies.dtype,
    )
    moved = torch.stack([apply(one, points) for one in homographies])
    return (moved - points).norm(dim=-1).amax(-1)


def misfit(
    reference: Tensor, trusted: Tensor, picture: Tensor, valid: Tensor, homography: Tensor
) -> float:
    """Mean robust difference 0..1 of a picture laid on a reference; arguments as in `align`."""
    _, residual, weight = _compared(reference, trusted, picture, valid, homography)
    squared = residual.square()
    return float((weight * squared / (squared + SCALE**2)).sum() / weight.sum().clamp(min=1e-9))


def _compared(
    reference: Tensor, trusted: Tensor, picture: Tensor, valid: Tensor, homography: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """The picture on the reference, how far they differ but for brightness, and weights."""
    size = (reference.shape[0], reference.shape[1])
    moved = warp(torch.stack([picture, valid, torch.ones_like(valid)]), homography, size)
    weight = trusted * moved[1] * (moved[2] > 0.999)
    total = weight.sum().clamp(min=1e-9)
    brighter = (weight * (moved[0] - reference)).sum() / total
    return moved[0], moved[0] - reference - brighter, weight


def _step(
    reference: Tensor, trusted: Tensor, picture: Tensor, valid: Tensor, now: Tensor, freedom: Tensor
) -> Tensor:
    """(3, 3) one step of Gauss and Newton on the reference's side."""
    height, width = reference.shape
    moved, residual, weight = _compared(reference, trusted, picture, valid, now)
    slope_y, slope_x = torch.gradient(moved)
    centre = reference.new_tensor([width / 2, height / 2])
    reach = max(height, width) / 2
    x, y = ((pixel_centres((height, width)).to(reference) - centre) / reach).unbind(-1)
    one, zero = torch.ones_like(x), torch.zeros_like(x)
    across = torch.stack([x, y, one, zero, zero, zero, -x * x, -x * y], -1)
    down = torch.stack([zero, zero, zero, x, y, one, -x * y, -y * y], -1)
    rows = (slope_x[..., None] * across + slope_y[..., None] * down).flatten(0, 1) @ freedom
    heard = (weight * (SCALE**2 / (residual.square() + SCALE**2)).square()).flatten()
    hold = HOLD * weight.sum().clamp(min=1.0) * torch.eye(rows.shape[1]).to(rows)
    normal = (heard[:, None] * rows).T @ rows + hold
    found = freedom @ torch.linalg.solve(normal, -(heard[:, None] * rows).T @ residual.flatten())
    step = torch.eye(3, dtype=torch.float64)
    step[:2, :3] += found[:6].double().view(2, 3) / reach
    step[2, :2] += found[6:].double() / reach
    # Found in pixels, at places in units of `reach` around the middle.
    to_unit = torch.tensor(
        [[1 / reach, 0, -width / 2 / reach], [0, 1 / reach, -height / 2 / reach], [0, 0, 1.0]],
        dtype=torch.float64,
    )
    return torch.linalg.inv(to_unit) @ step @ to_unit


def _freedoms() -> tuple[Tensor, Tensor, Tensor]:
    """(8, k) how a shift, a similarity and a homography move the eight numbers of a step."""
    whole = torch.eye(8)
    shift = whole[:, [2, 5]]
    turn, grow = whole[:, 3] - whole[:, 1], whole[:, 0] + whole[:, 4]
    return shift, torch.cat([shift, turn[:, None], grow[:, None]], 1), whole
