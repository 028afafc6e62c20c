"""Sets of weight files are told whole from broken by their names."""

import pytest

from album2avatar.prior.weight_files import whole_variant

PLAIN, HALF = "model.safetensors", "model.fp16.safetensors"
SHARDS = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"]


@pytest.mark.parametrize(
    ("names", "preference", "expected"),
    [
        ([PLAIN, HALF], ("", "fp16"), ("", (PLAIN,))),
        ([PLAIN, HALF], ("fp16", ""), ("fp16", (HALF,))),
        ([PLAIN], ("fp16", ""), ("", (PLAIN,))),
        (["model.bin", "model.ckpt"], ("fp16", ""), None),
        (["other_model.safetensors", "model.ema.safetensors"], ("fp16", ""), None),
        (
            [*SHARDS, "model.safetensors.index.json"],
            ("fp16", ""),
            ("", ("model.safetensors.index.json", *SHARDS)),
        ),
        ([SHARDS[0], "model.safetensors.index.json"], ("",), None),
        (SHARDS, ("",), None),
        (
            ["model.fp16-00001-of-00001.safetensors", "model.safetensors.index.fp16.json"],
            ("fp16",),
            (
                "fp16",
                ("model.safetensors.index.fp16.json", "model.fp16-00001-of-00001.safetensors"),
            ),
        ),
        (
            ["model-00001-of-00001.fp16.safetensors", "model.safetensors.index.fp16.json"],
            ("", "fp16"),
            (
                "fp16",
                ("model.safetensors.index.fp16.json", "model-00001-of-00001.fp16.safetensors"),
            ),
        ),
    ],
)
def test_the_first_whole_variant_is_chosen(names, preference, expected):
    assert whole_variant(names, "model", preference) == expected
