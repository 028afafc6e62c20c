"""The modes besides the album's: a person from words alone, and an album's person with words."""

import io
import json
import shutil
import struct
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh

from album2avatar.asset_table import load_asset_table
from album2avatar.body.rigged import load_rigged
from album2avatar.body.storage import load_body
from album2avatar.errors import CancelledError
from album2avatar.mesh.storage import load_mesh
from album2avatar.mesh.topology import edge_table
from album2avatar.pipeline.making import create_avatar, create_from_prompt
from album2avatar.presets import build_settings, load_preset
from album2avatar.progress import ProgressEvent
from album2avatar.settings import Settings
from album2avatar.workspace import Workspace

pytestmark = pytest.mark.slow

ALBUM = Path(__file__).parents[2] / "examples" / "demo_album"
PHOTOS = ["IMG_0401.jpg", "IMG_0402.jpg", "IMG_0405.jpg", "IMG_0411.jpg"]
SENTENCE = "a woman with long brown hair wearing a red t-shirt and blue trousers"
SMALLEST: dict[str, Any] = {
    "threads": 1,
    "device": "cpu",
    "personalization": {"token_steps": 1, "adapter_steps": 1, "class_pictures": 2},
    "fitting": {"keypoint_steps": 10, "silhouette_steps": 5},
    "sculpt": {
        "lattice_cells": 40,
        "steps": 3,
        "guidance": {"views_per_step": 1},
        "checkpoint_every": 1,
    },
    "paint": {"faces": 4000, "texture_size": 64, "steps": 3, "checkpoint_every": 1},
    "draft": {"photo_height": 96, "texture_size": 128},
    "refine": {"photo_height": 48, "visits": 1},
}


def settings_with(addition: str = "") -> Settings:
    return build_settings([load_preset("quick"), SMALLEST, {"prompt_addition": addition}])


def listen(event: ProgressEvent) -> None:
    """Nobody looks."""


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    root = tmp_path_factory.mktemp("avatar") / "described"
    return create_from_prompt(SENTENCE, root, settings_with(), listen, threading.Event())


@pytest.fixture(scope="module")
def edited(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The album's avatar as far as the fit, then with a hat."""
    root = tmp_path_factory.mktemp("avatar") / "edited"
    wished = settings_with("with a red hat")
    return create_avatar(ALBUM, root, wished, listen, threading.Event(), photos=PHOTOS)


def extras(workspace: Workspace) -> dict[str, Any]:
    """What the GLB says about the avatar."""
    content = workspace.glb.read_bytes()
    (length,) = struct.unpack("<I", content[12:16])
    nodes = json.loads(content[20 : 20 + length])["nodes"]
    return next(node["extras"]["album2avatar"] for node in nodes if "extras" in node)


def test_words_alone_become_a_closed_rigged_avatar(described: Workspace):
    mesh = load_mesh(described.sculpt).mesh
    assert (edge_table(mesh.faces).opposite >= 0).all()
    rigged = load_rigged(described.rigged)
    weights = rigged.parts[0].weights
    np.testing.assert_allclose(weights.sum(1), 1.0, atol=1e-4)
    scene = trimesh.load(io.BytesIO(described.glb.read_bytes()), file_type="glb")
    assert isinstance(scene, trimesh.Scene)
    assert len(scene.geometry) > 0
    names = [asset["name"] for asset in extras(described)["assets"]]
    assert names == ["skin", "long brown hair", "red t-shirt", "blue trousers", "shoes"]


def test_each_described_asset_is_where_it_is_worn(described: Workspace):
    stored, body = load_mesh(described.painted), load_body(described.body)
    kinds = [asset.kind for asset in load_asset_table(described).assets]
    asset, height = stored.extras["vertex_asset"], stored.mesh.vertices[:, 2]

    def middle(kind: str) -> float:
        return float(height[asset == kinds.index(kind)].median())

    assert middle("hair") > middle("top") > middle("bottom") > middle("shoes")
    foot = float(body.vertices[body.parts["foot.L"]][:, 2].median())
    assert middle("shoes") == pytest.approx(foot, abs=0.05)
    outside = asset == kinds.index("skin")
    assert 0.05 < float(outside.float().mean()) < 0.5


def test_a_run_that_was_stopped_goes_on_to_the_same_avatar(described: Workspace, tmp_path: Path):
    """Stopped in the describing stage, between two stages and between two steps."""
    root, places = tmp_path / "stopped", [("describe", 1), ("sculpt", 2), ("paint", 2)]
    for stage, step in places:
        cancelled = threading.Event()

        def stop(
            event: ProgressEvent,
            stage: str = stage,
            step: int = step,
            flag: threading.Event = cancelled,
        ) -> None:
            if (event.stage, event.step) == (stage, step):
                flag.set()

        with pytest.raises(CancelledError):
            create_from_prompt(SENTENCE, root, settings_with(), stop, cancelled)
    resumed = create_from_prompt(SENTENCE, root, settings_with(), listen, threading.Event())
    assert resumed.glb.read_bytes() == described.glb.read_bytes()
    assert resumed.albedo.read_bytes() == described.albedo.read_bytes()


def test_an_added_hat_is_an_asset_that_covers_the_head(edited: Workspace):
    assets = extras(edited)["assets"]
    assert assets[-1] == {"kind": "headwear", "name": "red hat", "token": ""}
    album = load_asset_table(edited).assets
    assert [asset["kind"] for asset in assets[:-1]] == [asset.kind for asset in album]

    stored, body = load_mesh(edited.painted), load_body(edited.body)
    asset, vertices = stored.extras["vertex_asset"], stored.mesh.vertices
    hat = vertices[asset == len(album)]
    head = body.vertices[body.parts["head"]]
    eyes = body.vertices[body.parts["eye.L"]].mean(0)
    assert float(hat[:, 2].min()) > float(eyes[2]) - 0.02
    # It is over the crown, stands off it, and reaches around the head.
    assert float(hat[:, 2].max()) > float(head[:, 2].max()) + 0.01
    assert float(hat[:, 0].max()) > float(head[:, 0].max())
    assert float(hat[:, 1].min()) < float(eyes[1])
    above = vertices[:, 2] > float(head[:, 2].max()) - 0.02
    assert float((asset[above] == len(album)).float().mean()) > 0.95


def test_without_the_words_the_same_album_has_no_hat(edited: Workspace, tmp_path: Path):
    """And what was learned of the person is kept."""
    root = tmp_path / "plain"
    shutil.copytree(edited.root, root)
    before = (root / "personalization" / "tokens.safetensors").read_bytes()
    heard: list[ProgressEvent] = []
    plain = create_avatar(
        ALBUM, root, settings_with(), heard.append, threading.Event(), photos=PHOTOS
    )
    skipped = [event.stage for event in heard if event.message == "already done"]
    assert skipped == ["intake", "segment", "fit", "draft", "personalize"]
    assert (root / "personalization" / "tokens.safetensors").read_bytes() == before
    assert "headwear" not in [asset["kind"] for asset in extras(plain)["assets"]]
    highest = [float(load_mesh(w.sculpt).mesh.vertices[:, 2].max()) for w in (plain, edited)]
    assert highest[1] > highest[0] + 0.02
