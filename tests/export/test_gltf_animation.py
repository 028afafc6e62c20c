"""An animated GLB moves the mesh to where skinning with the tracked transforms has it."""

from dataclasses import replace

import numpy as np
import torch
from glb_reader import ReadGlb, read_glb
from small_avatars import checkered_png, limb_avatar

from album2avatar.body.kinematics import forward_kinematics, rotation_matrices, transform_heads
from album2avatar.body.rigged import RiggedAvatar
from album2avatar.body.skinning import skin_points
from album2avatar.body.types import PhotoPoses
from album2avatar.export.clip_motion import PlacedClip, place_clip
from album2avatar.export.glb import build_glb
from album2avatar.export.placement import stand_on_floor
from album2avatar.export.textures import SurfaceTextures
from album2avatar.render.camera import Cameras

SECONDS = (0.0, 0.1, 0.3, 0.4)


def waving(avatar: RiggedAvatar) -> PhotoPoses:
    """The limb walks off, turns and bends at the elbow."""
    generator = torch.Generator().manual_seed(3)
    count, bones = len(SECONDS), len(avatar.skeleton.names)
    turns = rotation_matrices(0.8 * torch.randn(count, bones, 3, generator=generator))
    turns[:, 1] = torch.eye(3)
    transforms = forward_kinematics(avatar.skeleton.parents, avatar.skeleton.heads, turns)
    shift = torch.zeros_like(transforms)
    shift[..., :3, 3] = torch.tensor([0.3, 4.0, -0.2]) * torch.arange(1, count + 1)[:, None, None]
    cameras = Cameras(torch.eye(4).repeat(count, 1, 1), torch.full((count,), 0.5))
    sizes = torch.tensor([[60, 80]] * count)
    return PhotoPoses(tuple("abcd"), transforms + shift, cameras, sizes)


def animated(avatar: RiggedAvatar) -> tuple[ReadGlb, PlacedClip, PhotoPoses]:
    poses = waving(avatar)
    placed = place_clip(avatar, poses, SECONDS)
    content = build_glb(
        stand_on_floor(avatar), SurfaceTextures(checkered_png()), {}, "test", [placed.motion]
    )
    return read_glb(content), placed, poses


def at_key(glb: ReadGlb, key: int) -> ReadGlb:
    """The file with its nodes where the animation has them at a key."""
    nodes = [dict(node) for node in glb.document["nodes"]]
    (animation,) = glb.document["animations"]
    for channel in animation["channels"]:
        sampler = animation["samplers"][channel["sampler"]]
        values = glb.array(sampler["output"])
        nodes[channel["target"]["node"]][channel["target"]["path"]] = values[key].tolist()
    return replace(glb, document=glb.document | {"nodes": nodes})


def test_at_every_key_a_viewer_shows_the_mesh_in_the_tracked_pose() -> None:
    """Seen from the clip's camera, the exported mesh is where the tracked one is."""
    avatar = limb_avatar()
    glb, placed, poses = animated(avatar)
    to_view = np.linalg.inv(placed.camera_to_world)
    part = avatar.parts[0]
    corners = part.mesh.faces.reshape(-1).numpy()
    tracked = skin_points(part.mesh.vertices, part.weights, poses.bone_transforms).double().numpy()
    for key in range(len(SECONDS)):
        posed = at_key(glb, key)
        triangles = posed.array(posed.document["meshes"][0]["primitives"][0]["indices"])
        shown = posed.skinned(0, {})[triangles]
        world = np.stack([shown[:, 0], -shown[:, 2], shown[:, 1]], 1)
        seen = world @ to_view[:3, :3].T + to_view[:3, 3]
        view = poses.cameras.world_to_view[key].double().numpy()
        expected = tracked[key][corners] @ view[:3, :3].T + view[:3, 3]
        np.testing.assert_allclose(seen, expected, atol=2e-5)


def test_the_keys_are_the_frames_moments_and_only_bones_that_move_have_turns() -> None:
    glb, _, _ = animated(limb_avatar())
    (animation,) = glb.document["animations"]
    times = glb.document["accessors"][animation["samplers"][0]["input"]]
    np.testing.assert_allclose(glb.array(animation["samplers"][0]["input"]), SECONDS, atol=1e-6)
    assert (times["min"], times["max"]) == ([0.0], [np.float32(0.4)])
    targets = {
        (glb.document["nodes"][c["target"]["node"]]["name"], c["target"]["path"])
        for c in animation["channels"]
    }
    assert targets == {
        ("root", "rotation"), ("root", "translation"), ("lowerarm01.L", "rotation"),
    }  # fmt: skip


def test_neighbouring_keys_turn_the_short_way() -> None:
    glb, _, _ = animated(limb_avatar())
    (animation,) = glb.document["animations"]
    for channel in animation["channels"]:
        if channel["target"]["path"] == "rotation":
            turns = glb.array(animation["samplers"][channel["sampler"]]["output"])
            assert ((turns[1:] * turns[:-1]).sum(1) >= 0).all()
            np.testing.assert_allclose(np.linalg.norm(turns, axis=1), 1, atol=1e-6)


def test_the_clip_begins_above_the_origin_on_the_floor() -> None:
    avatar = limb_avatar()
    glb, _, poses = animated(avatar)
    matrices = at_key(glb, 0).joint_matrices({})
    heads = transform_heads(poses.bone_transforms, avatar.skeleton.heads)
    assert heads[0, 0, 1] > 3  # far away before it is placed
    rest = stand_on_floor(avatar).skeleton.heads[0].double().numpy()
    root = matrices[0] @ np.array([rest[0], rest[2], -rest[1], 1.0])
    np.testing.assert_allclose(root[[0, 2]], 0, atol=1e-5)
