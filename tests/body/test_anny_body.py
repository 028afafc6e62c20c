"""Anny behind the body protocol."""

from pathlib import Path

import pytest
import torch
import trimesh
from anny.models.model_data import ModelData

from album2avatar.body.anny import AnnyBody, load_anny, load_anny_body
from album2avatar.body.anny_cache import anny_cache_file, load_or_build
from album2avatar.body.joints import joint_frames
from album2avatar.body.keypoints import KEYPOINTS
from album2avatar.body.kinematics import pose_body, rotation_matrices
from album2avatar.body.surface import outer_surface


@pytest.fixture(scope="module")
def body() -> AnnyBody:
    return load_anny_body()


def turned(body: AnnyBody, bone: str, axis: int, degrees: float) -> torch.Tensor:
    """Heads of the man's bones after one joint turned."""
    rest = body.rest(body.usual_shape("man"))
    rotations = torch.zeros(1, len(body.joints), 3)
    index = [joint.bone for joint in body.joints].index(bone)
    rotations[0, index, axis] = torch.deg2rad(torch.tensor(degrees))
    posed = pose_body(body, rest, rotations, torch.eye(3)[None], rest.heads[:1])
    return posed.heads[0, body.keypoint_bones] - rest.heads[body.keypoint_bones]


def test_rest_agrees_with_annys_own_forward_pass(body: AnnyBody) -> None:
    shape = torch.tensor([0.4, -0.2, 1.0, -0.7, 0.5, 0.3])
    rest = body.rest(shape)
    values = {name: float(value) for name, value in body.phenotypes(shape).items()}
    output = load_anny()(phenotype_kwargs=values)
    vertices = output["rest_vertices"][0]
    vertices = vertices - torch.stack([vertices.new_zeros(()), vertices.new_zeros(()),
                                       vertices[:, 2].min()])  # fmt: skip
    assert torch.allclose(rest.vertices, vertices, atol=1e-5)


def test_posing_agrees_with_annys_own_skinning(body: AnnyBody) -> None:
    model = load_anny()
    generator = torch.Generator().manual_seed(3)
    rotations = 0.4 * torch.randn(1, len(body.joints), 3, generator=generator)
    shape = torch.zeros(body.shape_size)
    rest = body.rest(shape)
    root = rotation_matrices(torch.tensor([[0.2, -0.1, 0.7]]))
    posed = pose_body(body, rest, rotations, root, torch.zeros(1, 3))
    frames = body.joint_frames
    world = frames @ rotation_matrices(rotations) @ frames.transpose(-1, -2)
    matrices = body.canonical(shape).skeleton.matrices
    local = torch.eye(4).repeat(1, len(body.parents), 1, 1)
    local[:, body.joint_bones, :3, :3] = world
    local[:, 0, :3, :3] = root @ matrices[0, :3, :3]
    # Anny wants the root's pose in the world, and its turn in the bone's own axes.
    values = {name: float(value) for name, value in body.phenotypes(shape).items()}
    bone_axes = matrices[None, :, :3, :3]
    local[:, 1:, :3, :3] = (bone_axes.transpose(-1, -2) @ local[:, :, :3, :3] @ bone_axes)[:, 1:]
    expected = model(
        pose_parameters=local, phenotype_kwargs=values, pose_parameterization="local-bone"
    )["vertices"]
    assert torch.allclose(posed.vertices, expected, atol=1e-4)


def test_a_shape_comes_back_from_its_phenotypes(body: AnnyBody) -> None:
    shape = torch.tensor([0.4, -0.2, 1.0, -0.7, 0.5, 0.3])
    values = {name: float(value) for name, value in body.phenotypes(shape).items()}
    assert torch.allclose(body.shape_of(values), shape, atol=1e-4)


def test_frames_of_a_finished_body_are_those_that_it_was_fitted_with(body: AnnyBody) -> None:
    canonical = body.canonical(torch.zeros(body.shape_size))
    joints, frames = joint_frames(canonical)
    assert joints == list(body.joints)
    assert torch.allclose(frames, body.joint_frames, atol=1e-5)


def test_shape_keeps_the_soles_on_the_ground_and_height_grows(body: AnnyBody) -> None:
    tall, short = torch.zeros(body.shape_size), torch.zeros(body.shape_size)
    tall[4], short[4] = 1.0, -1.0
    heights = []
    for shape in (short, tall):
        vertices = body.rest(shape).vertices
        assert abs(float(vertices[:, 2].min())) < 1e-6
        heights.append(float(vertices[:, 2].max()))
    assert 1.6 < heights[0] < heights[1] - 0.1 < 2.0


def test_every_shape_parameter_has_a_gradient(body: AnnyBody) -> None:
    shape = body.usual_shape("woman").requires_grad_()
    body.rest(shape).vertices.square().sum().backward()
    assert shape.grad is not None
    assert bool((shape.grad.abs() > 1e-3).all())


@pytest.mark.parametrize(
    ("bone", "axis", "keypoint", "direction"),
    [
        ("lowerarm01.L", 0, "left_wrist", (0, -1, 0)),
        ("lowerarm01.R", 0, "right_wrist", (0, -1, 0)),
        ("upperarm01.L", 2, "left_elbow", (0, 0, 1)),
        ("upperarm01.R", 2, "right_elbow", (0, 0, -1)),
        ("upperleg01.L", 0, "left_knee", (0, -1, 0)),
        ("lowerleg01.R", 0, "right_ankle", (0, -1, 0)),
        ("upperleg01.L", 2, "left_knee", (1, 0, 0)),
        ("spine05", 0, "head", (0, -1, 0)),
        ("foot.L", 0, "left_toe", (0, 0, 1)),
    ],
)
def test_joint_axes_are_anatomical(
    body: AnnyBody, bone: str, axis: int, keypoint: str, direction: tuple[int, int, int]
) -> None:
    moved = turned(body, bone, axis, 20.0)[KEYPOINTS.index(keypoint)]
    wanted = torch.tensor(direction, dtype=torch.float32)
    assert float(moved @ wanted) > 0.5 * float(moved.norm()) > 0.01


def test_outer_surface_is_watertight(body: AnnyBody) -> None:
    canonical = body.canonical(body.usual_shape("woman"))
    surface = outer_surface(canonical)
    mesh = trimesh.Trimesh(surface.vertices.numpy(), surface.faces.numpy(), process=False)
    assert mesh.is_watertight
    assert mesh.is_winding_consistent
    assert len(mesh.split(only_watertight=False)) == 1
    assert 0.04 < mesh.volume < 0.11  # cubic metres; a person floats in water


def test_parts_are_where_a_person_has_them(body: AnnyBody) -> None:
    canonical = body.canonical(body.usual_shape("man"))
    parts, vertices = canonical.parts, canonical.vertices
    assert bool((vertices[parts["hand.L"]][:, 0] > 0.3).all())
    assert bool((vertices[parts["foot.R"]][:, 0] < 0).all())
    assert not bool((parts["surface"] & (parts["eye.L"] | parts["eye.R"])).any())
    assert bool((parts["face"] <= parts["head"]).all())
    assert float(vertices[parts["face"]][:, 1].mean()) < float(vertices[parts["head"]][:, 1].mean())
    assert torch.allclose(canonical.weights.sum(-1), torch.ones(len(vertices)), atol=1e-5)


@pytest.mark.parametrize("damage", ["truncated", "empty", "text"])
def test_damaged_cache_is_built_anew(tmp_path: Path, damage: str) -> None:
    whole = anny_cache_file().read_bytes()
    path = tmp_path / "anny.safetensors"
    path.write_bytes({"truncated": whole[:1000], "empty": b"", "text": b"hello" * 50}[damage])
    good = ModelData.load_safetensors(anny_cache_file())
    messages: list[str] = []
    load_or_build(path, lambda: good, messages.append)
    assert len(messages) == 1
    assert "anny.safetensors is damaged" in messages[0]
    again = load_or_build(path, lambda: pytest.fail("the cache is whole"), messages.append)
    assert torch.equal(again.template_vertices, good.template_vertices)
    assert [file.name for file in tmp_path.iterdir()] == ["anny.safetensors"]
