"""How colours are best kept while they are learned, and how large and how carefully to bake them.

    python benchmarks/texture_choices.py AVATAR [--steps 240] [--sizes 512,1024,2048,4096]

AVATAR is a finished avatar's folder; its surface is used, its colours are not. The colours to find
are known everywhere: each asset has its own, with stripes, checks and slow gradients. First, fields
of the same surface learn them from small lit pictures with strong noise, as a distillation's
gradients have it, each with the best of five learning rates. Then the known colours are baked at
several sizes, looked at from a metre away, and compared with themselves.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Protocol

import numpy as np
import torch
import typer
from torch import Tensor, nn

from album2avatar.body.storage import load_body
from album2avatar.body.types import CanonicalBody
from album2avatar.evaluation.metrics import color_difference
from album2avatar.mesh.storage import load_mesh
from album2avatar.mesh.topology import edge_table
from album2avatar.mesh.types import Mesh, UvMap
from album2avatar.paint.color_field import ColorField
from album2avatar.paint.scene import PaintedSurface, SeenSurface, look, photograph, sample_light
from album2avatar.paint.unwrapping import unwrap_body
from album2avatar.pictures import save_texture
from album2avatar.render.baking import map_texels
from album2avatar.render.camera import Cameras, orbit
from album2avatar.render.detail import bake_detail
from album2avatar.render.seams import continue_across_seams
from album2avatar.render.texture import texture
from album2avatar.workspace import Workspace

VIEWS, PICTURE = 4, 64
"""Pictures a step and pixels of their sides, as the demo prior has them."""
NOISE = 0.4
"""Deviation of the noise on each pixel's colour."""
RATES = (0.25, 0.5, 1.0, 2.0, 4.0)
FIELD_SIZE = 1024
"""Texels of the field that is a texture."""
LARGEST = 4096
"""Texels a side from which on one place a texel is enough to look up."""
_GOLDEN = (2.3999632, 1.2360680, 0.6180340)


def known_colors(points: Tensor, assets: Tensor) -> Tensor:
    """sRGB (N, 3) at places (N, 3) of assets (N,): a hue each, stripes of 2 cm on every second one,
    checks of 4 cm on every third, and a slow gradient from head to feet."""
    turn = torch.tensor(_GOLDEN) * (assets[:, None] + 1) * 2.4
    base = 0.5 + 0.25 * torch.sin(turn)
    stripes = 0.12 * torch.sign(torch.sin(points[:, 2] * math.pi / 0.02)) * (assets % 2 == 0)
    waves = torch.sin(points * math.pi / 0.04)
    checks = 0.12 * torch.sign(waves[:, 0] * waves[:, 2]) * (assets % 3 == 0)
    slow = 0.06 * torch.sin(points[:, 2] * 3.0)
    return (base + (stripes + checks + slow)[:, None]).clamp(0.02, 0.98)


class Field(Protocol):
    """Colours that can be learned."""

    def parameters(self) -> list[Tensor]: ...

    def colors(self, seen: SeenSurface) -> Tensor:
        """(N, 3) sRGB at what is seen."""
        ...


class Waves:
    """The product's own: a colour an asset, and a network over Fourier features."""

    def __init__(self, surface: PaintedSurface, octaves: int) -> None:
        vertices = surface.mesh.vertices
        middle = (vertices.amax(0) + vertices.amin(0)) / 2
        generator = torch.Generator().manual_seed(0)
        self._field = ColorField(middle, surface.asset_count, octaves, 64, generator)

    def parameters(self) -> list[Tensor]:
        return list(self._field.parameters())

    def colors(self, seen: SeenSurface) -> Tensor:
        return self._field(seen.points, seen.assets)


class HashGrid:
    """Müller et al. 2022: tables of two features on eight grids from 32 cm to 2.5 mm."""

    def __init__(self, surface: PaintedSurface) -> None:
        generator = torch.Generator().manual_seed(0)
        self._low = surface.mesh.vertices.amin(0)
        self._spacings = [0.32 / 2.0**level for level in range(8)]
        self._tables = [
            (1e-2 * torch.randn(2**15, 2, generator=generator)).requires_grad_()
            for _ in self._spacings
        ]
        self._network = nn.Sequential(nn.Linear(16, 32), nn.SiLU(), nn.Linear(32, 3))
        self._own = torch.zeros(surface.asset_count, 3, requires_grad=True)

    def parameters(self) -> list[Tensor]:
        return [*self._tables, *self._network.parameters(), self._own]

    def colors(self, seen: SeenSurface) -> Tensor:
        features = [
            self._read(table, seen.points, spacing)
            for table, spacing in zip(self._tables, self._spacings, strict=True)
        ]
        return torch.sigmoid(self._own[seen.assets] + self._network(torch.cat(features, 1)))

    def _read(self, table: Tensor, points: Tensor, spacing: float) -> Tensor:
        scaled = (points - self._low) / spacing
        base = scaled.floor()
        corners = torch.cartesian_prod(*[torch.arange(2)] * 3)
        shares = torch.where(corners > 0, (scaled - base)[:, None], 1 - (scaled - base)[:, None])
        nodes = base.long()[:, None] + corners
        keys = nodes[..., 0] ^ nodes[..., 1] * 2654435761 ^ nodes[..., 2] * 805459861
        return (table[keys % len(table)] * shares.prod(2)[..., None]).sum(1)


class Vertices:
    """A colour for each vertex."""

    def __init__(self, surface: PaintedSurface) -> None:
        self._faces = surface.mesh.faces
        self._logits = torch.zeros(len(surface.mesh.vertices), 3, requires_grad=True)

    def parameters(self) -> list[Tensor]:
        return [self._logits]

    def colors(self, seen: SeenSurface) -> Tensor:
        face, weights = hit_places(seen)
        return torch.sigmoid((self._logits[self._faces[face]] * weights[..., None]).sum(1))


class Texels:
    """The texture itself."""

    def __init__(self, uv: UvMap) -> None:
        self._uv = uv
        self._logits = torch.zeros(FIELD_SIZE, FIELD_SIZE, 3, requires_grad=True)

    def parameters(self) -> list[Tensor]:
        return [self._logits]

    def colors(self, seen: SeenSurface) -> Tensor:
        face, weights = hit_places(seen)
        places = (self._uv.coordinates[self._uv.faces[face]] * weights[..., None]).sum(1)
        return torch.sigmoid(texture(self._logits, places, "clamp"))


def hit_places(seen: SeenSurface) -> tuple[Tensor, Tensor]:
    """Faces (N,) and barycentric weights (N, 3) of what is seen."""
    rast = seen.drawing.rast[seen.drawing.covered[..., 0] > 0]
    weights = torch.stack([rast[:, 0], rast[:, 1], 1 - rast[:, 0] - rast[:, 1]], 1)
    return rast[:, 3].long() - 1, weights


@dataclass(frozen=True)
class Learned:
    """How well a field has learned."""

    difference: float
    """Mean ΔE*ab of the albedo in eight unseen views of 256²."""
    worst: float
    """95 % quantile."""
    milliseconds: float
    """CPU time of a step's field and its backward pass."""
    rate: float


def learn(
    surface: PaintedSurface, make: Callable[[], Field], base_rate: float, steps: int
) -> Learned:
    """Train a field with each rate and keep the best."""
    runs = [_learn_at(surface, make(), base_rate * rate, steps) for rate in RATES]
    return min(runs, key=lambda run: run.difference)


def _learn_at(surface: PaintedSurface, field: Field, rate: float, steps: int) -> Learned:
    optimizer = torch.optim.Adam(field.parameters(), rate, betas=(0.9, 0.99))
    draws = np.random.default_rng(0)
    noise = torch.Generator().manual_seed(0)
    spent = 0.0
    for step in range(steps):
        seen = look(surface, drawn_cameras(surface, draws), PICTURE)
        light, grey = sample_light(VIEWS, draws), torch.full((VIEWS, 3), 0.5)
        with torch.no_grad():
            wanted = photograph(seen, known_colors(seen.points, seen.assets), light, grey, 1)
        wanted = wanted + NOISE * torch.randn(wanted.shape, generator=noise)
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / 20) * (1 - 0.9 * step / steps)
        since = time.process_time()
        shown = photograph(seen, field.colors(seen), light, grey, 1)
        optimizer.zero_grad()
        ((shown - wanted).square().sum() / 2).backward()
        optimizer.step()
        spent += time.process_time() - since
    difference = albedo_difference(surface, field.colors, around(surface, 8), 256)
    return Learned(
        float(difference.mean()), float(np.quantile(difference, 0.95)), 1000 * spent / steps, rate
    )


def albedo_difference(
    surface: PaintedSurface,
    colors: Callable[[SeenSurface], Tensor],
    cameras: Cameras,
    size: int,
) -> np.ndarray:
    """ΔE*ab (N,) between colours and the known ones at all pixels that see the surface."""
    with torch.no_grad():
        seen = look(surface, cameras, size)
        shown, wanted = colors(seen), known_colors(seen.points, seen.assets)
    return color_difference(shown.double().numpy(), wanted.double().numpy())


def drawn_cameras(surface: PaintedSurface, draws: np.random.Generator) -> Cameras:
    """Views from around, of all of the person or of a part."""
    low, high = surface.mesh.vertices.amin(0), surface.mesh.vertices.amax(0)
    heights = torch.from_numpy(draws.choice([0.5, 0.9, 2.0], VIEWS)).float()
    across = torch.from_numpy(draws.uniform(0.15, 0.9, VIEWS)).float()
    centres = torch.zeros(VIEWS, 3)
    whole = heights > 1
    centres[:, 2] = low[2] + (high[2] - low[2]) * torch.where(whole, 0.5, across)
    azimuths = torch.from_numpy(draws.uniform(-math.pi, math.pi, VIEWS)).float()
    return orbit(azimuths, torch.zeros(VIEWS), centres, heights, 0.6)


def around(surface: PaintedSurface, count: int) -> Cameras:
    """Views of the whole person from around."""
    middle = (surface.mesh.vertices.amin(0) + surface.mesh.vertices.amax(0)) / 2
    azimuths = torch.arange(count) * (2 * math.pi / count) + 0.2
    return orbit(
        azimuths, torch.zeros(count), middle.expand(count, 3), torch.full((count,), 2.0), 0.6
    )


@dataclass(frozen=True)
class Baked:
    """A texture of the known colours."""

    difference: float
    """Mean ΔE*ab seen from a metre away, a pixel being a millimetre."""
    worst: float
    seconds: dict[str, float]
    """CPU time of each part."""
    mebibytes: float


@dataclass(frozen=True)
class Finished:
    """What an avatar's texture is made for."""

    surface: PaintedSurface
    mate: Tensor
    body: CanonicalBody
    sculpture: Mesh


def bake(avatar: Finished, size: int, oversampling: int, folder: Path) -> Baked:
    """Unwrap, bake and look.

    Args:
        oversampling: places looked up along each side of a texel.
    """
    seconds: dict[str, float] = {}
    surface = avatar.surface

    def timed(name: str, work: Callable[[], object]) -> object:
        since = time.process_time()
        result = work()
        seconds[name] = time.process_time() - since
        return result

    uv = timed(
        "unwrap", lambda: unwrap_body(surface.mesh, avatar.mate, avatar.body, size, lambda: None)
    )
    assert isinstance(uv, UvMap)
    albedo = timed("colours", lambda: _texture(surface, uv, size, oversampling))
    assert isinstance(albedo, Tensor)
    timed("normal map", lambda: bake_detail(avatar.sculpture, surface.mesh, uv, size))
    file = folder / f"texture_{size}.png"
    timed("file", lambda: save_texture(file, albedo))
    mebibytes = file.stat().st_size / 2**20
    file.unlink()

    def colors(seen: SeenSurface) -> Tensor:
        face, weights = hit_places(seen)
        places = (uv.coordinates[uv.faces[face]] * weights[..., None]).sum(1)
        return texture(albedo, places, "clamp")

    difference = albedo_difference(surface, colors, near(surface), 800)
    return Baked(float(difference.mean()), float(np.quantile(difference, 0.95)), seconds, mebibytes)


def _texture(surface: PaintedSurface, uv: UvMap, size: int, oversampling: int) -> Tensor:
    fine = size * oversampling
    texels = map_texels(uv, (fine, fine))
    attributes = torch.cat([surface.mesh.vertices, surface.asset_shares], 1)
    rows = texels.read(attributes, surface.mesh.faces)
    filled = texels.fill(known_colors(rows[:, :3], rows[:, 3:].argmax(1)))
    small = filled.reshape(size, oversampling, size, oversampling, 3).mean((1, 3))
    return continue_across_seams(
        small, surface.mesh.faces, uv, texels if oversampling == 1 else map_texels(uv, (size, size))
    )


def near(surface: PaintedSurface) -> Cameras:
    """Chest and head from four sides, 80 cm of the person in each picture."""
    top = surface.mesh.vertices[:, 2].max()
    centre = torch.stack([torch.tensor(0.0), torch.tensor(0.0), top - 0.35])
    return orbit(
        torch.arange(4) * (math.pi / 2) + 0.3,
        torch.zeros(4),
        centre.expand(4, 3),
        torch.full((4,), 0.8),
        0.75,
    )


def main(
    avatar: Annotated[Path, typer.Argument(help="A finished avatar's folder.")],
    steps: Annotated[int, typer.Option(help="Steps that each field learns.")] = 240,
    sizes: Annotated[str, typer.Option(help="Texture sizes.")] = "512,1024,2048,4096",
) -> None:
    """Print both tables."""
    torch.set_num_threads(1)
    workspace = Workspace(avatar)
    stored = load_mesh(workspace.distilled)
    assert stored.uv is not None
    surface = _surface(stored.mesh, stored.extras["vertex_asset"])
    print("| field | ΔE | 95 % | rate | ms a step |\n|---|---|---|---|---|")
    for name, make, rate in _fields(surface, stored.uv):
        own = learn(surface, make, rate, steps)
        print(
            f"| {name} | {own.difference:.1f} | {own.worst:.1f} | {own.rate:g} | "
            f"{own.milliseconds:.1f} |",
            flush=True,
        )
    finished = Finished(
        surface,
        stored.extras["quad_mate"],
        load_body(workspace.body),
        load_mesh(workspace.sculpt).mesh,
    )
    print("\n| texels | places a texel | ΔE at 1 m | 95 % | MiB | CPU seconds |")
    print("|---" * 6 + "|")
    for size in (int(word) for word in sizes.split(",")):
        for oversampling in (1, 2) if size < LARGEST else (1,):
            own = bake(finished, size, oversampling, avatar.parent)
            spent = ", ".join(f"{name} {value:.1f}" for name, value in own.seconds.items())
            print(
                f"| {size}² | {oversampling**2} | {own.difference:.2f} | {own.worst:.1f} | "
                f"{own.mebibytes:.1f} | {spent} |",
                flush=True,
            )


def _surface(mesh: Mesh, assets: Tensor) -> PaintedSurface:
    shares = nn.functional.one_hot(assets.long()).float()
    count = len(mesh.vertices)
    return PaintedSurface(
        mesh, edge_table(mesh.faces), shares, torch.zeros(count, 3), torch.zeros(count)
    )


def _fields(surface: PaintedSurface, uv: UvMap) -> Sequence[tuple[str, Callable[[], Field], float]]:
    return (
        ("Fourier features, 6 octaves", lambda: Waves(surface, 6), 0.005),
        ("Fourier features, 8 octaves (ours)", lambda: Waves(surface, 8), 0.005),
        ("Fourier features, 10 octaves", lambda: Waves(surface, 10), 0.005),
        ("hash grid", lambda: HashGrid(surface), 0.01),
        ("vertices", lambda: Vertices(surface), 0.1),
        (f"texels, {FIELD_SIZE}²", lambda: Texels(uv), 0.1),
    )


if __name__ == "__main__":
    typer.run(main)
