"""SAM from one of Meta's checkpoints, or one that was trained on from there."""

import importlib.util
import pickle
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from album2avatar.errors import ModelError
from album2avatar.segmentation.grounded_sam.models import find_package

DECODER_HEADS = 8
"""Attention heads of the mask decoder, in every published SAM; the weights don't tell."""
PIXEL_MEAN = [123.675, 116.28, 103.53]
PIXEL_STD = [58.395, 57.12, 57.375]
"""Of SAM's training pictures, as in the package's `build_sam`."""


@dataclass(frozen=True)
class SamShape:
    """What tells one SAM from another."""

    image_size: int
    """Side of the square that a photo is fitted into, in pixels."""
    patch_size: int
    width: int
    heads: int
    blocks: int
    global_blocks: tuple[int, ...]
    """Blocks that attend to the whole picture; the others to windows."""
    window: int
    mlp_ratio: float
    prompt_width: int
    mask_width: int
    decoder_blocks: int
    decoder_mlp: int
    masks: int
    """Masks that the decoder offers for an ambiguous prompt."""
    quality_blocks: int
    quality_width: int


def load_sam(path: Path) -> Any:
    """Read a checkpoint into a `segment_anything.modeling.Sam`, on the CPU.

    Raises:
        ModelError: the package is missing, or the file is no SAM checkpoint.
    """
    modeling = sam_modeling()
    weights = read_weights(path)
    try:
        network = build_sam(modeling, read_shape(weights))
        network.load_state_dict(dict(weights))
    except (KeyError, IndexError, ValueError, RuntimeError) as error:
        raise ModelError(
            f"{path} is no SAM checkpoint ({str(error).splitlines()[0][:200]}). Download "
            "sam_vit_h_4b8939.pth, sam_vit_l_0b3195.pth or sam_vit_b_01ec64.pth from Meta's "
            "segment-anything page."
        ) from error
    return network.eval().requires_grad_(False)


def sam_modeling() -> ModuleType:
    """The package's networks, without its front door, which wants torchvision.

    Raises:
        ModelError: the package isn't installed.
    """
    name = "segment_anything.modeling"
    if name in sys.modules:
        return sys.modules[name]
    folder = find_package() / "modeling"
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def read_weights(path: Path) -> Mapping[str, Tensor]:
    """Read named tensors, from safetensors or from PyTorch's own format without running code.

    Raises:
        ModelError: the file is damaged, or holds anything but tensors.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        weights: Any = torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise ModelError(
            f"{path} is damaged, or holds code besides weights and is not opened. Download SAM's "
            "checkpoint from Meta's segment-anything page, or use a .safetensors file."
        ) from error
    except (OSError, EOFError, RuntimeError, ValueError, SafetensorError) as error:
        raise ModelError(f"{path} can't be read ({error}). Download it again.") from error
    if not isinstance(weights, Mapping) or not all(
        isinstance(name, str) and isinstance(tensor, Tensor) for name, tensor in weights.items()
    ):
        raise ModelError(f"{path} holds no table of weights. Give SAM's own checkpoint.")
    return weights


def read_shape(weights: Mapping[str, Tensor]) -> SamShape:
    """Tell which SAM weights belong to from their own shapes.

    Raises:
        KeyError: a weight that every SAM has isn't there.
        ValueError: its windows differ between blocks.
    """
    encoder, decoder = "image_encoder", "mask_decoder"
    width, _, _, patch = weights[f"{encoder}.patch_embed.proj.weight"].shape
    grid = weights[f"{encoder}.pos_embed"].shape[1]
    blocks = _count(weights, f"{encoder}.blocks")
    # Relative positions reach from one end of what a block attends to, to the other.
    positions = [weights[f"{encoder}.blocks.{block}.attn.rel_pos_h"] for block in range(blocks)]
    reaches = [(len(table) + 1) // 2 for table in positions]
    windows = {reach for reach in reaches if reach != grid}
    if len(windows) > 1:
        raise ValueError(f"blocks with windows of {sorted(windows)}")
    quality = f"{decoder}.iou_prediction_head.layers"
    return SamShape(
        image_size=grid * patch,
        patch_size=patch,
        width=width,
        heads=width // positions[0].shape[1],
        blocks=blocks,
        global_blocks=tuple(block for block in range(blocks) if reaches[block] == grid),
        window=windows.pop() if windows else 0,
        mlp_ratio=len(weights[f"{encoder}.blocks.0.mlp.lin1.weight"]) / width,
        prompt_width=len(weights[f"{encoder}.neck.0.weight"]),
        mask_width=len(weights["prompt_encoder.mask_downscaling.3.weight"]),
        decoder_blocks=_count(weights, f"{decoder}.transformer.layers"),
        decoder_mlp=len(weights[f"{decoder}.transformer.layers.0.mlp.lin1.weight"]),
        masks=len(weights[f"{decoder}.mask_tokens.weight"]) - 1,
        quality_blocks=_count(weights, quality),
        quality_width=len(weights[f"{quality}.0.weight"]),
    )


def build_sam(modeling: Any, shape: SamShape) -> Any:
    """A `Sam` with random weights.

    Args:
        modeling: what `sam_modeling` gives.
    """
    grid = shape.image_size // shape.patch_size
    return modeling.Sam(
        image_encoder=modeling.ImageEncoderViT(
            img_size=shape.image_size,
            patch_size=shape.patch_size,
            embed_dim=shape.width,
            depth=shape.blocks,
            num_heads=shape.heads,
            mlp_ratio=shape.mlp_ratio,
            out_chans=shape.prompt_width,
            qkv_bias=True,
            norm_layer=partial(torch.nn.LayerNorm, eps=1e-6),
            use_rel_pos=True,
            window_size=shape.window,
            global_attn_indexes=shape.global_blocks,
        ),
        prompt_encoder=modeling.PromptEncoder(
            embed_dim=shape.prompt_width,
            image_embedding_size=(grid, grid),
            input_image_size=(shape.image_size, shape.image_size),
            mask_in_chans=shape.mask_width,
        ),
        mask_decoder=modeling.MaskDecoder(
            num_multimask_outputs=shape.masks,
            transformer=modeling.TwoWayTransformer(
                depth=shape.decoder_blocks,
                embedding_dim=shape.prompt_width,
                mlp_dim=shape.decoder_mlp,
                num_heads=DECODER_HEADS,
            ),
            transformer_dim=shape.prompt_width,
            iou_head_depth=shape.quality_blocks,
            iou_head_hidden_dim=shape.quality_width,
        ),
        pixel_mean=PIXEL_MEAN,
        pixel_std=PIXEL_STD,
    )


def _count(weights: Mapping[str, Tensor], prefix: str) -> int:
    """How many numbered modules there are below a prefix."""
    numbers = {
        int(name[len(prefix) + 1 :].split(".")[0])
        for name in weights
        if name.startswith(f"{prefix}.")
    }
    return len(numbers)
