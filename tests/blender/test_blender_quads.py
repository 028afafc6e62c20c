"""Quads come back in Blender, and go on into what it writes."""

import json
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from blenders import Blender
from PIL import Image

from album2avatar.assets import Asset
from album2avatar.body.anny import load_anny_body
from album2avatar.body.rigged import RiggedAvatar, RiggedPart
from album2avatar.body.template_regions import template_mates
from album2avatar.export.glb import build_glb
from album2avatar.export.metadata import describe_avatar
from album2avatar.export.textures import SurfaceTextures
from album2avatar.mesh.normals import face_areas
from album2avatar.mesh.quads import labels_of_faces, quads_first
from album2avatar.mesh.types import Mesh, UvMap
from album2avatar.settings import Settings

pytestmark = pytest.mark.blender

ASSETS = (
    Asset(kind="face", name="face", token="<asset0>"),
    Asset(kind="top", name="striped sweater", token="<asset1>"),
    Asset(kind="bottom", name="trousers", token="<asset2>"),
)


@pytest.fixture(scope="module")
def quad_avatar() -> RiggedAvatar:
    """The Anny body's skin: closed, in quads, assets by height, a seam all around the waist."""
    model = load_anny_body()
    body = model.canonical(model.usual_shape("woman"))
    mesh, mate = template_mates(body)
    height = (mesh.vertices[:, 2] - mesh.vertices[:, 2].min()) / mesh.vertices[:, 2].max()
    assets = labels_of_faces((height < 0.5).long() + (height < 0.9).long(), mesh.faces, mate)
    order, quads = quads_first(mate, assets, len(ASSETS))
    flat = torch.stack([mesh.vertices[:, 0] + 1, height], 1) / 2
    legs = (assets == 2)[:, None] * len(flat)
    uv = UvMap(torch.cat([flat * 0.5, flat * 0.5 + 0.5]), mesh.faces + legs)
    weights = torch.zeros(len(mesh.vertices), len(body.skeleton.names))
    skin = int(body.parts["surface"].sum())
    weights[:skin] = body.weights[body.parts["surface"]]
    weights[skin:, 0] = 1.0
    part = RiggedPart(
        "avatar",
        Mesh(mesh.vertices, mesh.faces[order]),
        UvMap(uv.coordinates, uv.faces[order]),
        weights,
        "albedo",
        tuple(torch.bincount(assets, minlength=len(ASSETS)).tolist()),
        tuple(quads.tolist()),
    )
    return RiggedAvatar(body.skeleton, (part,))


@pytest.fixture(scope="module")
def found(
    quad_avatar: RiggedAvatar, blender: Blender, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    folder: Path = tmp_path_factory.mktemp(f"quads{blender.version}")
    Image.new("RGB", (32, 32), (180, 90, 60)).save(folder / "albedo.png")
    extras = describe_avatar(quad_avatar, "anny", ASSETS, Settings())
    glb = folder / "avatar.glb"
    textures = SurfaceTextures((folder / "albedo.png").read_bytes())
    glb.write_bytes(build_glb(quad_avatar, textures, extras, "test"))
    blender.run("inside_quads.py", glb, folder)
    told = json.loads((folder / "found.json").read_text())
    return told | {"fbx": str(folder / "avatar.fbx")}


def test_an_fbx_has_the_quads(quad_avatar: RiggedAvatar, found: dict[str, Any]) -> None:
    part = quad_avatar.parts[0]
    sizes = polygon_sizes(Path(found["fbx"]).read_bytes())
    assert (sizes == 4).sum() == sum(part.quads)
    assert len(sizes) == len(part.mesh.faces) - sum(part.quads)


def polygon_sizes(fbx: bytes) -> np.ndarray:
    """Corners of each polygon of the first mesh; the last index of a polygon is negative.

    An array of integers is its type, three numbers (count, compressed or not, bytes), and data.
    """
    start = fbx.index(b"PolygonVertexIndex") + len(b"PolygonVertexIndexi")
    count, is_compressed, size = struct.unpack_from("<III", fbx, start)
    content = fbx[start + 12 : start + 12 + size]
    indices = np.frombuffer(zlib.decompress(content) if is_compressed else content, "<i4")
    assert len(indices) == count
    return np.diff(np.flatnonzero(indices < 0), prepend=-1)


@pytest.mark.parametrize("where", ["imported", "again"])
def test_every_quad_is_there(quad_avatar: RiggedAvatar, found: dict[str, Any], where: str) -> None:
    part = quad_avatar.parts[0]
    mesh = found[where]
    assert mesh["quads"] == sum(part.quads) > 12000
    assert mesh["triangles"] == len(part.mesh.faces) - 2 * sum(part.quads)
    assert mesh["others"] == mesh["open_edges"] == 0
    assert mesh["vertices"] == len(part.mesh.vertices)
    assert mesh["weights"] == pytest.approx(1.0, abs=1e-3)


def test_texture_coordinates_stay_at_their_corners(
    quad_avatar: RiggedAvatar, found: dict[str, Any]
) -> None:
    part = quad_avatar.parts[0]
    assert part.uv is not None
    corners = torch.cat(
        [part.mesh.vertices[part.mesh.faces], part.uv.coordinates[part.uv.faces]], 2
    )
    true = corners.reshape(-1, 5).unique(dim=0).double()
    for where in ("imported", "again"):
        there = torch.tensor(found[where]["corners"]).double()
        assert len(there) == pytest.approx(len(true), rel=0.001)
        assert float(torch.cdist(there, true).amin(1).max()) < 2e-4
        assert float(torch.cdist(true, there).amin(1).max()) < 2e-4


@pytest.mark.parametrize("where", ["imported", "again"])
def test_assets_keep_their_surface(
    quad_avatar: RiggedAvatar, found: dict[str, Any], where: str
) -> None:
    part = quad_avatar.parts[0]
    areas = face_areas(part.mesh).split(part.asset_faces)
    for number, of_asset in enumerate(areas):
        # Blender measures a bent quad a little differently.
        assert found[where]["area"][str(number)] == pytest.approx(float(of_asset.sum()), rel=0.01)


def test_shape_keys_stay(found: dict[str, Any]) -> None:
    assert found["lifted"] == pytest.approx(0.1, abs=1e-4)
