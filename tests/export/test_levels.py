"""Levels of detail: fewer faces on the same skeleton, with the same colours in the same places."""

import json
import math
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
from album2avatar.export.level_maps import Maps
from album2avatar.export.levels import Level, make_level
from album2avatar.mesh.soundness import flaws_of
from album2avatar.mesh.types import Mesh, UvMap
from album2avatar.render.texture import texture

READERS = Path(__file__).resolve().parents[2] / ".venv-readers"
SIZE = 256
TILT = math.radians(15)


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
    tilted = torch.tensor([math.sin(TILT), 0.0, math.cos(TILT)]) / 2 + 0.5
    maps = Maps(albedo, tilted.expand(SIZE, SIZE, 3), albedo.flip(2))
    return make_level(avatar, maps, 0.25, SIZE // 2)


def test_a_level_has_the_share_of_faces(avatar: RiggedAvatar, level: Level) -> None:
    surface = level.avatar.parts[0]
    assert len(surface.mesh.faces) <= 0.25 * len(avatar.parts[0].mesh.faces) + 1
    assert flaws_of(surface.mesh) == []
    assert level.avatar.skeleton is avatar.skeleton
    assert sum(surface.quads) > 0.3 * len(surface.mesh.faces)


def test_colours_and_weights_stay_in_their_places(level: Level) -> None:
    surface = level.avatar.parts[0]
    assert surface.uv is not None
    assert level.maps.albedo.shape == (SIZE // 2, SIZE // 2, 3)
    corners = surface.mesh.vertices[surface.mesh.faces].mean(1)
    places = surface.uv.coordinates[surface.uv.faces].mean(1)
    true = corners[:, [2, 0]] / 0.7 + 0.5
    assert level.maps.roughness is not None
    for image in (level.maps.albedo, level.maps.roughness.flip(2)):
        seen = texture(image, places, "clamp")
        assert float((seen[:, :2] - true).abs().mean()) < 0.01
    along = (surface.mesh.vertices[:, 0] / 0.6 + 0.5).clamp(0, 1)
    assert float((surface.weights[:, 1] - along).abs().max()) < 0.02


def test_what_the_finest_normal_map_shows_is_not_lost(level: Level) -> None:
    assert level.maps.normals is not None
    upwards = 2 * level.maps.normals[..., 2] - 1
    angles = torch.rad2deg(torch.acos(upwards.clamp(-1, 1)))
    # The coarse ball's own normals are a few degrees off, to either side.
    assert float(angles.median()) == pytest.approx(math.degrees(TILT), abs=1)


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
    path.write_bytes(build_glb(level.avatar, level.maps.as_files(), {"lod": 1}, "test"))
    output = subprocess.run(
        ["node", str(script), str(path)], capture_output=True, text=True, check=True
    ).stdout
    assert json.loads(output)["issues"]["numErrors"] == 0
    assert read_glb(path.read_bytes()).document["nodes"][0]["extras"]["album2avatar"]["lod"] == 1
