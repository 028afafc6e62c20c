"""The rig stage on the files of a workspace."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image

from album2avatar.assets import Asset, AssetTable
from album2avatar.body.anny import load_anny_body
from album2avatar.body.rigged import load_rigged
from album2avatar.body.storage import save_body
from album2avatar.body.surface import outer_surface
from album2avatar.mesh.storage import save_mesh
from album2avatar.mesh.types import UvMap
from album2avatar.pictures import save_texture
from album2avatar.progress import silent_job
from album2avatar.rig import stage
from album2avatar.settings import Settings
from album2avatar.workspace import Workspace


def test_stage_rigs_what_was_painted(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    model = load_anny_body()
    body = model.canonical(model.usual_shape("man"))
    save_body(workspace.body, body)
    skin = outer_surface(body)
    uv = UvMap(torch.rand(3, 2), torch.tensor([[0, 1, 2]]).expand(len(skin.faces), 3))
    is_low = (skin.vertices[:, 2] < 1.0).long()
    labels = {"vertex_asset": is_low, "face_asset": is_low[skin.faces].amax(1)}
    save_mesh(workspace.painted, skin, uv, labels)
    assets = (
        Asset(kind="top", name="shirt", token="<asset0>"),
        Asset(kind="bottom", name="skirt", token="<asset1>"),
    )
    workspace.asset_table.parent.mkdir(parents=True)
    table = AssetTable(subject="man", assets=assets, photos=())
    workspace.asset_table.write_text(table.model_dump_json())

    workspace.albedo.parent.mkdir(parents=True, exist_ok=True)
    save_texture(workspace.albedo, torch.tensor([0.9, 0.1, 0.1]).expand(8, 8, 3))
    stage.run(workspace, Settings(), silent_job("rig"))
    avatar = load_rigged(workspace.rigged)
    assert avatar.skeleton.names == body.skeleton.names
    assert avatar.parts[0].texture == "albedo"
    assert torch.equal(avatar.parts[0].mesh.vertices, skin.vertices)
    surface = avatar.parts[0].mesh
    first, second = avatar.parts[0].asset_faces
    assert first + second == len(surface.faces) == len(skin.faces)
    assert bool((surface.vertices[surface.faces[:first], 2].amin(1) >= 1.0).all())
    assert bool((surface.vertices[surface.faces[first:], 2].amin(1) < 1.0).all())
    assert avatar.parts[0].uv is not None
    known = body.weights[body.parts["surface"]]
    # The body's own surface gets the body's own weights back, but for smoothing and pruning.
    change = (avatar.parts[0].weights[: len(known)] - known).abs().sum(-1) / 2
    assert float(change.mean()) < 0.1
    with Image.open(workspace.preview("rig", 1)) as picture:
        red, green, _ = np.asarray(picture, np.float32).reshape(-1, 3).T
    # Two sides of three poses, all in the texture's red, before a grey wall.
    is_red = (red > 100) & (green < 0.3 * red)
    assert picture.size == (768, 512)
    for tile in is_red.reshape(2, 256, 3, 256).transpose(0, 2, 1, 3).reshape(6, -1):
        assert 0.05 < tile.mean() < 0.4
