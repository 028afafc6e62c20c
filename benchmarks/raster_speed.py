"""CPU time of rasterization, one thread, and ratios between its ways.

python benchmarks/raster_speed.py
"""

import torch
from bench_scenes import body_mesh, clip_positions, cpu_milliseconds
from visible_triangle_antialias import antialias_visible_triangles

from album2avatar.mesh.topology import edge_table
from album2avatar.render import visibility_torch, visibility_warp
from album2avatar.render.antialias import antialias
from album2avatar.render.rasterize import rasterize
from album2avatar.render.screen import to_screen


def main() -> None:
    """Print milliseconds of each part and the ratios."""
    torch.set_num_threads(1)
    vertices, faces = body_mesh()
    edges = edge_table(faces)
    pos = clip_positions(vertices, [30.0])
    print(f"body of {len(faces)} faces, one picture, CPU milliseconds of one thread")
    for size in (128, 256, 512):
        resolution = (size, size)
        screen = to_screen(pos.double(), resolution)
        rast = rasterize(pos, faces, resolution)
        mask = (rast[..., 3:] > 0).float()
        slow = cpu_milliseconds(lambda: visibility_torch.face_ids(screen, faces, resolution))  # noqa: B023
        fast = cpu_milliseconds(lambda: visibility_warp.face_ids(screen, faces, resolution))  # noqa: B023
        ours = cpu_milliseconds(lambda: antialias(mask, rast, pos, faces, edges))  # noqa: B023
        usual = cpu_milliseconds(
            lambda: antialias_visible_triangles(mask, rast, pos, faces, edges)  # noqa: B023
        )
        print(
            f"{size:>4}²  visibility: torch {slow:6.1f}, warp {fast:5.1f}, ratio {slow / fast:4.1f}"
            f"   antialiasing: silhouette edges {ours:5.1f}, visible faces {usual:5.1f}, "
            f"ratio {usual / ours:4.2f}"
        )


if __name__ == "__main__":
    main()
