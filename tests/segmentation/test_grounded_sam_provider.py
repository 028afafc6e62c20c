"""The provider on planted boxes, and the whole stage on the real classes."""

from dataclasses import dataclass, field

import numpy as np
import pytest
import torch
from PIL import Image

from album2avatar.album_index import AlbumIndex, AlbumPhoto, save_album_index
from album2avatar.asset_table import KIND_ORDER, load_asset_table, load_mask
from album2avatar.errors import AlbumError, ModelError
from album2avatar.perception.model import Perceived
from album2avatar.progress import silent_job
from album2avatar.segmentation.grounded_sam.detector import Detections
from album2avatar.segmentation.grounded_sam.outliner import Outlines
from album2avatar.segmentation.grounded_sam.phrases import GARMENT_WORDS
from album2avatar.segmentation.grounded_sam.provider import GroundedSam, load_grounded_sam
from album2avatar.segmentation.provider import SourceImage
from album2avatar.segmentation.stage import find_areas, find_assets, run
from album2avatar.settings import GroundedSamSettings, SegmentationSettings, Settings
from album2avatar.workspace import Workspace
from running_service import DEMO_ALBUM
from tiny_grounded_sam import save_tiny_clip, save_tiny_detector, save_tiny_sam

SIZE = 100
DRESSED = {
    "person": [((20, 0, 80, 100), 0.9)],
    "face": [((40, 5, 60, 30), 0.7)],
    "hair": [((35, 0, 65, 12), 0.6)],
    "shirt": [((25, 30, 75, 60), 0.5)],
    "jacket": [((21, 28, 79, 66), 0.45)],
    "jeans": [((25, 60, 75, 92), 0.6)],
    "shoes": [((22, 92, 48, 100), 0.5), ((52, 92, 78, 100), 0.3)],
}
"""Phrase to boxes, left, top, right and bottom, each with its score."""


@dataclass
class Planted:
    """A detector that finds what was planted, and an outliner for which boxes are outlines."""

    photos: dict[float, dict[str, list[tuple[tuple[int, int, int, int], float]]]]
    """First value of a photo's pixels to what it shows."""
    detected: list[int] = field(default_factory=list)
    """Number of photos of each call."""
    outlined: list[int] = field(default_factory=list)

    def detect(self, photos, phrases, threshold):
        self.detected.append(len(photos))
        return [self._detect(photo, phrases, threshold) for photo in photos]

    def _detect(self, photo, phrases, threshold):
        shown = self.photos[round(float(photo[0, 0, 0]), 3)]
        rows = [
            (box, phrase, score)
            for phrase, found in shown.items()
            for box, score in found
            if score > threshold
        ]
        scores = torch.zeros(len(rows), len(phrases))
        for row, (_, phrase, score) in enumerate(rows):
            scores[row, phrases.index(phrase)] = score
        return Detections(torch.tensor([row[0] for row in rows]).float().reshape(-1, 4), scores)

    def outline(self, photos, boxes):
        self.outlined.append(len(photos))
        return [self._outline(each) for each in boxes]

    def _outline(self, boxes):
        logits = torch.full((len(boxes), SIZE, SIZE), -9.0)
        for row, (left, top, right, bottom) in enumerate(boxes.int().tolist()):
            logits[row, top:bottom, left:right] = 9.0
        return Outlines(logits, (SIZE, SIZE), (SIZE, SIZE))

    def in_photo(self, outlines, logits):
        return logits.sigmoid()


class Tagger:
    """Calls everything by its brightness."""

    kinds = frozenset({"top", "bag"})

    def name(self, pictures):
        return [{f"{kind} {float(picture.mean()):.1f}": 1.0} for kind, picture in pictures]


def image(value=0.0, photo="p0"):
    pixels = torch.full((SIZE, SIZE, 3), value)
    nothing = Perceived(torch.zeros(0), (), torch.zeros(0), (), {}, {})
    return SourceImage(album_photo(photo, SIZE, SIZE), pixels, nothing)


def album_photo(name, height, width):
    return AlbumPhoto(
        id=name,
        original=f"{name}.jpg",
        sha256="",
        width=width,
        height=height,
        original_width=width,
        original_height=height,
        orientation=1,
    )


def provider(shown, tagger=None, **settings):
    planted = Planted({0.0: shown} if "person" in shown else shown)
    chosen = GroundedSamSettings(**settings)
    return GroundedSam(planted, planted, tagger, chosen, asset_share_min=0.001), planted


def masks(shown, vocabulary=KIND_ORDER, **settings):
    (found,) = provider(shown, **settings)[0].segment([image()], vocabulary)
    return {mask.kind: mask for mask in found}


def box(left, top, right, bottom):
    mask = torch.zeros(SIZE, SIZE, dtype=torch.bool)
    mask[top:bottom, left:right] = True
    return mask


def test_each_pixel_goes_to_what_is_worn_there():
    found = masks(DRESSED)
    assert set(found) == {"face", "hair", "top", "bottom", "outerwear", "shoes"}
    owners = torch.stack([mask.mask > 0.5 for mask in found.values()]).sum(0)
    assert int(owners.max()) == 1
    assert torch.equal(found["face"].mask > 0.5, box(40, 12, 60, 30))
    assert torch.equal(found["top"].mask > 0.5, box(25, 30, 75, 60))
    assert torch.equal(found["shoes"].mask > 0.5, box(22, 92, 48, 100) | box(52, 92, 78, 100))


def test_an_asset_is_called_what_the_detector_found():
    found = masks(DRESSED | {"sneakers": [((52, 93, 78, 100), 0.8)]})
    assert found["bottom"].names == {"jeans": 1.0}
    assert found["shoes"].names == pytest.approx({"shoes": 0.5, "sneakers": 0.5})
    assert found["face"].names == {"face": 1.0}
    assert masks(DRESSED | {"hand": [((76, 70, 79, 76), 0.9)]})["skin"].names == {"skin": 1.0}


def test_a_tagger_names_the_kinds_that_it_knows():
    worker, _ = provider(DRESSED, Tagger())
    (found,) = worker.segment([image()], KIND_ORDER)
    names = {mask.kind: mask.names for mask in found}
    assert names["top"] == {"top 0.0": 1.0}
    assert names["bottom"] == {"jeans": 1.0}


def test_thresholds_decide_what_is_found():
    assert "outerwear" not in masks(DRESSED, text_threshold=0.48)
    assert "outerwear" not in masks(DRESSED, box_threshold=0.48)
    faint = DRESSED | {"hat": [((35, 0, 65, 6), 0.22)]}
    assert "headwear" not in masks(faint)
    assert "headwear" in masks(faint, text_threshold=0.2)


def test_a_mask_that_holds_the_whole_person_is_no_garment():
    cloaked = DRESSED | {"coat": [((20, 5, 80, 99), 0.95)]}
    assert masks(cloaked)["outerwear"].names == {"jacket": 1.0}
    assert masks(cloaked, person_share_max=1.0)["outerwear"].names.keys() == {"jacket", "coat"}


def test_somebody_in_the_background_wears_nothing_of_the_album_s():
    beside = DRESSED | {"hat": [((0, 0, 15, 8), 0.9)], "bag": [((75, 50, 95, 70), 0.9)]}
    assert "headwear" not in masks(beside)
    assert "bag" not in masks(beside)
    assert "bag" in masks(DRESSED | {"bag": [((68, 50, 88, 70), 0.9)]})


def test_a_box_that_was_misread_goes_to_the_kind_that_is_left():
    """The album's other photos have settled that there is no dress."""
    tunic = {"person": DRESSED["person"], "dress": [((25, 30, 75, 70), 0.6)]}
    shown = {0.0: tunic}
    planted = Planted(shown)
    original = planted._detect

    def also_a_shirt(photo, phrases, threshold):
        found = original(photo, phrases, threshold)
        found.scores[1, phrases.index("shirt")] = 0.4
        return found

    planted._detect = also_a_shirt
    worker = GroundedSam(planted, planted, None, GroundedSamSettings(), 0.001)
    (first,) = worker.segment([image()], KIND_ORDER)
    assert [mask.kind for mask in first] == ["dress"]
    (second,) = worker.segment([image()], ("face", "top", "bottom"))
    assert [(mask.kind, mask.names) for mask in second] == [("top", {"shirt": 1.0})]


def test_each_photo_passes_the_networks_once_and_new_ones_together():
    worker, planted = provider({0.0: DRESSED, 0.5: DRESSED, 1.0: DRESSED})
    images = [image(0.0, "p0"), image(0.5, "p1"), image(1.0, "p2")]
    first = worker.segment(images[:2], KIND_ORDER)
    worker.segment(images, KIND_ORDER)
    again = worker.segment(images, ("top", "bottom"))
    assert planted.detected == planted.outlined == [2, 1]
    assert [len(found) for found in again] == [2, 2, 2]
    assert torch.equal(first[0][0].mask, worker.segment(images[:1], KIND_ORDER)[0][0].mask)


def test_a_photo_that_shows_nothing_is_named():
    worker, _ = provider({0.0: DRESSED, 0.5: {"person": DRESSED["person"]}, 1.0: {}})
    assert len(find_areas([image(0.0, "good")], worker)) == 1
    for value, name in [(0.5, "bare"), (1.0, "empty")]:
        with pytest.raises(AlbumError, match=rf"{name}\.jpg: no face, hair or clothes"):
            find_areas([image(value, name)], worker)


def test_a_photo_that_shows_only_what_is_left_out_gets_an_empty_mask():
    worker, _ = provider({0.0: DRESSED, 0.5: {"person": [], "bag": [((0, 0, 40, 40), 0.9)]}})
    images = [image(0.0, "dressed"), image(0.5, "bag")]
    areas = find_areas(images, worker)
    settings = SegmentationSettings(leave_out=("bag",))
    assets, labels = find_assets(images, areas, worker, settings)
    assert "bag" not in [asset.kind for asset in assets]
    assert labels[0].any()
    assert not labels[1].any()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """Models whose every box fires for something."""
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("models")
    return GroundedSamSettings(
        detector=str(save_tiny_detector(folder / "dino")),
        sam=str(save_tiny_sam(folder / "sam.pth")),
        tagger=str(save_tiny_clip(folder / "clip")),
        person_share_max=1.0,
    )


@pytest.fixture(scope="module")
def pictures():
    """Three photos of the demo album, small."""
    photos = []
    for name in ("IMG_0401.jpg", "IMG_0403.jpg", "IMG_0411.jpg"):
        with Image.open(DEMO_ALBUM / name) as photo:
            photo.thumbnail((256, 256))
            photos.append(np.array(photo.convert("RGB")))
    return photos


def test_networks_with_random_weights_keep_the_rules(tiny, pictures):
    worker = load_grounded_sam(tiny, 0.001, torch.device("cpu"))
    images = [
        SourceImage(
            album_photo(f"p{number}", *picture.shape[:2]),
            torch.from_numpy(picture).float() / 255,
            image().perceived,
        )
        for number, picture in enumerate(pictures)
    ]
    together = worker.segment(images, KIND_ORDER)
    one_by_one = load_grounded_sam(tiny, 0.001, torch.device("cpu"))
    for source, found in zip(images, together, strict=True):
        assert found
        owners = torch.stack([mask.mask > 0.5 for mask in found]).sum(0)
        assert int(owners.max()) == 1
        assert owners.shape == source.pixels.shape[:2]
        for mask in found:
            assert float((mask.mask > 0.5).float().mean()) >= 0.001
            assert set(mask.names) <= {mask.kind, *GARMENT_WORDS.get(mask.kind, ())}
        (alone,) = one_by_one.segment([source], KIND_ORDER)
        assert [mask.kind for mask in alone] == [mask.kind for mask in found]
        for first, second in zip(alone, found, strict=True):
            torch.testing.assert_close(first.mask, second.mask, atol=1e-3, rtol=0)


@pytest.mark.parametrize("photos_at_once", [1, 3])
def test_the_stage_runs_with_it_from_photos_to_masks(tiny, pictures, tmp_path, photos_at_once):
    workspace = Workspace(tmp_path)
    photos = [album_photo(f"p{number}", *each.shape[:2]) for number, each in enumerate(pictures)]
    for photo, picture in zip(photos, pictures, strict=True):
        workspace.photo(photo.id).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(picture).save(workspace.photo(photo.id))
    save_album_index(workspace.album_index, AlbumIndex(photos=tuple(photos)))
    settings = Settings(
        device="cpu",
        segmentation=SegmentationSettings(
            provider="grounded_sam", grounded_sam=tiny, photos_at_once=photos_at_once
        ),
    )
    run(workspace, settings, silent_job("segment"))
    table = load_asset_table(workspace)
    assert len(table.assets) >= 2
    assert len(table.photos) == len(pictures)
    assert table.photos[0].keypoints
    used = {int(value) for photo in photos for value in np.unique(load_mask(workspace, photo.id))}
    assert used <= set(range(len(table.assets) + 1))
    assert used - {0}


def test_a_missing_model_is_said_before_a_photo_is_looked_at(tmp_path, tiny):
    workspace = Workspace(tmp_path)
    save_album_index(workspace.album_index, AlbumIndex(photos=(album_photo("gone", 9, 9),)))
    chosen = tiny.model_copy(update={"sam": "nowhere.pth"})
    settings = Settings(
        segmentation=SegmentationSettings(provider="grounded_sam", grounded_sam=chosen)
    )
    with pytest.raises(ModelError, match=r"nowhere\.pth"):
        run(workspace, settings, silent_job("segment"))
