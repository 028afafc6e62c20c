"""`album2avatar evaluate` from the command line."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest


def start(folder: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "album2avatar.cli", "evaluate", str(folder), *options]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment)


def evaluate(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    process = start(folder, *options)
    out, err = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


@pytest.mark.parametrize(
    ("contenders", "said"), [("ours; nobody", "Nobody is called"), ("tech; tech", "twice")]
)
def test_contenders_that_cant_be_compared_are_refused_at_once(
    tmp_path: Path, contenders: str, said: str
):
    result = evaluate(tmp_path / "bench", "--contenders", contenders)
    assert result.returncode != 0
    assert said in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "bench").exists()


def test_an_avatar_that_cant_be_made_leaves_its_trial_out_and_the_others_go_on(tmp_path: Path):
    """Both albums are damaged here: what was done before stays, and both are told."""
    for person in (0, 1):
        masks = tmp_path / "albums" / f"person_{person}-seed_0" / "masks"
        masks.mkdir(parents=True)
        (masks / "names.json").write_text("{}")
    result = evaluate(tmp_path, "--first", "0", "--people", "2", "--seeds", "1")
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    told = json.loads((tmp_path / "synthioi.json").read_text())
    assert [failure["person"] for failure in told["failures"]] == [0, 1]
    for failure in told["failures"]:
        assert failure["reason"] in result.stderr
        assert failure["reason"] in (tmp_path / "synthioi.md").read_text()


@pytest.mark.slow
def test_an_interrupted_benchmark_goes_on_where_it_stopped(tmp_path: Path):
    options = ("--contenders", "ours/4", "--people", "1", "--seeds", "1")
    options += ("--sculpt-calls", "24", "--paint-calls", "24")
    process = start(tmp_path, *options)
    learned = tmp_path / "personalized"
    while process.poll() is None and not list(learned.glob("*/workspace.json")):
        time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate()
    assert process.returncode == 130, said
    (draft,) = tmp_path.glob("drafted/*/workspace.json")
    made = draft.stat().st_mtime_ns
    assert evaluate(tmp_path, *options).returncode == 0
    assert draft.stat().st_mtime_ns == made
    assert (tmp_path / "synthioi.png").exists()


@pytest.mark.slow
def test_a_small_benchmark_is_written_and_found_again(tmp_path: Path):
    """The second time nothing is made: the table stands there in seconds, and is the same."""
    options = ("--contenders", "ours; tech", "--people", "1", "--seeds", "1")
    options += ("--sculpt-calls", "24", "--paint-calls", "24")
    first = evaluate(tmp_path, *options)
    assert first.returncode == 0, first.stderr
    told = json.loads((tmp_path / "synthioi.json").read_text())
    assert told["means"]["the person"]["chamfer"] < 0.05
    assert told["means"]["ours"]["prior_calls"] <= 48
    assert told["means"]["ours"]["swap_change"] == 0
    results = {path: path.stat().st_mtime_ns for path in (tmp_path / "results").rglob("*")}
    again = evaluate(tmp_path, *options)
    assert again.stdout == first.stdout
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "results").rglob("*")} == results
