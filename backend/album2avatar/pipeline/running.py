"""Running the stages of a flow.

A stage is skipped while its inputs, its settings and its version are those of its last
finished run. Resuming is therefore the same act as running.
"""

import hashlib
import json
import logging
import threading
import time
from collections.abc import Callable, Sequence

import psutil
import torch

from album2avatar.manifest import (
    Manifest,
    StageRecord,
    hash_files,
    save_manifest,
)
from album2avatar.pipeline.stage import Stage
from album2avatar.progress import JobControl, ProgressEvent
from album2avatar.settings import Settings
from album2avatar.workspace import Workspace

logger = logging.getLogger(__name__)


def run_stages(
    stages: Sequence[Stage],
    workspace: Workspace,
    settings: Settings,
    manifest: Manifest,
    listener: Callable[[ProgressEvent], None],
    cancelled: threading.Event,
) -> None:
    """Run the stages whose fingerprint changed, in order, and record each in the manifest."""
    for stage in stages:
        manifest = _run_where_needed(stage, workspace, settings, manifest, listener, cancelled)


def configure_torch(settings: Settings) -> None:
    """Fix what decides the bits of a result: thread count and deterministic kernels."""
    torch.set_num_threads(settings.threads)
    torch.use_deterministic_algorithms(True, warn_only=True)


def fingerprint(stage: Stage, workspace: Workspace, settings: Settings) -> str:
    """Hash of everything that decides a stage's result."""
    section = getattr(settings, stage.section).model_dump(mode="json")
    shared = {name: settings.model_dump(mode="json")[name] for name in stage.also_reads}
    text = json.dumps([stage.version, stage.name, section, shared], sort_keys=True)
    files = hash_files(stage.inputs(workspace, settings))
    return hashlib.sha256((text + files).encode()).hexdigest()


def _run_where_needed(
    stage: Stage,
    workspace: Workspace,
    settings: Settings,
    manifest: Manifest,
    listener: Callable[[ProgressEvent], None],
    cancelled: threading.Event,
) -> Manifest:
    job = JobControl(stage.name, listener, cancelled)
    job.raise_if_cancelled()
    current = fingerprint(stage, workspace, settings)
    record = manifest.done.get(stage.name)
    is_whole = all(path.exists() for path in stage.outputs(workspace))
    if record is not None and record.fingerprint == current and is_whole:
        listener(ProgressEvent(stage.name, 1, 1, message="already done"))
        return manifest

    if manifest.begun.get(stage.name) != current:
        workspace.checkpoint(stage.name).unlink(missing_ok=True)
        manifest = _with(manifest, begun={stage.name: current}, spent={stage.name: 0.0})
        save_manifest(workspace, manifest)

    logger.info("%s begins", stage.name)
    began = time.monotonic()
    try:
        stage.run(workspace, settings, job)
    except BaseException:
        elapsed = manifest.spent.get(stage.name, 0.0) + time.monotonic() - began
        save_manifest(workspace, _with(manifest, spent={stage.name: elapsed}))
        raise
    seconds = manifest.spent.get(stage.name, 0.0) + time.monotonic() - began
    done = StageRecord(
        fingerprint=current, seconds=round(seconds, 1), peak_mebibytes=_peak_mebibytes()
    )
    manifest = _with(manifest, done={stage.name: done})
    save_manifest(workspace, manifest)
    workspace.checkpoint(stage.name).unlink(missing_ok=True)
    logger.info("%s is done after %.1f s", stage.name, seconds)
    listener(ProgressEvent(stage.name, 1, 1, message=f"done in {seconds:.0f} s"))
    return manifest


def _with(
    manifest: Manifest,
    done: dict[str, StageRecord] | None = None,
    begun: dict[str, str] | None = None,
    spent: dict[str, float] | None = None,
) -> Manifest:
    return manifest.model_copy(
        update={
            "done": manifest.done | (done or {}),
            "begun": manifest.begun | (begun or {}),
            "spent": manifest.spent | (spent or {}),
        }
    )


def _peak_mebibytes() -> float:
    info = psutil.Process().memory_info()
    peak = getattr(info, "peak_wset", None)
    if peak is None:
        import resource

        # Kibibytes on Linux, bytes on macOS.
        units = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        peak = units if units > 2**33 else units * 1024
    return round(peak / 2**20, 1)
