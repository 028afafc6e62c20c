"""The doctor finds what is there, and says what to do about what is not."""

import json
import sys
from pathlib import Path

import pytest

from album2avatar import model_folders
from album2avatar.cli import main
from album2avatar.doctor import examine


def test_everything_that_is_not_ready_comes_with_a_remedy():
    for finding in examine():
        assert finding.state == "ready" or finding.remedy, finding.subject


def test_a_missing_model_is_named_with_where_to_put_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """An installation whose shipped models and user models are gone."""
    monkeypatch.setattr(model_folders, "shipped_models", lambda: tmp_path / "gone")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.delenv(model_folders.MODELS_VARIABLE, raising=False)
    monkeypatch.setattr(sys, "argv", ["album2avatar", "doctor", "--json"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    findings = {found["subject"]: found for found in json.loads(capsys.readouterr().out)}
    assert findings["demo-prior"]["state"] == "broken"
    assert str(tmp_path) in findings["demo-prior"]["remedy"]
    assert findings["torch"]["state"] == "ready"


def test_a_model_of_one_s_own_comes_before_the_shipped_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    own = tmp_path / "models" / "demo-prior"
    own.mkdir(parents=True)
    (own / "model_index.json").write_text("{}")
    monkeypatch.setenv(model_folders.MODELS_VARIABLE, str(tmp_path / "models"))
    prior = next(finding for finding in examine() if finding.subject == "demo-prior")
    assert prior.detail == str(own)


def test_models_for_photographs_are_optional_and_found_where_they_are_put(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv(model_folders.MODELS_VARIABLE, str(tmp_path / "models"))
    before = {finding.subject: finding for finding in examine()}
    assert before["segment_anything"].state == "ready"
    assert (before["Grounding DINO"].state, before["SAM"].state) == ("optional", "optional")
    assert "IDEA-Research/grounding-dino-tiny" in before["Grounding DINO"].remedy
    assert str(tmp_path / "models") in before["SAM"].remedy
    detector = tmp_path / "models" / "IDEA-Research" / "grounding-dino-tiny"
    detector.mkdir(parents=True)
    checkpoint = tmp_path / "models" / "sam_vit_h_4b8939.pth"
    checkpoint.touch()
    after = {finding.subject: finding for finding in examine()}
    assert (after["Grounding DINO"].state, after["SAM"].state) == ("ready", "ready")
    assert after["SAM"].detail == str(checkpoint)
