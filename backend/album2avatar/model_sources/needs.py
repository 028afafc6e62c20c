"""What a model needs before it can be used: its files, their size and its licence."""

from dataclasses import dataclass
from pathlib import Path

from album2avatar.errors import ModelError, SettingsError
from album2avatar.hub import Hub, HubFile
from album2avatar.model_folders import find_model, is_model_id
from album2avatar.model_sources.inventory import class_name, file_sizes
from album2avatar.model_sources.needed_files import needed_files
from album2avatar.prior.model_class import SD, SDXL, require_known_class
from album2avatar.settings import Settings


@dataclass(frozen=True)
class ModelNeed:
    """The files that are needed of one model."""

    source: str
    """As a setting names it."""
    folder: Path | None
    """Where it is on this computer, whole; None where it has to be downloaded."""
    class_name: str
    """For people; empty where only the files themselves would tell."""
    files: tuple[HubFile, ...]
    license: str
    """As its page says; empty where it is not known."""
    page: str
    """Where the licence is read; empty for a model that is not of the hub."""
    is_gated: bool
    """Whether the licence has to be accepted on the page first."""

    @property
    def size(self) -> int:
        """Bytes of all needed files."""
        return sum(file.size for file in self.files)


def models_of(settings: Settings) -> dict[str, str]:
    """Every setting that names a model folder which an avatar is made with, and the model."""
    segmentation = settings.segmentation
    models = {"prior": settings.prior, "segmentation.perception": segmentation.perception}
    if segmentation.provider == "grounded_sam":
        models["segmentation.grounded_sam.detector"] = segmentation.grounded_sam.detector
        models["segmentation.grounded_sam.tagger"] = segmentation.grounded_sam.tagger
    second_pass = settings.personalization.second_pass
    if second_pass.paints:
        models["personalization.second_pass.conditioner"] = second_pass.conditioner
    models["sculpt.guidance.conditioner"] = settings.sculpt.guidance.conditioner
    models["paint.guidance.conditioner"] = settings.paint.guidance.conditioner
    if settings.performance.tiny_encoder_share > 0:
        models["performance.tiny_encoder"] = settings.performance.tiny_encoder
    return {setting: name for setting, name in models.items() if name}


def need_of(source: str, hub: Hub) -> ModelNeed:
    """Tell what a model needs; downloads nothing, and asks the hub only for what isn't here.

    Raises:
        ModelError: there is no such model, it can't be used, or the hub can't be reached.
    """
    folder = _whole_folder(source, hub)
    if folder is None:
        return _remote_need(source, hub)
    sizes = file_sizes(folder)
    names = needed_files(sizes, str(folder))
    return ModelNeed(
        source=source,
        folder=folder,
        class_name=class_name(folder),
        files=tuple(HubFile(name, sizes[name]) for name in names),
        license="",
        page=hub.page(source) if folder == hub.cached_folder(source) else "",
        is_gated=False,
    )


def get_model(source: str, hub: Hub) -> Path:
    """Download what a model of the hub needs, unless it is here; return its folder.

    The configuration comes first, so that a model that can't be used costs no more than that.

    Raises:
        ModelError: there is no such model, it can't be used, there is too little room, its
            licence has to be accepted first, or the hub can't be reached.
        SettingsError: `source` is no id of the hub.
    """
    folder = _whole_folder(source, hub)
    if folder is not None:
        return folder
    if not is_model_id(source):
        raise SettingsError(
            f"'{source}' can't be downloaded: only models of the hub can. Write OWNER/NAME."
        )
    need = _remote_need(source, hub)
    _require_room(need, hub)
    names = [file.name for file in need.files]
    folder = hub.download(source, [name for name in names if not name.endswith(".safetensors")])
    if (folder / "unet").is_dir():
        require_known_class(folder)
    return hub.download(source, names)


def _whole_folder(source: str, hub: Hub) -> Path | None:
    """The model's folder if all that it needs is here; None if the hub may help.

    Raises:
        ModelError: the hub can't help.
    """
    try:
        folder = find_model(source, hub)
        needed_files(file_sizes(folder), str(folder))
    except ModelError:
        if is_model_id(source):
            return None
        raise
    return folder


def _remote_need(source: str, hub: Hub) -> ModelNeed:
    model = hub.describe(source)
    sizes = {file.name: file for file in model.files}
    names = needed_files(sizes, source)
    return ModelNeed(
        source=source,
        folder=None,
        class_name=_class_name_of_files(names),
        files=tuple(sizes[name] for name in names),
        license=model.license,
        page=model.page,
        is_gated=model.is_gated,
    )


def _class_name_of_files(names: tuple[str, ...]) -> str:
    if not any(name.startswith("unet/") for name in names):
        return ""
    has_two_encoders = any(name.startswith("text_encoder_2/") for name in names)
    return (SDXL if has_two_encoders else SD).name


def _require_room(need: ModelNeed, hub: Hub) -> None:
    cached = hub.cached_folder(need.source)
    missing = sum(f.size for f in need.files if cached is None or not (cached / f.name).is_file())
    if missing > hub.free_bytes():
        raise ModelError(
            f"{need.source} needs {missing / 2**30:.1f} GiB, but {hub.cache} has room for "
            f"{hub.free_bytes() / 2**30:.1f} GiB. Make room, or set HF_HUB_CACHE to a folder on "
            "another disk."
        )
