"""The network's shapes, its folder, and the symmetry of looking twice."""

import json

import pytest
import torch

from album2avatar.assets import PIXEL_CLASSES
from album2avatar.body.keypoints import KEYPOINTS
from album2avatar.errors import ModelError
from album2avatar.perception.mirror import mirrored_names
from album2avatar.perception.model import load_perception
from album2avatar.perception.network import NetworkConfig, PerceptionNetwork
from album2avatar.perception.storage import load_network, save_perception
from album2avatar.perception.vocabulary import ATTRIBUTES

CONFIG = NetworkConfig(PIXEL_CLASSES, KEYPOINTS, ATTRIBUTES, widths=(8, 8, 16, 16))


@pytest.fixture
def folder(tmp_path):
    torch.manual_seed(0)
    network = PerceptionNetwork(CONFIG)
    save_perception(tmp_path / "model", CONFIG, network.state_dict())
    return tmp_path / "model"


@pytest.mark.parametrize("side", [64, 128, 192])
def test_scores_have_the_promised_shapes(folder, side):
    output = load_network(folder)(torch.rand(2, 3, side, side))
    assert output.pixels.shape == (2, len(PIXEL_CLASSES), side, side)
    assert output.heatmaps.shape == (2, len(KEYPOINTS), side // 4, side // 4)
    assert output.absent.shape == (2, len(KEYPOINTS))
    assert {name: len(words) for name, words in ATTRIBUTES.items()} == {
        name: scores.shape[1] for name, scores in output.attributes.items()
    }


def test_a_mirrored_photo_gives_the_mirrored_answer(folder):
    perception = load_perception(folder)
    photo = torch.rand(90, 120, 3)
    seen, mirrored = perception.perceive(photo), perception.perceive(photo.flip(1))
    torch.testing.assert_close(mirrored.pixels, seen.pixels.flip(-1), atol=1e-4, rtol=0)
    keypoints = seen.keypoints[mirrored_names(KEYPOINTS)].clone()
    keypoints[:, 0] = 120 - keypoints[:, 0]
    torch.testing.assert_close(mirrored.keypoints, keypoints, atol=1e-2, rtol=1e-3)
    views = seen.attributes["view"][mirrored_names(ATTRIBUTES["view"])]
    torch.testing.assert_close(mirrored.attributes["view"], views, atol=1e-4, rtol=0)


def test_mirrored_names_change_sides_only():
    names = [KEYPOINTS[index] for index in mirrored_names(KEYPOINTS)]
    assert names[KEYPOINTS.index("left_knee")] == "right_knee"
    assert names[KEYPOINTS.index("pelvis")] == "pelvis"
    assert mirrored_names(("front", "left side", "right side", "back")) == [0, 2, 1, 3]


def test_probabilities_cover_the_photo(folder):
    seen = load_perception(folder).perceive_photo(torch.rand(300, 210, 3))
    assert seen.pixels.shape == (len(PIXEL_CLASSES), 300, 210)
    torch.testing.assert_close(seen.pixels.sum(0), torch.ones(300, 210))


def spoil_config(folder):
    (folder / "config.json").write_text("{")


def spoil_kind(folder):
    (folder / "config.json").write_text(json.dumps({"kind": "prior"}))


def spoil_weights(folder):
    whole = (folder / "network.safetensors").read_bytes()
    (folder / "network.safetensors").write_bytes(whole[: len(whole) // 2])


def spoil_shape(folder):
    values = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(values | {"widths": [8, 16, 16, 16]}))


def remove_weights(folder):
    (folder / "network.safetensors").unlink()


@pytest.mark.parametrize(
    "spoil", [spoil_config, spoil_kind, spoil_weights, spoil_shape, remove_weights]
)
def test_a_damaged_folder_is_one_clear_line(folder, spoil):
    spoil(folder)
    with pytest.raises(ModelError) as caught:
        load_perception(folder)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)
