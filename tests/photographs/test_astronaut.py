"""A photograph of a real person, with masks that were drawn by hand, becomes a rigged draft.

Where the photograph comes from is in `astronaut/README.md`.
"""

import json
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from album2avatar.album_report import load_album_report
from album2avatar.asset_table import load_asset_table, load_mask
from album2avatar.body.rigged import load_rigged
from album2avatar.body.storage import load_poses
from album2avatar.body.types import PhotoPoses
from album2avatar.cli import main
from album2avatar.draft_report import load_draft_report
from album2avatar.fit_report import load_fit_report
from album2avatar.pictures import load_texture
from album2avatar.pipeline.making import create_avatar
from album2avatar.presets import build_settings, load_preset
from album2avatar.workspace import Workspace

HERE = Path(__file__).parent / "astronaut"
FINER = 4
"""Pixels of a mask along one of the photo's."""


def draw_masks(folder: Path) -> None:
    """The outlines as the artist's own mask files; later ones lie over earlier ones."""
    folder.mkdir()
    pieces = json.loads((HERE / "masks.json").read_text())
    with Image.open(HERE / "astronaut.png") as photo:
        sheet = Image.new("L", (FINER * photo.width, FINER * photo.height))
    pen = ImageDraw.Draw(sheet)
    for place, piece in enumerate(pieces):
        pen.polygon([(FINER * x, FINER * y) for x, y in piece["outline"]], fill=place + 1)
    values = np.array(sheet)
    for place, piece in enumerate(pieces):
        mask = Image.fromarray(np.where(values == place + 1, 255, 0).astype(np.uint8))
        mask.save(folder / f"astronaut.{piece['kind']}.png")
    names = {piece["kind"]: piece["name"] for piece in pieces}
    (folder / "names.json").write_text(json.dumps(names))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    folder = tmp_path_factory.mktemp("astronaut")
    (folder / "album").mkdir()
    (folder / "album" / "astronaut.png").write_bytes((HERE / "astronaut.png").read_bytes())
    draw_masks(folder / "masks")
    own = {
        "segmentation": {"provider": "masks", "masks_folder": str(folder / "masks")},
        "fitting": {"keypoint_steps": 50, "silhouette_steps": 30},
        "draft": {"texture_size": 384},
    }
    settings = build_settings([load_preset("quick"), own])
    return create_avatar(
        folder / "album",
        folder / "avatar",
        settings,
        lambda event: None,
        threading.Event(),
        last_stage="draft",
    )


@pytest.mark.slow
class TestTheAstronaut:
    def test_the_photo_is_used_and_has_the_artists_pieces(self, made: Workspace):
        (photo,) = load_album_report(made.album_report).photos
        assert photo.is_used
        names = [asset.name for asset in load_asset_table(made).assets]
        assert names == ["face", "neck", "short hair", "orange space suit"]

    def test_a_joint_on_the_helmet_is_not_trusted(self, made: Workspace):
        assert "off its masks: left_shoulder" in made.log.read_text()
        (fit,) = load_fit_report(made.fit_report).photos
        assert fit.keypoints == 5
        assert fit.inside > 0.85
        assert fit.disagreement < 0.08

    @pytest.mark.parametrize("poses", ["poses", "draft"])
    def test_the_face_is_where_it_is_in_the_photo(self, made: Workspace, poses: str):
        """Give or take a quarter of its 108 pixels: the helmet that hides an arm turns the head."""
        path = made.poses if poses == "poses" else made.draft.refined_poses
        x, y = eyes_middle(load_poses(path), made)
        assert (x, y) == (pytest.approx(225, abs=32), pytest.approx(101, abs=32))
        assert load_mask(made, "astronaut")[round(y), round(x)] == 1

    def test_most_of_the_front_is_seen_and_the_rest_is_said_to_be_guessed(
        self, made: Workspace, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ):
        report = load_draft_report(made.draft_report)
        assert 0.1 < report.seen < 0.45
        levels = load_texture(made.draft.seen_map)
        assert set(np.unique(levels.numpy().round(1))) <= {0.0, 0.5, 1.0}
        monkeypatch.setattr(sys, "argv", ["album2avatar", "inspect", str(made.root)])
        monkeypatch.setenv("COLUMNS", "200")
        with pytest.raises(SystemExit):
            main()
        assert report.sentence in " ".join(capsys.readouterr().out.split())

    def test_the_draft_is_rigged(self, made: Workspace):
        avatar = load_rigged(made.draft.rigged)
        assert len(avatar.skeleton.names) > 100
        assert made.draft.glb.read_bytes().startswith(b"glTF")


def eyes_middle(poses: PhotoPoses, made: Workspace) -> tuple[float, float]:
    """Pixels (right, down) between the fitted eyes."""
    from album2avatar.body.storage import load_body

    body = load_body(made.body)
    names = body.skeleton.names
    eyes = [names.index("eye.L"), names.index("eye.R")]
    middle = np.zeros(4)
    for eye in eyes:
        head = np.append(body.skeleton.heads[eye].numpy(), 1.0)
        middle += poses.bone_transforms[0, eye].numpy() @ head / 2
    clip = poses.cameras.clip_from_world(1.0)[0].numpy() @ middle
    return 256 * (1 + clip[0] / clip[3]), 256 * (1 - clip[1] / clip[3])
