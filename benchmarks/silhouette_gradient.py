"""Gradient of the covered area divided by its finite difference, for several antialiasing rules.

    python benchmarks/silhouette_gradient.py

1 is right. Finite differences count pixel centres of a 4096² picture and know nothing of any rule.
nvdiffrast's own rule is measured where it is installed and CUDA is there.
"""

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from bench_scenes import body_mesh, clip_positions, subdivided
from torch import Tensor
from visible_triangle_antialias import antialias_visible_triangles

from album2avatar.mesh.decimate import decimate
from album2avatar.mesh.normals import vertex_normals
from album2avatar.mesh.topology import EdgeTable, edge_table
from album2avatar.mesh.types import Mesh
from album2avatar.render.antialias import antialias
from album2avatar.render.rasterize import rasterize
from album2avatar.render.screen import to_screen
from album2avatar.render.visibility_warp import face_ids

Rule = Callable[[Tensor, Mesh, int], Tensor]
"""(positions (1, V, 4) in clip space, mesh, size) -> share of the picture that is covered."""

SIZES = (128, 256, 512)
PLACEMENTS = 8
"""Places of the pixel grid over which the smallest size is measured once more: what is left in the
mean is the rule's, not the grid's."""
AZIMUTHS = (0.0, 70.0, 160.0)
TRUTH_SIZE = 4096
STEP = 4e-3
"""Metres for a motion of unit length: eight pixels of the true picture."""
LOW, HIGH = 0.9, 1.1
"""Ratios that count as right."""


@dataclass(frozen=True)
class Case:
    """One resolution, mesh, view and motion, with each rule's ratio."""

    row: str
    """Size, and where there are several places of the grid, their number."""
    faces: int
    azimuth: float
    motion: str
    ratios: dict[str, float]


def main() -> None:
    """Print a line for each case, and how many are right."""
    torch.set_num_threads(1)
    rules = available_rules()
    print(f"{'pixels':>12} {'faces':>7} {'motion':<14}{'azimuth':>8}" + _columns(rules))
    cases: list[Case] = []
    for mesh in meshes():
        for azimuth in AZIMUTHS:
            for case in measure(mesh, azimuth, rules):
                cases.append(case)
                row = "".join(f"{ratio:>18.3f}" for ratio in case.ratios.values())
                print(
                    f"{case.row:>12} {case.faces:>7} {case.motion:<14}{azimuth:>8.0f}{row}",
                    flush=True,
                )
    print(summary(cases))


def available_rules() -> dict[str, Rule]:
    """Our rule, the usual one, and nvdiffrast's own where it can run."""
    rules: dict[str, Rule] = {"silhouette edges": our_area, "visible faces": usual_area}
    if torch.cuda.is_available() and importlib.util.find_spec("nvdiffrast") is not None:
        rules["nvdiffrast"] = nvdiffrast_area(importlib.import_module("nvdiffrast.torch"))
    return rules


def our_area(pos: Tensor, mesh: Mesh, size: int) -> Tensor:
    """Covered share by `render.antialias`."""
    return _area(antialias, pos, mesh, size)


def usual_area(pos: Tensor, mesh: Mesh, size: int) -> Tensor:
    """Covered share by the rule of visible faces."""
    return _area(antialias_visible_triangles, pos, mesh, size)


def nvdiffrast_area(library: Any) -> Rule:
    """Covered share by nvdiffrast, rasterized and antialiased by itself."""
    context = library.RasterizeCudaContext()

    def area(pos: Tensor, mesh: Mesh, size: int) -> Tensor:
        there, faces = pos.cuda(), mesh.faces.int().cuda()
        rast, _ = library.rasterize(context, there, faces, (size, size))
        covered = (rast[..., 3:] > 0).float().contiguous()
        return library.antialias(covered, rast, there, faces).mean().cpu()

    return area


def _area(
    rule: Callable[[Tensor, Tensor, Tensor, Tensor, EdgeTable], Tensor],
    pos: Tensor,
    mesh: Mesh,
    size: int,
) -> Tensor:
    rast = rasterize(pos, mesh.faces, (size, size), face_ids)
    return rule((rast[..., 3:] > 0).float(), rast, pos, mesh.faces, edge_table(mesh.faces)).mean()


def meshes() -> list[Mesh]:
    """The body with fewer faces, as it is, and with each face cut into four."""
    body = Mesh(*body_mesh())
    return [decimate(body, 5_000), decimate(body, 13_000), body, subdivided(body)]


def motions(mesh: Mesh) -> dict[str, Tensor]:
    """Ways to move a body, (V, 3) metres each."""
    vertices = mesh.vertices
    across, _, height = vertices.unbind(-1)
    thicker = vertex_normals(vertices, mesh.faces)
    return {
        "wider": vertices * torch.tensor([1.0, 0.0, 0.0]),
        "thicker": thicker,
        "thicker arms": (across.abs() > 0.25)[:, None] * thicker,
        "thicker legs": (height < -0.1)[:, None] * (across.abs() < 0.25)[:, None] * thicker,
        "larger head": (height > 0.6)[:, None] * (vertices - torch.tensor([0.0, 0.0, 0.6])),
    }


def measure(mesh: Mesh, azimuth: float, rules: dict[str, Rule]) -> list[Case]:
    """All sizes and motions of one mesh and view."""
    known = motions(mesh)
    truth = {name: true_slope(mesh, way, azimuth) for name, way in known.items()}
    cases: list[Case] = []
    for row, size, shifts in _rows():
        gradients = {
            name: gradient(rule, mesh, azimuth, size, shifts) for name, rule in rules.items()
        }
        for motion, way in known.items():
            ratios = {
                name: float((found * way).sum()) / truth[motion]
                for name, found in gradients.items()
            }
            cases.append(Case(row, len(mesh.faces), azimuth, motion, ratios))
    return cases


def _rows() -> list[tuple[str, int, Tensor]]:
    """Name, size and shifts of the grid (N, 2) in pixels of each row of the table."""
    middle = torch.zeros(1, 2)
    scattered = torch.rand(PLACEMENTS, 2, generator=torch.Generator().manual_seed(0)) - 0.5
    smallest = SIZES[0]
    return [
        *((f"{size}²", size, middle) for size in SIZES),
        (f"{smallest}², {PLACEMENTS} grids", smallest, scattered),
    ]


def gradient(rule: Rule, mesh: Mesh, azimuth: float, size: int, shifts: Tensor) -> Tensor:
    """(V, 3) derivative of the covered share by the vertices, by autograd; mean over the shifts."""
    vertices = mesh.vertices.clone().requires_grad_()
    pos = clip_positions(vertices, [azimuth])
    areas = [
        rule(pos + torch.cat([shift * 2 / size, torch.zeros(2)]) * pos[..., 3:], mesh, size)
        for shift in shifts
    ]
    return torch.autograd.grad(torch.stack(areas).mean(), vertices)[0]


def true_slope(mesh: Mesh, way: Tensor, azimuth: float) -> float:
    """Derivative of the covered share along a motion, by finite differences."""
    resolution = (TRUTH_SIZE, TRUTH_SIZE)
    shares: list[float] = []
    for sign in (1, -1):
        pos = clip_positions(mesh.vertices + sign * STEP * way, [azimuth])
        ids = face_ids(to_screen(pos.double(), resolution), mesh.faces, resolution)
        shares.append(float((ids >= 0).double().mean()))
    return (shares[0] - shares[1]) / (2 * STEP)


def summary(cases: list[Case]) -> str:
    """A Markdown table: smallest to largest ratio, and the share of right ones."""
    names = list(cases[0].ratios)
    lines = ["| pixels | " + " | ".join(f"{n} | right" for n in names) + " |"]
    lines.append("|---" * (1 + 2 * len(names)) + "|")
    for row, _, _ in _rows():
        rows = [case for case in cases if case.row == row]
        lines.append(f"| {row} | " + " | ".join(_range(rows, name) for name in names) + " |")
    lines.append("| all | " + " | ".join(_range(cases, name) for name in names) + " |")
    return "\n".join(lines)


def _range(cases: list[Case], name: str) -> str:
    found = [case.ratios[name] for case in cases]
    right = sum(LOW <= ratio <= HIGH for ratio in found)
    return f"{min(found):.2f}–{max(found):.2f} | {right} of {len(found)}"


def _columns(rules: dict[str, Rule]) -> str:
    return "".join(f"{name:>18}" for name in rules)


if __name__ == "__main__":
    main()
