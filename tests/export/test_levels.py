"""Levels of detail: fewer faces on the same skeleton, with the same colours in the same places."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import torch
import trimesh
from glb_reader import read_glb
from small_avatars import limb_avatar

from album2avatar.body.rigged import RiggedAvatar, RiggedPart
from album2avatar.export.glb import build_glb
from album2avatar.export.levels import Level, make_level
from album2avatar.export.textures import SurfaceTextures
from album2avatar.mesh.soundness import flaws_of
from album2avatar.mesh.types import Mesh, UvMap
from album2avatar.pictures import texture_png
from album2avatar.render.texture import texture

READERS = Path(__file__).resolve().parents[2] / ".venv-readers"
SIZE = 256


@pytest.fixture(scope="module")
def avatar() -> RiggedAvatar:
    """A ball of two assets, above and below; each of its faces has a chart of its own."""
    sphere = trimesh.creation.icosphere(subdivisions=4, radius=0.3)
    mesh = Mesh(torch.tensor(sphere.vertices).float(), torch.tensor(sphere.faces).long())
    is_low = mesh.vertices[mesh.faces].mean(1)[:, 2] < 0
    mesh = Mesh(mesh.vertices, mesh.faces[is_low.long().argsort(stable=True)])
    # The texture's u is the height, its v the place along x.
    uv = UvMap(mesh.vertices[:, [2, 0]] / 0.7 + 0.5, mesh.faces)
    weights = torch.zeros(len(mesh.vertices), 3)
    weights[:, 1] = (mesh.vertices[:, 0] / 0.6 + 0.5).clamp(0, 1)
    weights[:, 2] = 1 - weights[:, 1]
    counts = (int((~is_low).sum()), int(is_low.sum()))
    part = RiggedPart("avatar", mesh, uv, weights, "albedo", counts)
    return RiggedAvatar(limb_avatar().skeleton, (part, limb_avatar().parts[1]))


@pytest.fixture(scope="module")
def level(avatar: RiggedAvatar) -> Level:
    ramp = torch.arange(SIZE) / SIZE
    albedo = torch.stack([ramp.expand(SIZE, SIZE), ramp[:, None].expand(SIZE, SIZE)], 2)
    albedo = torch.cat([albedo, torch.full((SIZE, SIZE, 1), 0.5)], 2)
    return make_level(avatar, albedo, 0.25, SIZE // 2)


def test_a_level_has_the_share_of_faces(avatar: RiggedAvatar, level: Level) -> None:
    surface = level.avatar.parts[0]
    assert len(surface.mesh.faces) <= 0.25 * len(avatar.parts[0].mesh.faces) + 1
    assert flaws_of(surface.mesh) == []
    assert level.avatar.skeleton is avatar.skeleton
    assert sum(surface.quads) > 0.3 * len(surface.mesh.faces)


def test_colours_and_weights_stay_in_their_places(level: Level) -> None:
    surface = level.avatar.parts[0]
    assert surface.uv is not None
    assert level.albedo.shape == (SIZE // 2, SIZE // 2, 3)
    corners = surface.mesh.vertices[surface.mesh.faces].mean(1)
    places = surface.uv.coordinates[surface.uv.faces].mean(1)
    seen = texture(level.albedo, places, "clamp")
    true = corners[:, [2, 0]] / 0.7 + 0.5
    assert float((seen[:, :2] - true).abs().mean()) < 0.01
    along = (surface.mesh.vertices[:, 0] / 0.6 + 0.5).clamp(0, 1)
    assert float((surface.weights[:, 1] - along).abs().max()) < 0.02


def test_faces_keep_their_assets(level: Level) -> None:
    surface = level.avatar.parts[0]
    heights = surface.mesh.vertices[surface.mesh.faces].mean(1)[:, 2]
    above, below = heights.split(surface.asset_faces)
    assert float(above.min()) > -0.02
    assert float(below.max()) < 0.02


def test_khronos_validator_accepts_a_level(level: Level, tmp_path: Path) -> None:
    script = READERS / "validate_gltf.mjs"
    if shutil.which("node") is None or not script.exists():
        pytest.skip("node or Khronos' validator is missing: run scripts/reader_env")
    path = tmp_path / "avatar_lod1.glb"
    textures = SurfaceTextures(texture_png(level.albedo), texture_png(level.normals))
    path.write_bytes(build_glb(level.avatar, textures, {"lod": 1}, "test"))
    output = subprocess.run(
        ["node", str(script), str(path)], capture_output=True, text=True, check=True
    ).stdout
    assert json.loads(output)["issues"]["numErrors"] == 0
    assert read_glb(path.read_bytes()).document["nodes"][0]["extras"]["album2avatar"]["lod"] == 1
