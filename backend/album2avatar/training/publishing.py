"""Writing a prior, and networks beside it, as diffusers folders."""

import copy
import json
import shutil
from pathlib import Path
from typing import Any

from diffusers.pipelines.stable_diffusion.pipeline_stable_diffusion import StableDiffusionPipeline
from torch import nn

from album2avatar.files import write_json
from album2avatar.prior.model import Prior


def save_prior(prior: Prior, folder: Path) -> None:
    """Write a prior as a half-precision diffusers folder that takes the old folder's place.

    Half precision halves the download; `load_prior` turns it into float32 again.
    """
    beside = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    networks: list[Any] = [
        copy.deepcopy(network).half() for network in (prior.vae, prior.text_encoder, prior.unet)
    ]
    vae, text_encoder, unet = networks
    scheduler: Any = prior.scheduler
    nothing: Any = None
    pipeline: Any = StableDiffusionPipeline(
        vae,
        text_encoder,
        prior.tokenizer,
        unet,
        scheduler,
        safety_checker=nothing,
        feature_extractor=nothing,
        requires_safety_checker=False,
    )
    pipeline.save_pretrained(beside, safe_serialization=True)
    _make_portable(beside)
    _swap(beside, folder)


def save_network(network: nn.Module, folder: Path) -> None:
    """Write a network of diffusers as a half-precision folder that takes the old one's place."""
    beside = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    half: Any = copy.deepcopy(network).half()
    half.save_pretrained(beside, safe_serialization=True)
    _make_portable(beside)
    _swap(beside, folder)


def _make_portable(folder: Path) -> None:
    """Forget where the parts lay on this machine, and let others read them."""
    for path in folder.rglob("*"):
        if path.suffix == ".json":
            content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            if content.pop("_name_or_path", None) is not None:
                write_json(path, content)
        if path.is_file():
            path.chmod(0o644)


def _swap(new: Path, folder: Path) -> None:
    """Put a finished folder in the place of another; readers see one or the other."""
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)
