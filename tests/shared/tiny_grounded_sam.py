"""Grounding DINO, SAM and CLIP, each complete and a few thousand random weights large."""

import re
from collections.abc import Sequence
from pathlib import Path

import torch
from transformers import (
    BertConfig,
    BertTokenizer,
    CLIPConfig,
    CLIPModel,
    CLIPTextConfig,
    CLIPVisionConfig,
    GroundingDinoConfig,
    GroundingDinoForObjectDetection,
    SwinConfig,
)
from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil
from transformers.models.grounding_dino.image_processing_pil_grounding_dino import (
    GroundingDinoImageProcessorPil,
)

from album2avatar.segmentation.grounded_sam.phrases import GARMENT_WORDS, detection_phrases
from album2avatar.segmentation.grounded_sam.sam_network import SamShape, build_sam, sam_modeling

TINY_SAM = SamShape(
    image_size=64,
    patch_size=8,
    width=16,
    heads=2,
    blocks=2,
    global_blocks=(1,),
    window=3,
    mlp_ratio=2.0,
    prompt_width=32,
    mask_width=16,
    decoder_blocks=2,
    decoder_mlp=32,
    masks=3,
    quality_blocks=3,
    quality_width=16,
)


def save_tiny_detector(folder: Path) -> Path:
    """A Grounding DINO that sees large boxes where there is nothing."""
    torch.manual_seed(0)
    tokenizer = word_tokenizer(detection_phrases())
    config = GroundingDinoConfig(
        backbone_config=SwinConfig(
            image_size=64,
            patch_size=4,
            embed_dim=8,
            depths=[1, 1, 1, 1],
            num_heads=[1, 1, 2, 2],
            window_size=4,
            out_features=["stage2", "stage3", "stage4"],
        ),
        text_config=BertConfig(
            vocab_size=len(tokenizer),
            hidden_size=16,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=16,
        ),
        d_model=32,
        encoder_layers=1,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        num_queries=30,
    )
    model = GroundingDinoForObjectDetection(config)
    with torch.no_grad():
        model.bbox_embed[0].layers[-1].bias[2:] = 1.5
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    GroundingDinoImageProcessorPil(size={"shortest_edge": 96, "longest_edge": 128}).save_pretrained(
        folder
    )
    return folder


def save_tiny_sam(path: Path) -> Path:
    """A SAM whose outlines mean nothing, in the format of Meta's checkpoints.

    The decoder's weights are large, so that different boxes have different outlines.
    """
    torch.manual_seed(1)
    weights = build_sam(sam_modeling(), TINY_SAM).state_dict()
    for name, tensor in weights.items():
        if name.startswith("mask_decoder") and tensor.ndim > 1:
            weights[name] = 4 * tensor
    torch.save(weights, path)
    return path


def save_tiny_clip(folder: Path) -> Path:
    """A CLIP without taste."""
    torch.manual_seed(2)
    words = [f"a photo of a person's {word}." for some in GARMENT_WORDS.values() for word in some]
    tokenizer = word_tokenizer(words)
    size = {
        "hidden_size": 16,
        "intermediate_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
    }
    config = CLIPConfig(
        text_config=CLIPTextConfig(
            vocab_size=len(tokenizer),
            max_position_embeddings=24,
            bos_token_id=101,
            eos_token_id=102,
            **size,
        ),
        vision_config=CLIPVisionConfig(image_size=32, patch_size=8, **size),
        projection_dim=16,
    )
    CLIPModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    CLIPImageProcessorPil(
        size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32}
    ).save_pretrained(folder)
    return folder


def word_tokenizer(texts: Sequence[str]) -> BertTokenizer:
    """BERT's tokenizer with a word list for these texts and its special words in their places."""
    places = {0: "[PAD]", 100: "[UNK]", 101: "[CLS]", 102: "[SEP]", 103: "[MASK]", 1012: "."}
    vocabulary = [places.get(place, f"[unused{place}]") for place in range(1040)]
    words = sorted({word for text in texts for word in re.findall(r"\w+|[^\w\s.]", text)})
    return BertTokenizer(vocab={word: place for place, word in enumerate([*vocabulary, *words])})
