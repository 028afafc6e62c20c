"""How time and memory of rendering and of the prior grow, with fitted slopes and a picture.

    python benchmarks/scaling.py [--picture docs/images/scaling.png]

Rendering is a normal map: rasterize, shade, antialias, and the gradient to the vertices. Time is
CPU time of one thread; memory that of tensors alive at once, or the allocator's peak on CUDA.
"""

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import torch
import typer
from bench_scenes import body_mesh, cameras_around, subdivided
from live_bytes import LiveBytes
from plots import Plot, draw_plots

from album2avatar.devices import choose_device
from album2avatar.mesh.decimate import decimate
from album2avatar.mesh.topology import edge_table
from album2avatar.mesh.types import Mesh
from album2avatar.model_folders import find_model
from album2avatar.prior.model import Prior, load_prior
from album2avatar.render.shading import render_normals
from album2avatar.render.visibility_warp import face_ids

REPEATS = 5
MEBIBYTE = 2**20


@dataclass(frozen=True)
class Curve:
    """Time and memory of one kind of work against its size."""

    title: str
    x_label: str
    sizes: list[float]
    milliseconds: list[float]
    mebibytes: list[float]


def main(
    picture: Annotated[Path | None, typer.Option(help="Where the plots are drawn.")] = None,
    device: Annotated[str, typer.Option(help="cpu or cuda.")] = "cpu",
) -> None:
    """Measure all curves, print a table, draw them."""
    torch.set_num_threads(1)
    there = choose_device(device)
    body = Mesh(*body_mesh())
    finer = subdivided(body)
    meshes = [decimate(body, 5_000), decimate(body, 13_000), body, decimate(finer, 55_000), finer]
    prior = load_prior(find_model("demo-prior"), there)
    views = (1, 2, 4, 8, 16)
    curves = [
        _curve(
            "rendering, 2 views, 256 px",
            "thousand faces",
            [(len(m.faces) / 1000, rendering(m, 2, 256, there)) for m in meshes],
            there,
        ),
        _curve(
            "rendering, 27k faces, 256 px",
            "views",
            [(count, rendering(body, count, 256, there)) for count in views],
            there,
        ),
        _curve(
            "rendering, 27k faces, 2 views",
            "thousand pixels a view",
            [(s * s / 1000, rendering(body, 2, s, there)) for s in (128, 256, 384, 512, 768)],
            there,
        ),
        _curve(
            "encoder and its gradient",
            "views",
            [(count, encoding(prior, count)) for count in views],
            there,
        ),
        _curve(
            "prior, 2 rows a view",
            "views",
            [(count, predicting(prior, count)) for count in views],
            there,
        ),
    ]
    print(table(curves))
    if picture is not None:
        draw_plots(_plots(curves), len(curves)).save(picture, optimize=True)


def rendering(mesh: Mesh, views: int, size: int, device: torch.device) -> Callable[[], object]:
    """A normal map and its gradient to the vertices."""
    vertices = mesh.vertices.to(device).requires_grad_()
    faces, edges = mesh.faces.to(device), edge_table(mesh.faces.to(device))
    cameras = cameras_around([360.0 * i / views for i in range(views)]).to(device)

    def work() -> None:
        normals, mask = render_normals(vertices, faces, cameras, (size, size), edges, face_ids)
        vertices.grad = None
        (normals.square().mean() + mask.mean()).backward()

    return work


def encoding(prior: Prior, views: int) -> Callable[[], object]:
    """Pictures to latents, and the gradient back to the pictures."""
    size = prior.image_size
    images = torch.rand(views, size, size, 3, device=prior.device).requires_grad_()

    def work() -> None:
        images.grad = None
        prior.encode_images(images).square().mean().backward()

    return work


def predicting(prior: Prior, views: int) -> Callable[[], object]:
    """Noise under a prompt and under the empty one."""
    shape = (2 * views, prior.latent_channels, prior.latent_size, prior.latent_size)
    latents = torch.randn(shape, device=prior.device)
    timesteps = torch.full((2 * views,), 500, device=prior.device)
    with torch.no_grad():
        words = prior.encode_prompts(["a photo of a woman"]).expand(2 * views)
    return lambda: prior.predict_noise(latents, timesteps, words)


def _curve(
    title: str,
    x_label: str,
    works: Sequence[tuple[float, Callable[[], object]]],
    device: torch.device,
) -> Curve:
    curve = Curve(title, x_label, [], [], [])
    for size, work in works:
        curve.sizes.append(size)
        curve.milliseconds.append(milliseconds(work, device))
        curve.mebibytes.append(mebibytes(work, device))
    return curve


def milliseconds(work: Callable[[], object], device: torch.device) -> float:
    """Median time; of the processor on the CPU, of the wall on CUDA."""
    clock = _synchronised if device.type == "cuda" else time.process_time
    work()
    taken: list[float] = []
    for _ in range(REPEATS):
        began = clock()
        work()
        taken.append(clock() - began)
    return 1000 * statistics.median(taken)


def _synchronised() -> float:
    torch.cuda.synchronize()
    return time.perf_counter()


def mebibytes(work: Callable[[], object], device: torch.device) -> float:
    """Most memory that the work holds at once, beside what was there before."""
    if device.type == "cuda":
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        work()
        return (torch.cuda.max_memory_allocated() - before) / MEBIBYTE
    with LiveBytes() as bytes_:
        work()
    return bytes_.peak / MEBIBYTE


def fit_line(x: Sequence[float], y: Sequence[float]) -> tuple[float, float]:
    """Value at 0 and slope of the line with the least squared relative errors."""
    weights = 1 / np.array(y)
    rows = np.stack([np.ones(len(x)), np.array(x)], 1) * weights[:, None]
    first, slope = np.linalg.lstsq(rows, np.array(y) * weights, rcond=None)[0]
    return float(first), float(slope)


def table(curves: Sequence[Curve]) -> str:
    """A Markdown table of the fitted lines, and the worst relative error of each."""
    lines = ["| what | against | ms | fits to | MiB | fits to |\n|---|---|---|---|---|---|"]
    for curve in curves:
        cells = [curve.title, curve.x_label]
        for values in (curve.milliseconds, curve.mebibytes):
            first, slope = fit_line(curve.sizes, values)
            worst = max(
                abs(first + slope * x - y) / y for x, y in zip(curve.sizes, values, strict=True)
            )
            cells += [f"{first:.3g} + {slope:.3g} x", f"{worst:.0%}"]
        lines.append("| " + " | ".join(cells) + " |")
    lines.append("")
    for curve in curves:
        measured = ", ".join(
            f"{x:.4g}: {t:.4g} ms {m:.4g} MiB"
            for x, t, m in zip(curve.sizes, curve.milliseconds, curve.mebibytes, strict=True)
        )
        lines.append(f"{curve.title}, by {curve.x_label}: {measured}")
    return "\n".join(lines)


def _plots(curves: Sequence[Curve]) -> list[Plot]:
    plots: list[Plot] = []
    for label in ("ms", "MiB"):
        for curve in curves:
            values = curve.milliseconds if label == "ms" else curve.mebibytes
            points = list(zip(curve.sizes, values, strict=True))
            line = fit_line(curve.sizes, values)
            plots.append(Plot(curve.title, curve.x_label, label, points, *line))
    return plots


if __name__ == "__main__":
    typer.run(main)
