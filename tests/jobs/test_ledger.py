"""The ledger on its own: each test has processes of its own, as DBOS allows one ledger in each."""

import json
import os
import pwd
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

RUN = """
import sys, time
from album2avatar.jobs.ledger import Ledger
url, out, action = sys.argv[1:]

def execute(job, run):
    with open(out, "a") as file:
        file.write(f"{job} {run} begins\\n")
    if job == "long":
        time.sleep(1000)
    if job == "broken":
        raise ValueError("such things happen")
    with open(out, "a") as file:
        file.write(f"{job} {run} ends\\n")

ledger = Ledger(url, "tester")
ledger.open(execute)
for item in action.split(","):
    if item:
        ledger.enqueue(item, 1)
        ledger.enqueue(item, 1)
print("open", flush=True)
time.sleep(1000)
"""


class LedgerProcess:
    """A process that carries out what it is handed, and can be killed."""

    def __init__(self, url: str, out: Path) -> None:
        self.url = url
        self.out = out
        self.process: subprocess.Popen[str] | None = None

    def start(self, *jobs: str) -> None:
        command = [sys.executable, "-c", RUN, self.url, str(self.out), ",".join(jobs)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "open\n"

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def wait_for(self, *lines: str) -> None:
        end = time.monotonic() + 10
        while self.said() != list(lines):
            assert time.monotonic() < end, self.said()
            time.sleep(0.05)

    def said(self) -> list[str]:
        return self.out.read_text().splitlines() if self.out.exists() else []


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """URL of an empty database of a Postgres of our own."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not binaries:
        pytest.skip("Postgres is not installed")
    folder = tmp_path_factory.mktemp("postgres")
    who: dict[str, object] = {}
    if os.getuid() == 0:  # Postgres refuses to run as root
        who = {"user": "postgres"}
        for part in (folder, *folder.parents[:2]):
            part.chmod(0o755)
        shutil.chown(folder, "postgres")
        if "postgres" not in {user.pw_name for user in pwd.getpwall()}:
            pytest.skip("Postgres has no user")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = folder / "data"
    initdb = [str(binaries[-1] / "initdb"), "-D", str(data), "-A", "trust", "-U", "artist"]
    subprocess.run(initdb, check=True, capture_output=True, cwd=folder, **who)  # pyright: ignore
    server = subprocess.Popen(
        [str(binaries[-1] / "postgres"), "-D", str(data), "-p", str(port), "-k", str(folder),
         "-c", "listen_addresses=127.0.0.1"],
        stderr=subprocess.DEVNULL, cwd=folder, **who,
    )  # fmt: skip  # pyright: ignore
    try:
        _wait_until_open(port)
        yield f"postgresql+psycopg://artist@127.0.0.1:{port}/ledger"
    finally:
        server.terminate()
        server.wait(20)


def _wait_until_open(port: int) -> None:
    for _ in range(100):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                time.sleep(0.5)
                return
        time.sleep(0.1)
    raise TimeoutError("Postgres doesn't start")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LedgerProcess]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'ledger.sqlite'}"
    else:
        url = request.getfixturevalue("postgres") + f"_{time.monotonic_ns()}"
    process = LedgerProcess(url, tmp_path / "out")
    yield process
    process.kill()


def test_runs_are_carried_out_once_and_in_order(ledger: LedgerProcess):
    ledger.start("one", "two", "three")
    ledger.wait_for(
        "one 1 begins", "one 1 ends", "two 1 begins", "two 1 ends", "three 1 begins", "three 1 ends"
    )


def test_a_killed_run_is_begun_again_before_those_that_wait(ledger: LedgerProcess):
    ledger.start("long", "next")
    ledger.wait_for("long 1 begins")
    for count in range(2, 4):
        ledger.kill()
        ledger.start()
        ledger.wait_for(*["long 1 begins"] * count)


def test_a_run_that_breaks_does_not_stop_the_queue(ledger: LedgerProcess):
    ledger.start("broken", "next")
    ledger.wait_for("broken 1 begins", "next 1 begins", "next 1 ends")


def test_nothing_executable_is_stored(tmp_path: Path):
    path = tmp_path / "ledger.sqlite"
    ledger = LedgerProcess(f"sqlite:///{path}", tmp_path / "out")
    ledger.start("one", "broken")
    ledger.wait_for("one 1 begins", "one 1 ends", "broken 1 begins")
    time.sleep(0.5)
    ledger.kill()
    found = 0
    with sqlite3.connect(path) as database:
        tables = [
            name
            for (name,) in database.execute("select name from sqlite_master where type = 'table'")
        ]
        for table in tables:
            if not table.startswith("workflow_"):
                continue
            rows = database.execute(f"select * from {table}")
            columns = [column[0] for column in rows.description]
            for row in rows:
                values = dict(zip(columns, row, strict=True))
                for column in ("inputs", "output", "error"):
                    if values.get(column) is not None:
                        json.loads(values[column])
                        found += 1
    assert found >= 3
