"""What is installed, what is found, and what to do about what is missing."""

import importlib.metadata
import importlib.util
import platform
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import platformdirs
import psutil
from pydantic import BaseModel, ConfigDict
from rich.console import Console
from rich.table import Table

from album2avatar import __version__
from album2avatar.model_folders import model_search_path

State = Literal["ready", "optional", "broken"]

_CORE_PACKAGES = ("torch", "diffusers", "transformers", "peft", "anny", "warp-lang", "xatlas")
_OPTIONAL_PACKAGES = {
    "smplx": "SMPL-X bodies from your own files (licence: no commercial use): "
    "pip install 'album2avatar[smplx]'",
    "segment_anything": "segmentation by Grounding DINO and SAM: "
    "pip install 'album2avatar[grounded-sam]'",
    "nvdiffrast": "for performance.rasterizer=nvdiffrast on CUDA (licence: no commercial use): "
    "install it from source",
}
_FREE_GIBIBYTES = 4


class Finding(BaseModel):
    """One line of the report."""

    model_config = ConfigDict(frozen=True)

    subject: str
    state: State
    detail: str
    remedy: str = ""
    """What to do; empty where nothing has to be done."""


def examine() -> list[Finding]:
    """Look at everything that an avatar needs on this machine."""
    return [
        _python(),
        *[_core_package(name) for name in _CORE_PACKAGES],
        _device(),
        _memory(),
        _disk(),
        _model("demo-prior", "model_index.json", "the diffusion model"),
        _model("demo-perception", "config.json", "segmentation and keypoints"),
        _body_cache(),
        *[_optional_package(name, remedy) for name, remedy in _OPTIONAL_PACKAGES.items()],
        *_grounded_sam(),
        _blender(),
    ]


def print_findings(findings: list[Finding]) -> None:
    """Print the report as a table."""
    table = Table(box=None, pad_edge=False)
    for heading in ("", "what", "found", "what to do"):
        table.add_column(heading)
    marks = {"ready": "[green]ok[/]", "optional": "[yellow]-[/]", "broken": "[red]!![/]"}
    for finding in findings:
        table.add_row(marks[finding.state], finding.subject, finding.detail, finding.remedy)
    Console().print(table)


def _python() -> Finding:
    detail = f"{platform.python_version()}, album2avatar {__version__}"
    return Finding(subject="Python", state="ready", detail=detail)


def _core_package(name: str) -> Finding:
    try:
        return Finding(subject=name, state="ready", detail=importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Finding(
            subject=name,
            state="broken",
            detail="not installed",
            remedy="pip install -c constraints.txt -e .",
        )


def _optional_package(name: str, remedy: str) -> Finding:
    if importlib.util.find_spec(name) is not None:
        return Finding(subject=name, state="ready", detail="installed")
    return Finding(subject=name, state="optional", detail="not installed", remedy=remedy)


def _grounded_sam() -> list[Finding]:
    """The models of the segmentation's provider `grounded_sam`, as its defaults name them."""
    from album2avatar.segmentation.grounded_sam.models import find_detector, find_sam
    from album2avatar.settings import GroundedSamSettings

    chosen = GroundedSamSettings()
    return [
        _optional_model(
            "Grounding DINO",
            lambda: find_detector(chosen),
            f"For segmentation.provider=grounded_sam: album2avatar models get {chosen.detector}",
        ),
        _optional_model(
            "SAM",
            lambda: find_sam(chosen),
            f"For segmentation.provider=grounded_sam: put {chosen.sam} from Meta's "
            f"segment-anything page into {model_search_path()[0]}",
        ),
    ]


def _optional_model(subject: str, find: Callable[[], Path], remedy: str) -> Finding:
    from album2avatar.errors import ModelError

    try:
        return Finding(subject=subject, state="ready", detail=str(find()))
    except ModelError:
        return Finding(subject=subject, state="optional", detail="not found", remedy=remedy)


def _device() -> Finding:
    try:
        import torch
    except ImportError as error:
        return Finding(
            subject="device",
            state="broken",
            detail=f"torch can't be loaded ({error})",
            remedy="pip install -c constraints.txt -e .",
        )
    if torch.cuda.is_available():
        properties = torch.cuda.get_device_properties(0)
        detail = f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB"
        return Finding(subject="device", state="ready", detail=detail)
    return Finding(
        subject="device",
        state="ready",
        detail=f"CPU, {psutil.cpu_count()} threads",
        remedy="The demo models run here; larger ones want a CUDA GPU.",
    )


def _memory() -> Finding:
    memory = psutil.virtual_memory()
    detail = f"{memory.available / 2**30:.1f} of {memory.total / 2**30:.1f} GiB free"
    return Finding(subject="memory", state="ready", detail=detail)


def _disk() -> Finding:
    free = shutil.disk_usage(Path.cwd()).free / 2**30
    detail = f"{free:.0f} GiB free here"
    if free >= _FREE_GIBIBYTES:
        return Finding(subject="disk", state="ready", detail=detail)
    return Finding(
        subject="disk",
        state="broken",
        detail=detail,
        remedy=f"Free at least {_FREE_GIBIBYTES} GiB, or work in another folder.",
    )


def _model(name: str, marker: str, purpose: str) -> Finding:
    for folder in model_search_path():
        if (folder / name / marker).is_file():
            return Finding(subject=name, state="ready", detail=str(folder / name))
    return Finding(
        subject=name,
        state="broken",
        detail=f"not found ({purpose})",
        remedy=f"Put the folder {name} into {model_search_path()[0]}.",
    )


def _body_cache() -> Finding:
    path = platformdirs.user_cache_path("album2avatar") / "anny_blender.safetensors"
    if path.is_file():
        return Finding(subject="body template", state="ready", detail=str(path))
    return Finding(
        subject="body template",
        state="optional",
        detail="not built yet",
        remedy="Nothing; the first avatar builds it, which takes two minutes once.",
    )


def _blender() -> Finding:
    from album2avatar.errors import ExportError
    from album2avatar.export.blender_environment import find_blender_python

    try:
        return Finding(subject="Blender", state="ready", detail=str(find_blender_python()))
    except ExportError as error:
        return Finding(subject="Blender", state="optional", detail="not found", remedy=str(error))
