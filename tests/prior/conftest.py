"""Tiny models of both classes."""

from pathlib import Path
from typing import get_args

import pytest

from tiny_priors import TinyClass, write_tiny_prior

KINDS = [
    (model_class, prediction_type)
    for model_class in get_args(TinyClass)
    for prediction_type in ("epsilon", "v_prediction")
]


@pytest.fixture(scope="session", params=KINDS, ids=lambda kind: "-".join(kind))
def tiny_folder(request, tmp_path_factory) -> Path:
    """Folder of a tiny model, once for each class and kind of prediction."""
    return write_tiny_prior(tmp_path_factory.mktemp("tiny") / "model", *request.param)


@pytest.fixture(scope="session")
def sdxl_folder(tmp_path_factory) -> Path:
    """Folder of a tiny model of the SDXL class."""
    return write_tiny_prior(tmp_path_factory.mktemp("sdxl") / "model", "sdxl")


@pytest.fixture(scope="session")
def sd_folder(tmp_path_factory) -> Path:
    """Folder of a tiny model of the SD class."""
    return write_tiny_prior(tmp_path_factory.mktemp("sd") / "model", "sd", "v_prediction")
