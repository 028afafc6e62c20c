"""Reading a diffusers folder from the disk: whole, safe, and never from the network."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from safetensors import SafetensorError
from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

from album2avatar.errors import ModelError
from album2avatar.prior.model_class import INDEX_FILE, require_known_class
from album2avatar.prior.weight_files import variant_on_disk

_PREDICTION_TYPES = ("epsilon", "v_prediction")
_WEIGHTS = {
    "unet": "diffusion_pytorch_model",
    "vae": "diffusion_pytorch_model",
    "text_encoder": "model",
    "text_encoder_2": "model",
}
_SCHEDULER_FILE = "scheduler/scheduler_config.json"


@dataclass(frozen=True)
class Components:
    """The parts of a diffusers folder; those with a 2 in the SDXL class alone."""

    tokenizer: CLIPTokenizer
    text_encoder: CLIPTextModel
    unet: UNet2DConditionModel
    vae: AutoencoderKL
    scheduler: DDIMScheduler
    tokenizer_2: CLIPTokenizer | None
    text_encoder_2: CLIPTextModelWithProjection | None
    empty_prompt_is_zero: bool


def read_components(folder: Path) -> Components:
    """Read the networks of a diffusers folder as float32, on the CPU.

    Raises:
        ModelError: a file is missing or damaged, the weights are pickles (which can run
            code), or the model is of another class.
    """
    model_class = require_known_class(folder)
    for name in (*(f"{part}/config.json" for part in model_class.networks), _SCHEDULER_FILE):
        if not (folder / name).is_file():
            raise _incomplete(folder, f"{name} is missing")
    for name in model_class.tokenizers:
        _require_tokenizer(folder, name)
    variants = {
        part: _weights_variant(folder / part, _WEIGHTS[part]) for part in model_class.networks
    }
    try:
        components = _read(folder, variants)
    except (OSError, ValueError, KeyError, RuntimeError, SafetensorError) as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise ModelError(
            f"{folder} can't be loaded as a diffusion model ({reason}). Download or copy the "
            "whole folder again."
        ) from error
    prediction_type = str(components.scheduler.config["prediction_type"])
    if prediction_type not in _PREDICTION_TYPES:
        raise ModelError(
            f"{folder} predicts '{prediction_type}', but only {' and '.join(_PREDICTION_TYPES)} "
            "are supported. Choose another model folder."
        )
    return components


def _require_tokenizer(folder: Path, name: str) -> None:
    words = folder / name
    if not (words / "tokenizer.json").is_file() and not (
        (words / "vocab.json").is_file() and (words / "merges.txt").is_file()
    ):
        raise _incomplete(
            folder,
            f"{name}/tokenizer.json is missing, and so is vocab.json or merges.txt in its place",
        )


def _weights_variant(folder: Path, stem: str) -> str | None:
    """Find which variant of a part's weights is there: None for the plain files, else `fp16`."""
    try:
        return variant_on_disk(folder, stem, "model")
    except FileNotFoundError as error:
        raise _incomplete(folder.parent, f"{folder.name}/{error}") from error


def _incomplete(folder: Path, what: str) -> ModelError:
    return ModelError(
        f"{folder} is no complete diffusion model: {what}. Download or copy the whole folder again."
    )


def _read(folder: Path, variants: dict[str, str | None]) -> Components:
    def options(part: str) -> dict[str, Any]:
        return {
            "local_files_only": True,
            "use_safetensors": True,
            "variant": variants[part],
        }

    unet: Any = UNet2DConditionModel.from_pretrained(
        folder / "unet", torch_dtype=torch.float32, **options("unet")
    )
    vae: Any = AutoencoderKL.from_pretrained(
        folder / "vae", torch_dtype=torch.float32, **options("vae")
    )
    text_encoder = CLIPTextModel.from_pretrained(
        folder / "text_encoder", dtype=torch.float32, **options("text_encoder")
    )
    tokenizer = CLIPTokenizer.from_pretrained(folder / "tokenizer", local_files_only=True)
    scheduler_config = json.loads((folder / "scheduler" / "scheduler_config.json").read_text())
    scheduler: Any = DDIMScheduler.from_config(scheduler_config)
    tokenizer_2, text_encoder_2, empty_prompt_is_zero = None, None, False
    if "text_encoder_2" in variants:
        tokenizer_2 = CLIPTokenizer.from_pretrained(folder / "tokenizer_2", local_files_only=True)
        text_encoder_2 = CLIPTextModelWithProjection.from_pretrained(
            folder / "text_encoder_2", dtype=torch.float32, **options("text_encoder_2")
        )
        # Folders of older software say 2 here, which transformers takes for "the highest id ends
        # the sentence"; a new word's id would be the highest.
        text_encoder_2.text_model.eos_token_id = tokenizer_2.eos_token_id
        empty_prompt_is_zero = _embeds_empty_prompt_as_zeros(folder / INDEX_FILE)
    return Components(
        tokenizer,
        text_encoder,
        unet,
        vae,
        scheduler,
        tokenizer_2,
        text_encoder_2,
        empty_prompt_is_zero,
    )


def _embeds_empty_prompt_as_zeros(index: Path) -> bool:
    """The folder's own word; diffusers takes yes where it says nothing."""
    said = json.loads(index.read_text()) if index.is_file() else {}
    return bool(said.get("force_zeros_for_empty_prompt", True))
