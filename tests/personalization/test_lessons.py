"""The stage with a second pass, and with two adapters: whole, resumed, and loaded."""

import json
import threading

import pytest
import torch
from diffusers import ControlNetModel
from PIL import Image

from album2avatar.errors import AlbumError, CancelledError
from album2avatar.personalization.parts import plan_lessons
from album2avatar.personalization.stage import run
from album2avatar.prior.model import load_prior
from album2avatar.prior.personalized import load_personalized_prior
from album2avatar.progress import JobControl, ProgressEvent, silent_job
from album2avatar.settings import PersonalizationSettings, Settings
from album2avatar.settings.second_pass import SecondPassSettings
from album2avatar.training.publishing import save_network
from album2avatar.workspace import Workspace


def changed(settings: Settings, **changes) -> Settings:
    own = settings.personalization.model_copy(update=changes)
    return settings.model_copy(update={"personalization": own})


@pytest.fixture
def with_second_pass(settings, prior_folder, tmp_path) -> Settings:
    """Three more steps, with four pictures painted by a conditioner that says something."""
    torch.manual_seed(0)
    unet = load_prior(prior_folder).unet
    network = ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=(8, 16))
    with torch.no_grad():
        for parameter in network.parameters():
            if not parameter.any():
                parameter.normal_(0, 0.3)
    save_network(network, tmp_path / "conditioner")
    second_pass = SecondPassSettings(steps=3, pictures=4, conditioner=str(tmp_path / "conditioner"))
    return changed(settings, second_pass=second_pass)


@pytest.fixture
def with_face(settings, workspace, table) -> Settings:
    """The second photo is a close-up of the head."""
    labels = table.photos[1].model_copy(update={"framing": "head close-up"})
    two = table.model_copy(update={"photos": (table.photos[0], labels)})
    workspace.asset_table.write_text(two.model_dump_json())
    return changed(settings, adapters="body and face")


def outputs(workspace: Workspace) -> dict[str, bytes]:
    folder = workspace.personalization
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(files)}


def reports(workspace: Workspace, settings: Settings) -> list[ProgressEvent]:
    events: list[ProgressEvent] = []
    run(workspace, settings, JobControl("personalize", events.append, threading.Event()))
    return events


def run_until(workspace: Workspace, settings: Settings, last_step: int) -> None:
    """Cancel as soon as `last_step` is reported."""
    cancelled = threading.Event()

    def listen(event: ProgressEvent) -> None:
        if event.step == last_step:
            cancelled.set()

    with pytest.raises(CancelledError):
        run(workspace, settings, JobControl("personalize", listen, cancelled))


def forget_outputs(workspace: Workspace) -> None:
    for name in outputs(workspace):
        (workspace.personalization / name).unlink()


def test_lessons_follow_each_other():
    own = PersonalizationSettings(
        token_steps=2,
        adapter_steps=3,
        adapters="body and face",
        second_pass=SecondPassSettings(steps=4),
    )
    body, face = plan_lessons(own)
    assert (body.part.name, body.first, body.second_pass, body.end) == ("body", 0, 5, 9)
    assert (face.part.name, face.first, face.second_pass, face.end) == ("face", 9, 14, 14)
    (person,) = plan_lessons(PersonalizationSettings(token_steps=2, adapter_steps=3))
    assert (person.first, person.second_pass, person.end) == (0, 5, 5)


def test_the_second_pass_shows_what_it_painted(workspace, with_second_pass):
    steps = [event for event in reports(workspace, with_second_pass) if event.metrics]
    assert [event.step for event in steps] == list(range(1, 10))
    assert {event.total for event in steps} == {9}
    shown = ["second_pass_loss" in event.metrics for event in steps]
    assert shown == [False] * 6 + [True] * 3


@pytest.mark.slow
def test_a_resumed_second_pass_writes_the_same_bits(workspace, with_second_pass):
    run(workspace, with_second_pass, silent_job("personalize"))
    whole = outputs(workspace)
    for stop in (5, 6, 7, 8):  # before it, at its first picture, and within it
        forget_outputs(workspace)
        run_until(workspace, with_second_pass, stop)
        assert not outputs(workspace)
        run(workspace, with_second_pass, silent_job("personalize"))
        assert outputs(workspace) == whole


def test_a_weight_of_zero_needs_no_conditioner(workspace, settings):
    nothing = SecondPassSettings(steps=1, weight=0.0, conditioner="nobody-has-this")
    events = reports(workspace, changed(settings, second_pass=nothing))
    assert events[-1].step == 7
    assert not any("second_pass_loss" in event.metrics for event in events)


def test_two_adapters_are_written_and_each_is_asked_about_its_own_views(
    workspace, with_face, prior_folder
):
    events = reports(workspace, with_face)
    assert (events[-1].step, events[-1].total) == (12, 12)
    files = {"adapter.json", "adapter.safetensors", "tokens.safetensors"}
    assert set(outputs(workspace)) == {
        *files,
        *(f"face/{name}" for name in files),
        "personalization.json",
    }
    record = json.loads((workspace.personalization / "personalization.json").read_text())
    assert record["has_face"]
    assert Image.open(workspace.preview("personalize", 6)).size == (48, 32)
    personal = load_personalized_prior(prior_folder, workspace.personalization, "cpu")
    face = personal.for_framing("head close-up")
    assert personal.for_framing("full body") is personal
    prompt = personal.prompt(None, "front", "head close-up")
    assert not torch.equal(personal.embed([prompt]).hidden, face.embed([prompt]).hidden)


def test_resumed_adapters_are_the_same_bits(workspace, with_face):
    run(workspace, with_face, silent_job("personalize"))
    whole = outputs(workspace)
    for stop in (4, 6, 7, 11):  # in the body's, at its end, and in the face's
        forget_outputs(workspace)
        run_until(workspace, with_face, stop)
        assert ("adapter.safetensors" in outputs(workspace)) == (stop >= 6)
        assert "personalization.json" not in outputs(workspace)
        run(workspace, with_face, silent_job("personalize"))
        assert outputs(workspace) == whole


def test_going_back_to_one_adapter_leaves_no_face_behind(workspace, settings, with_face):
    run(workspace, with_face, silent_job("personalize"))
    run(workspace, settings, silent_job("personalize"))
    assert not (workspace.personalization / "face").exists()


def test_an_album_without_close_ups_is_refused_before_the_first_step(workspace, settings):
    with pytest.raises(AlbumError, match="shows the face for an adapter of its own"):
        run(workspace, changed(settings, adapters="body and face"), silent_job("personalize"))
    assert not outputs(workspace)
