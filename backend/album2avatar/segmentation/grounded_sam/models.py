"""Where the networks' files are, found without loading any."""

import importlib.util
from pathlib import Path

from album2avatar.errors import ModelError
from album2avatar.files import in_home
from album2avatar.model_folders import find_model, model_search_path
from album2avatar.settings import GroundedSamSettings, SegmentationSettings


def grounded_sam_models(settings: SegmentationSettings) -> list[Path]:
    """Files and folders that the provider `grounded_sam` reads; none where another is chosen.

    Raises:
        ModelError: one isn't there, or the package segment-anything isn't.
    """
    if settings.provider != "grounded_sam":
        return []
    find_package()
    chosen = settings.grounded_sam
    tagger = [find_tagger(chosen)] if chosen.tagger else []
    return [find_detector(chosen), find_sam(chosen), *tagger]


def find_package() -> Path:
    """Folder of the package segment-anything, which is not imported.

    Raises:
        ModelError: it isn't installed.
    """
    package = importlib.util.find_spec("segment_anything")
    if package is None or not package.submodule_search_locations:
        raise ModelError(
            "segmentation.provider is 'grounded_sam' but the package segment-anything isn't "
            "installed. Run: pip install 'album2avatar[grounded-sam]', or choose another "
            "segmentation.provider."
        )
    return Path(package.submodule_search_locations[0])


def find_detector(settings: GroundedSamSettings) -> Path:
    """Folder of the detector.

    Raises:
        ModelError: it isn't there.
    """
    return _find_folder(settings.detector, "segmentation.grounded_sam.detector")


def find_tagger(settings: GroundedSamSettings) -> Path:
    """Folder of the tagger.

    Raises:
        ModelError: it isn't there.
    """
    return _find_folder(settings.tagger, "segmentation.grounded_sam.tagger")


def find_sam(settings: GroundedSamSettings) -> Path:
    """SAM's checkpoint.

    Raises:
        ModelError: it isn't there.
    """
    direct = in_home(settings.sam)
    places = [direct, *(folder / settings.sam for folder in model_search_path())]
    for path in places:
        if path.is_file():
            return path
    raise ModelError(
        f"SAM's checkpoint '{settings.sam}' was not found, neither as a path nor in "
        f"{model_search_path()[0]}. Download it from Meta's segment-anything page, put it there, "
        "or give its path in the setting segmentation.grounded_sam.sam."
    )


def _find_folder(name: str, setting: str) -> Path:
    """A transformers folder."""
    try:
        return find_model(name)
    except ModelError as error:
        raise ModelError(f"{error} The setting {setting} names it.") from error
