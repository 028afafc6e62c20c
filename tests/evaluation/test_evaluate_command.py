"""`album2avatar evaluate` from the command line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def evaluate(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "album2avatar.cli", "evaluate", str(folder), *options]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


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
