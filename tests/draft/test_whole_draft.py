"""From a fitted body of the real template to a GLB."""

import math
import threading
from pathlib import Path

import pytest
import torch
from PIL import Image

from album2avatar.asset_table import save_asset_table, save_mask
from album2avatar.assets import Asset, AssetTable, PhotoLabels, view_of_azimuth
from album2avatar.body.anny import load_anny_body
from album2avatar.body.rigged import load_rigged
from album2avatar.body.storage import save_body, save_poses
from album2avatar.body.types import CanonicalBody, PhotoPoses
from album2avatar.draft.template import HELD_PARTS, make_template
from album2avatar.mesh.storage import load_mesh
from album2avatar.mesh.types import UvMap
from album2avatar.pipeline import drafting
from album2avatar.progress import JobControl, ProgressEvent
from album2avatar.render.baking import map_texels
from album2avatar.render.camera import Cameras, orbit
from album2avatar.render.images import to_image
from album2avatar.render.shading import draw
from album2avatar.render.visibility_warp import face_ids
from album2avatar.settings import DraftSettings, Settings
from album2avatar.workspace import Workspace

ASSETS = (
    Asset(kind="skin", name="bare skin", token="<asset0>"),
    Asset(kind="hair", name="hair", token="<asset1>"),
)
SKIN, HAIR = (190, 140, 110), (60, 40, 20)
SIZE = 160


@pytest.fixture(scope="module")
def body() -> CanonicalBody:
    model = load_anny_body()
    return model.canonical(model.usual_shape("woman"))


def photograph(root: Path, body: CanonicalBody, azimuths: tuple[float, ...]) -> Workspace:
    """Photos of the body in one colour, and another one on the head."""
    workspace, count = Workspace(root), len(azimuths)
    angles = torch.tensor(azimuths) * math.pi / 180
    cameras = orbit(
        angles, torch.zeros(count), torch.tensor([[0.0, 0.0, 0.85]] * count),
        torch.full((count,), 1.9), 0.5,
    )  # fmt: skip
    names = tuple(f"photo{index}" for index in range(count))
    still = torch.eye(4).repeat(count, len(body.skeleton.names), 1, 1)
    save_body(workspace.body, body)
    save_poses(
        workspace.poses, PhotoPoses(names, still, cameras, torch.tensor([[SIZE, SIZE]] * count))
    )
    labels = tuple(
        PhotoLabels(photo=name, view=view_of_azimuth(azimuth), framing="full body")
        for name, azimuth in zip(names, azimuths, strict=True)
    )
    save_asset_table(workspace, AssetTable(subject="woman", assets=ASSETS, photos=labels))
    on_head = (body.parts["head"] & ~body.parts["face"])[body.faces].all(1)
    of_face = torch.cat([torch.tensor([0]), 1 + on_head.long()])
    for index, name in enumerate(names):
        one = slice(index, index + 1)
        camera = Cameras(cameras.world_to_view[one], cameras.vertical_fov[one])
        rast = draw(body.vertices, body.faces, camera, (SIZE, SIZE), visibility=face_ids).rast
        mask = of_face[to_image(rast[..., 3:])[0, ..., 0].long()]
        save_mask(workspace, name, mask.to(torch.uint8).numpy())
        colors = torch.tensor([(120, 120, 120), SKIN, HAIR], dtype=torch.uint8)
        workspace.photo(name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(colors[mask].numpy()).save(workspace.photo(name))
    return workspace


def test_the_templates_map_has_no_overlap(body: CanonicalBody):
    """Also where the fans close eyes and mouth."""
    template = make_template(body, 512, lambda: None)
    skin = int(body.parts["surface"].sum())
    fans = (template.mesh.faces >= skin).any(1)
    assert 20 < int(fans.sum()) < 400
    covered = [
        map_texels(UvMap(template.uv.coordinates, template.uv.faces[chosen]), (512, 512)).covered
        for chosen in (fans, ~fans)
    ]
    assert int(covered[0].sum()) > 10
    # Rounding decides who has a texel on the rim.
    assert int((covered[0] & covered[1]).sum()) < 0.1 * int(covered[0].sum())
    held = torch.stack([body.parts[part] for part in HELD_PARTS]).any(0)[body.parts["surface"]]
    assert bool((template.freedom[:skin][held] == 0).all())
    assert float(template.freedom.max()) == 1.0


@pytest.mark.parametrize("azimuths", [(0.0,), (0.0, 180.0)])
def test_a_draft_becomes_a_rigged_glb(
    body: CanonicalBody, tmp_path: Path, azimuths: tuple[float, ...]
):
    """And leaves the finished avatar's places alone."""
    workspace = photograph(tmp_path, body, azimuths)
    heard: list[ProgressEvent] = []
    settings = Settings(draft=DraftSettings(photo_height=160, texture_size=256))
    drafting.run(workspace, settings, JobControl("draft", heard.append, threading.Event()))
    assert workspace.draft.glb.read_bytes().startswith(b"glTF")
    assert not any(path.exists() for path in (workspace.painted, workspace.rigged, workspace.glb))
    picture = heard[-1].preview
    assert picture is not None
    assert Image.open(picture).size == (1280, 512)
    avatar = load_rigged(workspace.draft.rigged)
    assert [part.name for part in avatar.parts] == ["avatar", "eye whites", "irises", "pupils"]
    assert avatar.skeleton.names == body.skeleton.names
    moved = load_mesh(workspace.draft.painted).mesh.vertices[: int(body.parts["surface"].sum())]
    away = (moved - body.vertices[body.parts["surface"]]).norm(dim=1)
    # Nothing is worn: the body is what the masks show.
    assert float(away.mean()) < 0.003
