"""The Hugging Face hub: what of it is on this computer, and the rest when a command asks for it.

Only `describe` and `download` use the network, and only `album2avatar models` calls them.
"""

import shutil
from collections.abc import Collection, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
from huggingface_hub import HfApi, constants, snapshot_download, try_to_load_from_cache
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
)

from album2avatar.errors import ModelError
from album2avatar.model_folders import is_model_id

_FIRST_FILES = ("model_index.json", "config.json")
"""One of these is at the top of every model folder that can be used."""


@dataclass(frozen=True)
class HubFile:
    """A file of a repository."""

    name: str
    """Path within the repository, with slashes."""
    size: int
    """Bytes."""


@dataclass(frozen=True)
class HubModel:
    """What the hub says about a repository before anything of it is downloaded."""

    id: str
    files: tuple[HubFile, ...]
    license: str
    """As its page says; empty where it says nothing."""
    is_gated: bool
    """Whether its licence has to be accepted on its page."""
    page: str


@dataclass(frozen=True)
class Hub:
    """The hub and its cache on this computer; the user's own where not given."""

    endpoint: str = field(default_factory=lambda: constants.ENDPOINT)
    cache: Path = field(default_factory=lambda: Path(constants.HF_HUB_CACHE))

    def cached_folder(self, model_id: str) -> Path | None:
        """Folder of the version of a model that was downloaded last; None where there is none."""
        if not is_model_id(model_id):
            return None
        for name in _FIRST_FILES:
            try:
                found = try_to_load_from_cache(model_id, name, self.cache)
            except HFValidationError:
                return None
            if isinstance(found, str):
                return Path(found).parent
        return None

    def cached_models(self) -> tuple[str, ...]:
        """Ids of all models in the cache, in alphabetical order."""
        folders = (path.name for path in self.cache.glob("models--*--*"))
        ids = [name.removeprefix("models--").replace("--", "/", 1) for name in folders]
        return tuple(sorted(name for name in ids if self.cached_folder(name) is not None))

    def page(self, model_id: str) -> str:
        """Address of a model's page, where its licence is read and accepted."""
        return f"{self.endpoint}/{model_id}"

    def describe(self, model_id: str) -> HubModel:
        """Ask the hub for a model's files, their sizes and its licence; downloads nothing.

        Raises:
            ModelError: there is no such model, or the hub can't be reached.
        """
        with self._in_words(model_id):
            found = HfApi(self.endpoint).model_info(model_id, files_metadata=True)
        files = [HubFile(file.rfilename, file.size or 0) for file in found.siblings or ()]
        return HubModel(
            id=model_id,
            files=tuple(sorted(files, key=lambda file: file.name)),
            license=_license(found.card_data),
            is_gated=bool(found.gated),
            page=self.page(model_id),
        )

    def download(self, model_id: str, names: Collection[str]) -> Path:
        """Download files of a model into the cache; those that are there are left alone.

        Returns:
            The model's folder.

        Raises:
            ModelError: the licence has to be accepted first, there is no such model, or the hub
                can't be reached. What is there already stays; the same call goes on with it.
        """
        with self._in_words(model_id):
            folder = snapshot_download(
                model_id,
                allow_patterns=sorted(names),
                cache_dir=self.cache,
                endpoint=self.endpoint,
            )
        return Path(folder)

    def free_bytes(self) -> int:
        """Room on the disk where the cache is, or will be."""
        place = next(path for path in (self.cache, *self.cache.absolute().parents) if path.exists())
        return shutil.disk_usage(place).free

    @contextmanager
    def _in_words(self, model_id: str) -> Generator[None]:
        """Turn what the hub's client raises into sentences."""
        try:
            yield
        except HFValidationError as error:
            raise ModelError(
                f"'{model_id}' is no model id. Write it as OWNER/NAME, as its page's address ends."
            ) from error
        except GatedRepoError as error:
            raise ModelError(
                f"{model_id} is given only to those who have accepted its licence. Open "
                f"{self.page(model_id)}, accept it there, then log in on this computer with "
                "`hf auth login` and a token of your account (or set HF_TOKEN), and run this again."
            ) from error
        except RepositoryNotFoundError as error:
            raise ModelError(
                f"{self.endpoint} has no model '{model_id}', or it is private. Check how it is "
                "written; for a private model log in with `hf auth login`."
            ) from error
        except HfHubHTTPError as error:
            raise ModelError(
                f"{self.endpoint} answered {error.response.status_code} when asked for {model_id}. "
                "Try again later."
            ) from error
        except OfflineModeIsEnabled as error:
            raise ModelError(_offline(model_id, "HF_HUB_OFFLINE forbids it. Unset it")) from error
        except (httpx2.TransportError, LocalEntryNotFoundError) as error:
            if isinstance(error.__cause__, OfflineModeIsEnabled):
                reason = "HF_HUB_OFFLINE forbids it. Unset it"
            else:
                reason = f"{self.endpoint} can't be reached. Connect this computer"
            raise ModelError(_offline(model_id, reason)) from error


def _offline(model_id: str, reason: str) -> str:
    return (
        f"{model_id} can't be asked for on the hub: {reason}, or copy the model's folder from "
        "another computer and give its path."
    )


def _license(card: object) -> str:
    """Name of the licence in a model card's head."""
    name = getattr(card, "license", None)
    own_name = getattr(card, "license_name", None)
    return str(own_name if name == "other" and own_name else name or "")
