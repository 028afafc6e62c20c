"""Photos bent a little, so that they agree on where the surface's pattern is, and evened out.

Shape and poses never fit to the pixel, and what is left of their errors would show as double
edges and broken stripes. Each photo gets a lattice of shifts under which its colours are those of
the other photos. Source: Zhou and Koltun 2014, "Color map optimization for 3D reconstruction with
consumer depth cameras", whose correction of each image this is, solved from coarse to fine. Then
each gets a lattice of gains, for the shadows that a light from far away doesn't know.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from scipy import sparse
from scipy.ndimage import gaussian_filter
from scipy.sparse.linalg import spsolve
from torch import Tensor

from album2avatar.projection.lattice import Lattice
from album2avatar.projection.light import LEAST_COLOR, brightness
from album2avatar.projection.observations import MaskedPhoto
from album2avatar.projection.texel_views import TexelView, sample_image

BLURS = (0.02, 0.01, 0.005)
"""Metres of the surface over which photos are blurred: first far shifts, then exact ones."""
ROUNDS = 3
"""Steps of every photo at each blur, and of the gains."""
SHIFT_CELLS = 24
"""Cells of a lattice of shifts over a photo's longer side."""
SHIFT_STIFFNESS = 1e-3
"""Weight of a difference of one pixel between neighbouring nodes, against a cell of squared
differences of colour."""
SHIFT_HOLD = 3e-5
"""Weight of a shift of one pixel; all photos together stay where they were."""
GAIN_CELLS = 24
"""Cells of a lattice of gains."""
GAIN_STIFFNESS = 1.0
"""Weight of a difference of one logarithm between neighbouring nodes."""
GAIN_HOLD = 0.1
"""Weight of a gain of one logarithm: what a close photo shows counts more than what is usual."""
OUTLIER = 0.15
"""Difference in sRGB beyond which a photo shows something else, a shadow or a fold."""
TEXELS = 15_000
"""Places at which photos are compared."""


@dataclass(frozen=True)
class Warp:
    """Where to look in a photo instead, and by how much brighter."""

    shifts: Lattice
    """Pixels (right, up)."""
    gains: Lattice
    """Logarithms, a colour each."""

    @staticmethod
    def none(photo: MaskedPhoto) -> "Warp":
        """As the photo is."""
        size = photo.mask.shape[0], photo.mask.shape[1]
        return Warp(Lattice.zeros(size, SHIFT_CELLS, 2), Lattice.zeros(size, GAIN_CELLS, 3))

    def look(self, image: Tensor, places: Tensor) -> Tensor:
        """Colours (N, 3) of an image (H, W, 3) for places (N, 2) in it."""
        colors = sample_image(image, places + self.shifts.at(places))
        return colors * self.gains.at(places).exp()


def find_warps(
    views: Sequence[TexelView], photos: Sequence[MaskedPhoto], lights: Tensor
) -> list[Warp]:
    """Bend every photo until all agree.

    Args:
        views: P photos at the same N texels.
        photos: the same ones.
        lights: (P, 9, 3), see `light`.
    """
    shared = (torch.stack([view.weight for view in views]) > 0).sum(0) > 1
    picked = shared.nonzero().squeeze(1)
    picked = picked[:: max(1, len(picked) // TEXELS)]
    seen = [_pick(view, picked) for view in views]
    lit = [brightness(view.normal, light) for view, light in zip(seen, lights, strict=True)]
    warps = [Warp.none(photo) for photo in photos]
    for blur in BLURS:
        images = [_blurred(photo, view, blur) for photo, view in zip(photos, seen, strict=True)]
        _in_turns(warps, images, seen, lit, _bend)
    images = [_blurred(photo, view, BLURS[-1]) for photo, view in zip(photos, seen, strict=True)]
    _in_turns(warps, images, seen, lit, _even_out)
    return warps


def look_again(view: TexelView, photo: MaskedPhoto, warp: Warp) -> TexelView:
    """The same photo, looked up as its warp says."""
    height, width = photo.mask.shape
    column, row = (view.place + warp.shifts.at(view.place)).round().long().unbind(1)
    label = photo.mask[height - 1 - row.clamp(0, height - 1), column.clamp(0, width - 1)]
    seen = (view.asset >= 0) & (label > 0)
    return replace(
        view,
        color=warp.look(photo.image, view.place),
        asset=torch.where(seen, label - 1, -1),
        weight=torch.where(seen, view.weight, 0.0),
    )


@dataclass(frozen=True)
class _Comparison:
    """A photo at the N places where others look, too."""

    image: Tensor
    places: Tensor
    lit: Tensor
    """(N, 3) brightness that its light gives."""
    others: Tensor
    """(N, 3) colours without light."""
    weights: Tensor
    """(N,) whose sum is the number of cells that the places lie in."""

    def colors(self, warp: Warp, step: Tensor) -> Tensor:
        """Without light; `step` (2,) pixels beside where the warp looks."""
        moved = Warp(replace(warp.shifts, values=warp.shifts.values + step), warp.gains)
        return (moved.look(self.image, self.places) / self.lit).clamp(0, 1)


def _in_turns(
    warps: list[Warp],
    images: Sequence[Tensor],
    seen: Sequence[TexelView],
    lit: Sequence[Tensor],
    improve: Callable[[Warp, _Comparison], Warp],
) -> None:
    """Improve every photo's warp against what all others show with theirs."""

    def colors_of(index: int) -> Tensor:
        found = warps[index].look(images[index], seen[index].place)
        return (found / lit[index]).clamp(0, 1)

    weights = torch.stack([view.weight for view in seen])
    colors = torch.stack([colors_of(index) for index in range(len(seen))])
    for _ in range(ROUNDS):
        for index, view in enumerate(seen):
            others = weights.clone()
            others[index] = 0
            total = others.sum(0)
            rows = ((total > 0) & (view.weight > 0)).nonzero().squeeze(1)
            if len(rows) == 0:
                continue
            mean = (others[:, rows, None] * colors[:, rows]).sum(0) / total[rows, None]
            nodes, _ = warps[index].shifts.corners(view.place[rows])
            say = view.weight[rows] * (len(torch.unique(nodes[:, 0])) / view.weight[rows].sum())
            comparison = _Comparison(images[index], view.place[rows], lit[index][rows], mean, say)
            warps[index] = improve(warps[index], comparison)
            colors[index] = colors_of(index)


def _bend(warp: Warp, seen: _Comparison) -> Warp:
    """One Gauss-Newton step of a photo's shifts."""
    off = seen.colors(warp, torch.zeros(2)) - seen.others
    slopes = torch.stack(
        [
            seen.colors(warp, step) - seen.colors(warp, -step)
            for step in 0.5 * torch.eye(2)
        ],
        -1,
    )  # fmt: skip
    heard = seen.weights / (1 + off.square().sum(-1) / OUTLIER**2)
    nodes, shares = warp.shifts.corners(seen.places)
    # (N * 3 equations, 4 corners * 2 axes): the colour changes by slope * share of each node.
    entries = (slopes[:, :, None, :] * shares[:, None, :, None]).reshape(-1, 8)
    columns = (2 * nodes[:, :, None] + torch.arange(2)).reshape(-1, 1, 8)
    matrix = _sparse(entries, columns.expand(-1, 3, -1).reshape(-1, 8), warp.shifts.values.numel())
    say = sparse.diags(heard.double().repeat_interleave(3).numpy())
    stiff = SHIFT_STIFFNESS * sparse.kron(warp.shifts.laplacian(), sparse.identity(2))
    stiff = stiff + SHIFT_HOLD * sparse.identity(warp.shifts.values.numel())
    before = warp.shifts.values.reshape(-1).double().numpy()
    right = matrix.T @ (say @ off.reshape(-1).double().numpy()) + stiff @ before
    step = spsolve((matrix.T @ say @ matrix + stiff).tocsc(), -right)
    shifts = torch.from_numpy(before + step).float().view_as(warp.shifts.values)
    return replace(warp, shifts=replace(warp.shifts, values=shifts))


def _even_out(warp: Warp, seen: _Comparison) -> Warp:
    """The smoothest gains that give a photo the others' brightness."""
    now = seen.colors(warp, torch.zeros(2))
    heard = seen.weights / (1 + (now - seen.others).square().sum(-1) / OUTLIER**2)
    wanted = seen.others.clamp(min=LEAST_COLOR).log() - now.clamp(min=LEAST_COLOR).log()
    wanted = wanted + warp.gains.at(seen.places)
    nodes, shares = warp.gains.corners(seen.places)
    count = warp.gains.values[..., 0].numel()
    matrix = _sparse(shares, nodes, count)
    say = sparse.diags(heard.double().numpy())
    stiff = GAIN_STIFFNESS * warp.gains.laplacian() + GAIN_HOLD * sparse.identity(count)
    right = matrix.T @ (say @ wanted.double().numpy())
    solved = spsolve((matrix.T @ say @ matrix + stiff).tocsc(), right)
    gains = torch.from_numpy(solved).float().view_as(warp.gains.values)
    return replace(warp, gains=replace(warp.gains, values=gains))


def _sparse(entries: Tensor, columns: Tensor, count: int) -> sparse.csr_matrix:
    """Rows of a few entries each, (E, K), in columns (E, K) of `count`."""
    rows = torch.arange(len(entries))[:, None].expand_as(entries)
    place = (rows.reshape(-1).numpy(), columns.reshape(-1).numpy())
    return sparse.csr_matrix((entries.reshape(-1).double().numpy(), place), (len(entries), count))


def _pick(view: TexelView, rows: Tensor) -> TexelView:
    return TexelView(
        view.color[rows], view.asset[rows], view.normal[rows], view.weight[rows],
        view.place[rows], view.metre[rows],
    )  # fmt: skip


def _blurred(photo: MaskedPhoto, view: TexelView, blur: float) -> Tensor:
    """The person blurred by so many metres, without what is behind: (H, W, 3)."""
    shown = view.weight > 0
    if not bool(shown.any()):
        return photo.image
    pixels = blur / float(view.metre[shown].median())
    person = (photo.mask > 0).float()[..., None]
    layers = torch.cat([photo.image * person, person], -1).numpy()
    smooth = torch.from_numpy(gaussian_filter(layers, (pixels, pixels, 0), truncate=2.5))
    return smooth[..., :3] / smooth[..., 3:].clamp(min=1e-3)
