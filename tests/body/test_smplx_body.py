"""SMPL-X behind the body protocol, on a synthetic file of the right form."""

import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from synthetic_smplx import write_synthetic_smplx

from album2avatar.body.joints import joint_frames
from album2avatar.body.keypoints import KEYPOINTS
from album2avatar.body.kinematics import pose_body
from album2avatar.body.smplx import SmplxBody, load_smplx_body
from album2avatar.body.storage import load_body, save_body
from album2avatar.errors import ModelError

pytest.importorskip("smplx")


@pytest.fixture(scope="module")
def body(tmp_path_factory: pytest.TempPathFactory) -> SmplxBody:
    path = tmp_path_factory.mktemp("smplx") / "SMPLX_NEUTRAL.npz"
    write_synthetic_smplx(path)
    return load_smplx_body(path)


def test_keypoints_are_where_a_person_has_them(body: SmplxBody) -> None:
    heads = body.rest(torch.zeros(10)).heads[body.keypoint_bones]
    place = dict(zip(KEYPOINTS, heads, strict=True))
    assert place["left_shoulder"][0] > 0.1 > -0.1 > place["right_shoulder"][0]
    assert place["head"][2] > place["pelvis"][2] > place["left_knee"][2] > place["left_ankle"][2]
    assert place["left_toe"][1] < place["left_ankle"][1]  # the person faces -Y
    assert place["left_wrist"][2] < place["left_elbow"][2] < place["left_shoulder"][2]  # A-pose


def test_shape_and_pose_have_gradients(body: SmplxBody) -> None:
    shape = torch.zeros(10, requires_grad=True)
    turns = torch.zeros(1, len(body.joints), 3, requires_grad=True)
    posed = pose_body(body, body.rest(shape), turns, torch.eye(3)[None], torch.zeros(1, 3))
    posed.vertices.square().sum().backward()
    assert shape.grad is not None
    assert turns.grad is not None
    assert bool((shape.grad != 0).any())
    assert bool((turns.grad.abs().amax((0, 2)) > 0).all())


def test_elbow_flexes_forward(body: SmplxBody) -> None:
    turns = torch.zeros(1, len(body.joints), 3)
    for index, joint in enumerate(body.joints):
        turns[0, index, 0] = 1.0 if "elbow" in joint.bone else 0.0
    rest = body.rest(torch.zeros(10))
    posed = pose_body(body, rest, turns, torch.eye(3)[None], rest.heads[:1])
    moved = (posed.heads[0] - rest.heads)[body.keypoint_bones]
    for side in ("left", "right"):
        assert float(moved[KEYPOINTS.index(f"{side}_wrist"), 1]) < -0.1
        assert float(moved[KEYPOINTS.index(f"{side}_elbow")].norm()) < 1e-5


def test_frames_of_a_finished_body_are_those_that_it_was_fitted_with(body: SmplxBody) -> None:
    joints, frames = joint_frames(body.canonical(torch.zeros(10)))
    assert joints == list(body.joints)
    assert torch.allclose(frames, body.joint_frames, atol=1e-5)


def test_canonical_body_goes_through_the_file(body: SmplxBody, tmp_path: Path) -> None:
    canonical = body.canonical(torch.ones(10))
    save_body(tmp_path / "body.safetensors", canonical)
    read = load_body(tmp_path / "body.safetensors")
    assert read.kind == "smplx"
    assert bool(torch.isfinite(read.skeleton.matrices).all())
    assert int(read.parts["eye.L"].sum()) > 0
    assert not bool((read.parts["surface"] & read.parts["eye.L"]).any())


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"posedirs": None}, "'posedirs' is missing"),
        ({"v_template": np.zeros((6890, 3))}, "'v_template' is 6890 × 3, not 10475 × 3"),
        ({"weights": np.full((10475, 55), np.nan)}, "'weights' holds values that are not finite"),
        ({"f": np.full((10, 3), 99999)}, "'f' points beyond"),
        ({"kintree_table": np.full((2, 55), 54)}, "'kintree_table' is no tree"),
        ({"shapedirs": np.zeros((10475, 3, 10))}, "'shapedirs' has 10 directions"),
        ({"hands_meanl": np.array(["a"] * 45)}, "'hands_meanl' holds"),
    ],
)
def test_wrong_content_names_the_key(
    tmp_path: Path, changed: dict[str, np.ndarray | None], named: str
) -> None:
    path = tmp_path / "model.npz"
    write_synthetic_smplx(path, **changed)
    with pytest.raises(ModelError, match=named) as caught:
        load_smplx_body(path)
    assert "model.npz" in str(caught.value)
    assert "fitting.body" in str(caught.value)


def test_pickled_arrays_are_never_unpickled(tmp_path: Path) -> None:
    path = tmp_path / "model.npz"

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (pytest.fail, ("unpickled",))

    trap = np.empty(1, dtype=object)
    trap[0] = Trap()
    write_synthetic_smplx(path, part2num=trap)
    load_smplx_body(path)  # the official files have such tables; they are left alone
    write_synthetic_smplx(path, hands_meanl=trap)
    with pytest.raises(ModelError, match="'hands_meanl' is no plain array"):
        load_smplx_body(path)


def test_files_of_another_kind_are_refused(tmp_path: Path) -> None:
    text, empty, other = tmp_path / "a.npz", tmp_path / "b.npz", tmp_path / "c.npz"
    text.write_text("I am no model")
    empty.write_bytes(b"")
    with zipfile.ZipFile(other, "w") as archive:
        archive.writestr("holiday.txt", "sun")
    cut = tmp_path / "d.npz"
    write_synthetic_smplx(cut)
    cut.write_bytes(cut.read_bytes()[:100_000])
    missing = tmp_path / "e.npz"
    for path in (text, empty, other, cut, missing):
        with pytest.raises(ModelError, match=path.name):
            load_smplx_body(path)
