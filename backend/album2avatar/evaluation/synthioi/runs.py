"""Making the benchmark's avatars. What is there already is not made again."""

import hashlib
import shutil
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from album2avatar.evaluation.held_out_files import write_held_out_album
from album2avatar.evaluation.synthioi.contenders import Budget, contender_settings
from album2avatar.manifest import open_workspace
from album2avatar.pipeline.making import create_avatar, swap_garment
from album2avatar.presets import build_settings, read_settings_file
from album2avatar.progress import ProgressEvent
from album2avatar.settings import Settings
from album2avatar.synthetic.people import Person, sample_person
from album2avatar.synthetic.splits import person_seed
from album2avatar.wardrobe.garment import GarmentChoice
from album2avatar.wardrobe.library import Wardrobe
from album2avatar.workspace import Workspace

FIRST_PERSON = 1000
"""Of the held-out split. docs/BENCHMARK.md tells who was looked at while defaults were chosen."""
PHOTO_SIZE = 512
NEW_TOP = GarmentChoice(kind="top", words="red t-shirt")
NEW_DRESS = GarmentChoice(kind="dress", words="red dress")
"""For who wears a dress: a top alone would leave them half bare."""


@dataclass(frozen=True)
class Trial:
    """One album: a person on one day, and the seed with which the avatar is made."""

    person: int
    """Counted from 0."""
    seed: int

    @property
    def name(self) -> str:
        """Short, for files and tables."""
        return f"person {self.person}, seed {self.seed}"

    @property
    def subject(self) -> Person:
        """Who it is."""
        return sample_person(person_seed("held-out", FIRST_PERSON + self.person))


@dataclass(frozen=True)
class Bench:
    """A folder of albums, avatars and results."""

    folder: Path
    budget: Budget
    listener: Callable[[ProgressEvent], None]
    cancelled: threading.Event

    def avatar(self, contender: str, trial: Trial) -> Workspace:
        """Make one avatar. Stages that contenders have in common are run once for all of them."""
        settings = self._settings(contender, trial)
        target = self.folder / "avatars" / file_name(contender) / file_name(trial.name)
        if not target.exists():
            _copy_workspace(self._personalized(contender, trial).root, target)
        return self._create(trial, target, settings, "export")

    def swapped(self, avatar: Workspace, trial: Trial) -> Workspace:
        """Put another garment on an avatar, one that words describe; all get the same."""
        made = open_workspace(avatar.root).done["export"].fingerprint[:8]
        root = avatar.root.with_name(f"{avatar.root.name}-swapped-{made}")
        # A variant of what the avatar was before it was made anew is nothing to compare with.
        for older in avatar.root.parent.glob(f"{avatar.root.name}-swapped-*"):
            if older != root:
                shutil.rmtree(older)
        settings = build_settings([read_settings_file(avatar.settings_file)])
        wardrobe = Wardrobe(self.folder / "wardrobe")
        choice = NEW_TOP if trial.subject.dress is None else NEW_DRESS
        return swap_garment(
            avatar.root, choice, wardrobe, root, settings, self.listener, self.cancelled
        )

    def _personalized(self, contender: str, trial: Trial) -> Workspace:
        """The avatar up to its adapter, shared by contenders that learn alike."""
        settings = self._settings(contender, trial)
        learned = settings.personalization.model_dump_json().encode()
        digest = hashlib.sha256(learned).hexdigest()[:8]
        target = self.folder / "personalized" / f"{file_name(trial.name)}-{digest}"
        if not target.exists():
            _copy_workspace(self._drafted(contender, trial).root, target)
        return self._create(trial, target, settings, "personalize")

    def _drafted(self, contender: str, trial: Trial) -> Workspace:
        target = self.folder / "drafted" / file_name(trial.name)
        return self._create(trial, target, self._settings(contender, trial), "draft")

    def _create(self, trial: Trial, root: Path, settings: Settings, last: str) -> Workspace:
        album = self._album(trial) / "photos"
        listener, cancelled = self.listener, self.cancelled
        return create_avatar(album, root, settings, listener, cancelled, last_stage=last)

    def _settings(self, contender: str, trial: Trial) -> Settings:
        masks = str(self._album(trial) / "masks")
        own = {
            "seed": trial.seed,
            "segmentation": {"provider": "masks", "masks_folder": masks},
            "album": {"leave_out": []},
        }
        return contender_settings(contender, self.budget, own)

    def _album(self, trial: Trial) -> Path:
        """The folder of the trial's photos and true masks."""
        album = self.folder / "albums" / file_name(trial.name)
        if not (album / "masks" / "names.json").exists():
            write_held_out_album(album, trial.subject, PHOTO_SIZE, f"benchmark {trial.seed}")
        return album.absolute()


def _copy_workspace(source: Path, target: Path) -> None:
    """Copy a folder so that the copy is there whole or not at all."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".tmp-") as name:
        copy = Path(name) / target.name
        shutil.copytree(source, copy, ignore=shutil.ignore_patterns(".lock"))
        copy.rename(target)


def file_name(words: str) -> str:
    """Words as the name of a file."""
    return words.replace(", ", "-").replace(" ", "_").replace("/", "_of_")
