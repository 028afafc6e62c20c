"""The whole stage on pictures of people that the shipped network has never seen."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from album2avatar.album_index import AlbumIndex, AlbumPhoto, save_album_index
from album2avatar.asset_table import load_asset_table, load_mask
from album2avatar.assets import PIXEL_CLASSES
from album2avatar.body.keypoints import KEYPOINTS
from album2avatar.errors import AlbumError
from album2avatar.progress import silent_job
from album2avatar.segmentation.perceived_assets import KIND_CLASSES
from album2avatar.segmentation.stage import run
from album2avatar.settings import Settings
from album2avatar.synthetic.dataset import person_pictures
from album2avatar.synthetic.people import sample_person
from album2avatar.synthetic.splits import person_seed
from album2avatar.synthetic.template import load_template, rest_bodies
from album2avatar.workspace import Workspace

SIZE = 256
PEOPLE = (3, 5)


@pytest.fixture(scope="module")
def albums():
    """Four pictures each of some held-out people, with the truth."""
    torch.set_num_threads(1)
    template = load_template()
    people = [sample_person(person_seed("held-out", index)) for index in PEOPLE]
    bodies = rest_bodies(template, [person.phenotype for person in people])
    return {
        index: list(person_pictures(template, person, body, SIZE, 3))
        for index, person, body in zip(PEOPLE, people, bodies, strict=True)
    }


@pytest.fixture(scope="module")
def segmented(albums, tmp_path_factory):
    """The stage's output for each of them."""
    workspaces = {}
    for index, pictures in albums.items():
        workspace = Workspace(tmp_path_factory.mktemp(f"person{index}"))
        fill_album(workspace, [picture.image for picture, _ in pictures])
        run(workspace, Settings(), silent_job("segment"))
        workspaces[index] = workspace
    return workspaces


def fill_album(workspace: Workspace, images: list[np.ndarray]) -> None:
    photos = []
    for number, image in enumerate(images):
        height, width = image.shape[:2]
        path = workspace.photo(f"p{number}")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
        photos.append(
            AlbumPhoto(
                id=f"p{number}",
                original=f"p{number}.jpg",
                sha256="",
                width=width,
                height=height,
                original_width=width,
                original_height=height,
                orientation=1,
            )
        )
    save_album_index(workspace.album_index, AlbumIndex(photos=tuple(photos)))


def overlap(first: np.ndarray, second: np.ndarray) -> float:
    return float((first & second).sum() / max(1, (first | second).sum()))


def test_silhouettes_are_right(albums, segmented):
    scores = [
        overlap(load_mask(segmented[index], f"p{number}") > 0, picture.labels > 0)
        for index, pictures in albums.items()
        for number, (picture, _) in enumerate(pictures)
    ]
    assert np.mean(scores) > 0.9
    assert min(scores) > 0.8


def test_large_assets_are_found_where_they_are(albums, segmented):
    scores = []
    for index, pictures in albums.items():
        assets = load_asset_table(segmented[index]).assets
        for number, (picture, _) in enumerate(pictures):
            mask = load_mask(segmented[index], f"p{number}")
            for value, asset in enumerate(assets, start=1):
                classes = [PIXEL_CLASSES.index(name) for name in KIND_CLASSES[asset.kind]]
                truth = np.isin(picture.labels, classes)
                if truth.mean() > 0.02:
                    scores.append(overlap(mask == value, truth))
    assert len(scores) > 10
    assert np.mean(scores) > 0.75


def test_what_the_person_wears_is_listed(albums, segmented):
    right = wrong = 0
    for index, pictures in albums.items():
        kinds = {asset.kind for asset in load_asset_table(segmented[index]).assets}
        person = pictures[0][1]["attributes"]
        for kind in ("top", "dress", "bottom", "outerwear"):
            shown = sum(
                (picture.labels == PIXEL_CLASSES.index(kind)).mean() > 0.01
                for picture, _ in pictures
            )
            if shown >= 2 or not person[kind]:
                right += (kind in kinds) == bool(person[kind])
                wrong += (kind in kinds) != bool(person[kind])
    assert wrong <= 1 < right


def test_visible_keypoints_are_near_the_truth(albums, segmented):
    errors = []
    for index, pictures in albums.items():
        photos = load_asset_table(segmented[index]).photos
        for (picture, _), labels in zip(pictures, photos, strict=True):
            rows = np.flatnonzero((picture.labels > 0).any(1))
            found = np.array([labels.keypoints[name] for name in KEYPOINTS])
            seen = picture.keypoints[:, 2] > 0.5
            distance = np.linalg.norm(found[seen, :2] - picture.keypoints[seen, :2], axis=1)
            errors.extend(distance / (rows[-1] - rows[0] + 1))
    assert np.median(errors) < 0.04


def test_views_and_framings_are_mostly_right(albums, segmented):
    views, framings = [], []
    for index, pictures in albums.items():
        photos = load_asset_table(segmented[index]).photos
        for (_, record), labels in zip(pictures, photos, strict=True):
            views.append(labels.view == record["view"])
            framings.append(labels.framing == record["framing"])
    assert np.mean(views) >= 0.7
    assert np.mean(framings) >= 0.7


def test_running_again_gives_the_same_files(segmented):
    workspace = segmented[PEOPLE[0]]
    table, mask = workspace.asset_table.read_bytes(), workspace.mask("p0").read_bytes()
    assert json.loads(table)["assets"][0]["token"] == "<asset0>"
    (workspace.mask("p0").parent / "gone.png").write_bytes(mask)
    run(workspace, Settings(), silent_job("segment"))
    assert (workspace.asset_table.read_bytes(), workspace.mask("p0").read_bytes()) == (table, mask)
    assert not workspace.mask("gone").exists()
    assert workspace.preview("segment", 0).exists()


@pytest.mark.parametrize("scene", ["plain", "gradient", "tree"])
def test_a_photo_without_a_person_is_named(tmp_path, scene):
    tree = np.full((300, 400, 3), (120, 160, 210), np.uint8)
    tree[180:] = (70, 110, 50)
    tree[100:200, 150:170] = (90, 60, 30)
    tree[60:120, 120:200] = (30, 90, 30)
    image = {
        "plain": np.full((200, 300, 3), 180, np.uint8),
        "gradient": np.linspace(0, 255, 200 * 300 * 3).reshape(200, 300, 3).astype(np.uint8),
        "tree": tree,
    }[scene]
    workspace = Workspace(tmp_path)
    fill_album(workspace, [image])
    with pytest.raises(AlbumError, match=r"p0\.jpg: no person"):
        run(workspace, Settings(), silent_job("segment"))
    assert not workspace.asset_table.exists()
