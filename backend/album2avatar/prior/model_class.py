"""Which kind of diffusion model a folder holds, told from its configuration files alone."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from album2avatar.errors import ModelError

INDEX_FILE = "model_index.json"

_SIZES_OF_A_PICTURE = 6
"""Numbers with which the SDXL class describes a training picture; its refiner has 5."""


@dataclass(frozen=True)
class ModelClass:
    """Models that are made of the same parts."""

    name: str
    networks: tuple[str, ...]
    """Subfolders with a configuration and weights."""
    tokenizers: tuple[str, ...]
    """Subfolders with a vocabulary."""


SD = ModelClass("SD-1.x/2.x", ("unet", "vae", "text_encoder"), ("tokenizer",))
SDXL = ModelClass(
    "SDXL",
    ("unet", "vae", "text_encoder", "text_encoder_2"),
    ("tokenizer", "tokenizer_2"),
)

_CLASSES_OF_PARTS = {
    "unet": ("UNet2DConditionModel",),
    "vae": ("AutoencoderKL",),
    "text_encoder": ("CLIPTextModel",),
    "text_encoder_2": ("CLIPTextModelWithProjection",),
}


def require_known_class(folder: Path) -> ModelClass:
    """Tell the class of a diffusers folder.

    Files that are missing are not this function's affair: what is there decides.

    Raises:
        ModelError: it is of a class that can't be used, which the message names, or a
            configuration file is damaged.
    """
    pipeline = str(_read_config(folder / INDEX_FILE).get("_class_name", ""))
    if (folder / "transformer").is_dir():
        raise _wrong_class(folder, f"a diffusion transformer{_in_brackets(pipeline)}")
    if pipeline and not (folder / "unet").is_dir():
        raise _wrong_class(folder, f"a {pipeline} without a UNet")
    for part, known in _CLASSES_OF_PARTS.items():
        config = _read_config(folder / part / "config.json")
        found = config.get("_class_name") or (config.get("architectures") or [None])[0]
        if found is not None and found not in known:
            raise _wrong_class(folder, f"a model whose {part} is a {found}")
    unet = _read_config(folder / "unet" / "config.json")
    _require_text_to_image(folder, unet)
    if (folder / "text_encoder_2").is_dir() or unet.get("addition_embed_type") == "text_time":
        _require_sdxl(folder, unet)
        return SDXL
    return SD


def _require_text_to_image(folder: Path, unet: Mapping[str, Any]) -> None:
    """Refuse a UNet that wants more than noisy latents, a timestep and words."""
    latent = int(_read_config(folder / "vae" / "config.json").get("latent_channels", 4))
    channels = int(unet.get("in_channels", latent))
    if channels == 2 * latent + 1:
        raise _wrong_class(
            folder, f"an inpainting model (its UNet reads {channels} channels, not {latent})"
        )
    if channels != latent:
        raise _wrong_class(
            folder,
            f"a model that wants a picture beside the words (its UNet reads {channels} channels, "
            f"not {latent})",
        )
    for name in ("class_embed_type", "num_class_embeds", "encoder_hid_dim_type"):
        if unet.get(name) is not None:
            raise _wrong_class(folder, f"a model that wants more than words (its UNet has {name})")


def _require_sdxl(folder: Path, unet: Mapping[str, Any]) -> None:
    if not (folder / "text_encoder").is_dir():
        raise _wrong_class(folder, "a model with the second text encoder alone (an SDXL refiner)")
    addition = unet.get("addition_embed_type")
    if unet and addition != "text_time":
        raise _wrong_class(
            folder,
            f"a model with two text encoders whose UNet has addition_embed_type {addition!r}",
        )
    pooled = _read_config(folder / "text_encoder_2" / "config.json").get("projection_dim")
    if unet and pooled is not None:
        sizes = int(unet.get("projection_class_embeddings_input_dim") or 0) - int(pooled)
        if sizes != _SIZES_OF_A_PICTURE * int(unet.get("addition_time_embed_dim") or 0):
            raise _wrong_class(
                folder,
                f"a model whose UNet wants other than {_SIZES_OF_A_PICTURE} sizes of a picture (an "
                "SDXL refiner has 5)",
            )


def _wrong_class(folder: Path, what: str) -> ModelError:
    return ModelError(
        f"{folder} holds {what}, which can't be used. Choose a text-to-image model of the SD-1.x, "
        "SD-2.x or SDXL class."
    )


def _in_brackets(name: str) -> str:
    return f" ({name})" if name else ""


def _read_config(path: Path) -> dict[str, Any]:
    """A configuration file; empty where there is none."""
    if not path.is_file():
        return {}
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise _damaged(path, str(error)) from error
    if not isinstance(config, dict):
        raise _damaged(path, "it is no JSON object")
    return config


def _damaged(path: Path, reason: str) -> ModelError:
    return ModelError(
        f"{path} can't be loaded as a part of a diffusion model ({reason}). Download or copy the "
        "whole folder again."
    )
