"""Gradient of the covered area divided by its finite difference: ours and the usual rule's.

    python benchmarks/silhouette_gradient.py

1 is right. Finite differences count pixel centres of an eight times finer picture.
"""

from collections.abc import Callable

import torch
from bench_scenes import body_mesh, clip_positions
from torch import Tensor
from visible_triangle_antialias import antialias_visible_triangles

from album2avatar.mesh.normals import vertex_normals
from album2avatar.mesh.topology import EdgeTable, edge_table
from album2avatar.render.antialias import antialias
from album2avatar.render.rasterize import rasterize
from album2avatar.render.visibility_warp import face_ids

Rule = Callable[[Tensor, Tensor, Tensor, Tensor, EdgeTable], Tensor]
RULES: dict[str, Rule] = {
    "silhouette edges": antialias,
    "visible faces": antialias_visible_triangles,
}
STEP = 4e-3


def main() -> None:
    """Print one line for each resolution, motion and view."""
    torch.set_num_threads(1)
    vertices, faces = body_mesh()
    edges = edge_table(faces)
    thicker = vertex_normals(vertices, faces)
    motions = {
        "wider": vertices * torch.tensor([1.0, 0.0, 0.0]),
        "thicker": thicker,
        "thicker arms": (vertices[:, :1].abs() > 0.25) * thicker,
    }
    print(f"{'pixels':>6} {'motion':<14}{'azimuth':>8}" + "".join(f"{name:>18}" for name in RULES))
    for size in (128, 256, 512):
        for motion, direction in motions.items():
            for azimuth in (0.0, 70.0):
                truth = measured(vertices, faces, direction, azimuth, 8 * size)
                ratios = [
                    analytic(vertices, faces, edges, direction, azimuth, size, rule) / truth
                    for rule in RULES.values()
                ]
                row = "".join(f"{ratio:>18.3f}" for ratio in ratios)
                print(f"{size:>6} {motion:<14}{azimuth:>8.0f}{row}", flush=True)


def analytic(
    vertices: Tensor,
    faces: Tensor,
    edges: EdgeTable,
    direction: Tensor,
    azimuth: float,
    size: int,
    rule: Rule,
) -> float:
    """Directional derivative of the covered share of the picture, by autograd."""
    amount = torch.zeros((), requires_grad=True)
    pos = clip_positions(vertices + amount * direction, [azimuth])
    rast = rasterize(pos, faces, (size, size), face_ids)
    area = rule((rast[..., 3:] > 0).float(), rast, pos, faces, edges).mean()
    return float(torch.autograd.grad(area, amount)[0])


def measured(
    vertices: Tensor, faces: Tensor, direction: Tensor, azimuth: float, size: int
) -> float:
    """The same by finite differences."""
    areas = [
        (rasterize(clip_positions(vertices + sign * STEP * direction, [azimuth]), faces,
                   (size, size), face_ids)[..., 3] > 0).double().mean()
        for sign in (1, -1)
    ]  # fmt: skip
    return float(areas[0] - areas[1]) / (2 * STEP)


if __name__ == "__main__":
    main()
