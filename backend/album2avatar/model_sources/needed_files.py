"""Which files of a repository or folder are needed, and no others."""

from collections.abc import Collection, Sequence
from pathlib import PurePosixPath

from album2avatar.errors import ModelError
from album2avatar.prior.model_class import INDEX_FILE, SD, SDXL
from album2avatar.prior.weight_files import PICKLES, whole_variant

_TOKENIZER_FILES = (
    "tokenizer.json",
    "vocab.json",
    "merges.txt",
    "vocab.txt",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
)
_WHOLE_VOCABULARIES = (("tokenizer.json",), ("vocab.json", "merges.txt"), ("vocab.txt",))
_SCHEDULER_FILE = "scheduler/scheduler_config.json"
_SINGLE_NETWORK_FILES = (
    "config.json",
    "preprocessor_config.json",
    "processor_config.json",
    *_TOKENIZER_FILES,
)


def needed_files(names: Collection[str], where: str) -> tuple[str, ...]:
    """Choose the configuration, vocabulary and safetensors files; half precision where there is.

    Args:
        names: of all files, with slashes.
        where: the repository or folder, for messages.

    Raises:
        ModelError: something is missing, has only pickled weights, or is of a class that can't
            be used.
    """
    folders = {name.partition("/")[0] for name in names if "/" in name}
    if "transformer" in folders:
        raise ModelError(
            f"{where} is a diffusion transformer (as Flux and SD3 are), which can't be used. "
            "Choose a text-to-image model of the SD-1.x, SD-2.x or SDXL class."
        )
    if INDEX_FILE in names or "unet" in folders:
        return _diffusers_files(names, folders, where)
    if "config.json" in names:
        return _single_network_files(names, where)
    single = [name for name in names if name.endswith((".safetensors", *PICKLES))]
    if single:
        raise ModelError(
            f"{where} has single checkpoint files ({min(single)}), no folder of a model. Choose "
            "one in diffusers' folder format, with a subfolder `unet`."
        )
    raise ModelError(f"{where} holds no model: it has neither {INDEX_FILE} nor config.json.")


def _diffusers_files(
    names: Collection[str], folders: Collection[str], where: str
) -> tuple[str, ...]:
    has_two_encoders = "text_encoder_2" in folders
    if has_two_encoders and "text_encoder" not in folders:
        raise ModelError(
            f"{where} has the second text encoder alone (an SDXL refiner), which can't be used. "
            "Choose the base model."
        )
    model_class = SDXL if has_two_encoders else SD
    chosen = [INDEX_FILE] if INDEX_FILE in names else []
    chosen.append(_present(_SCHEDULER_FILE, names, where))
    for folder in model_class.tokenizers:
        chosen += _vocabulary(f"{folder}/", names, where)
    for folder in model_class.networks:
        chosen.append(_present(f"{folder}/config.json", names, where))
        stem = "model" if folder.startswith("text_encoder") else "diffusion_pytorch_model"
        chosen += _weights(f"{folder}/", [stem], ("fp16", ""), names, where)
    return tuple(chosen)


def _single_network_files(names: Collection[str], where: str) -> tuple[str, ...]:
    """A folder of transformers, one network of diffusers, or the project's own perception one."""
    stems = ["model", "network", "diffusion_pytorch_model"]
    weights = _weights("", stems, ("",), names, where)
    return (*(name for name in _SINGLE_NETWORK_FILES if name in names), *weights)


def _vocabulary(folder: str, names: Collection[str], where: str) -> list[str]:
    present = [name for name in _TOKENIZER_FILES if folder + name in names]
    if not any(set(whole) <= set(present) for whole in _WHOLE_VOCABULARIES):
        raise _missing(where, f"{folder}tokenizer.json")
    return [folder + name for name in present]


def _weights(
    folder: str,
    stems: Sequence[str],
    preference: Sequence[str],
    names: Collection[str],
    where: str,
) -> list[str]:
    here = [name.removeprefix(folder) for name in names if name.startswith(folder)]
    for stem in stems:
        found = whole_variant(here, stem, preference)
        if found is not None:
            return [folder + name for name in found[1]]
    pickles = [name for name in here if PurePosixPath(name).suffix in PICKLES and "/" not in name]
    if pickles:
        raise ModelError(
            f"{where} has {folder}{min(pickles)} but no safetensors. It is a pickle, which can run "
            "code when it is opened, and is neither downloaded nor loaded. Choose a model with "
            "safetensors."
        )
    raise _missing(where, f"{folder}{stems[0]}.safetensors")


def _present(name: str, names: Collection[str], where: str) -> str:
    if name not in names:
        raise _missing(where, name)
    return name


def _missing(where: str, name: str) -> ModelError:
    return ModelError(f"{where} is no complete model: {name} is missing. Choose another one.")
