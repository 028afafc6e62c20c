"""Blender in the versions that the extension is made for, and an avatar."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from blenders import Blender, find_blender
from PIL import Image

from album2avatar.assets import Asset
from album2avatar.body.anny import load_anny_body
from album2avatar.body.rigged import RiggedAvatar, RiggedPart
from album2avatar.export.glb import build_glb
from album2avatar.export.metadata import describe_avatar
from album2avatar.export.textures import SurfaceTextures
from album2avatar.mesh.types import Mesh, UvMap
from album2avatar.settings import Settings

ASSETS = (
    Asset(kind="face", name="face", token="<asset0>"),
    Asset(kind="top", name="striped sweater", token="<asset1>"),
    Asset(kind="bottom", name="trousers", token="<asset2>"),
)
ASSETS_BEGIN_AT = (0.88, 0.5, 0.0)
"""Lowest height of each asset's faces, as a share of the body's."""


@pytest.fixture(
    scope="session",
    params=["4.2", pytest.param("4.5", marks=pytest.mark.slow), "5.0"],
)
def blender(request: pytest.FixtureRequest) -> Blender:
    """The oldest and the newest version; the one between does whole jobs in test_blender_work."""
    return find_blender(request.param)


@pytest.fixture(scope="session")
def avatar() -> RiggedAvatar:
    """The plain Anny body; its faces belong to assets by their height."""
    body_model = load_anny_body()
    body = body_model.canonical(body_model.usual_shape("woman"))
    heights = body.vertices[body.faces].mean(dim=1)[:, 2] / body.vertices[:, 2].max()
    labels = sum((heights < start).int() for start in ASSETS_BEGIN_AT[:-1])
    order = torch.argsort(torch.as_tensor(labels), stable=True)
    counts = torch.bincount(torch.as_tensor(labels), minlength=len(ASSETS)).tolist()
    part = RiggedPart(
        "avatar",
        Mesh(body.vertices, body.faces[order]),
        UvMap(body.uv_coordinates, body.uv_faces[order]),
        body.weights,
        "albedo",
        tuple(counts),
    )
    return RiggedAvatar(body.skeleton, (part,))


@pytest.fixture(scope="session")
def output(
    avatar: RiggedAvatar, blender: Blender, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Folder in which one run of a Blender left its findings and files."""
    folder = tmp_path_factory.mktemp(f"blender{blender.version}")
    texture = folder / "albedo.png"
    Image.new("RGB", (32, 32), (180, 90, 60)).save(texture)
    extras = describe_avatar(avatar, "anny", ASSETS, Settings())
    glb = folder / "avatar.glb"
    glb.write_bytes(build_glb(avatar, SurfaceTextures(texture.read_bytes()), extras, "test"))
    blender.run("inside_blender.py", glb, folder)
    return folder


@pytest.fixture(scope="session")
def findings(output: Path) -> dict[str, Any]:
    """What that run wrote down."""
    return json.loads((output / "findings.json").read_text())


@pytest.fixture(scope="session")
def height(avatar: RiggedAvatar) -> float:
    """The avatar's, in metres."""
    heights = avatar.parts[0].mesh.vertices[:, 2]
    return float(heights.max() - heights.min())
