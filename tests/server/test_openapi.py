"""Whatever the OpenAPI allows, and what it doesn't: no crash, and nothing without the token."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
import schemathesis
from hypothesis import strategies

from finished_avatar import JOB, plant_avatar
from running_service import RunningService
from small_videos import wandering, write_video

EXAMPLES = 30

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def fuzzed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service that gets to hear everything; its queue is paused, so that no job begins."""
    folder = tmp_path_factory.mktemp("fuzzed")
    plant_avatar(folder)
    running = RunningService(folder)
    running.client.put("/queue", json={"paused": True})
    yield running
    running.end()


@pytest.fixture(scope="module")
def ids(fuzzed: RunningService) -> dict[str, str]:
    """What there is: an album, a job that rests, its artifact, a piece to put on, a video."""
    album = fuzzed.small_album()
    job = fuzzed.small_job(album)
    fuzzed.post(f"/jobs/{job}/cancel")
    entry = fuzzed.get("/wardrobe?kind=top")["items"][0]["id"]
    artifact = f"{album}.thumbnail.img_0401"
    video = write_video(fuzzed.folder / "dance.mp4", wandering(4))
    return {
        "album": album,
        "job": job,
        "artifact": artifact,
        "kind": "top",
        "entry": entry,
        "photo": "img_0401",
        "video": str(video),
    }


def test_no_request_crashes_and_none_passes_without_the_token(
    fuzzed: RunningService, ids: dict[str, str]
):
    document = fuzzed.client.get("/openapi.json").json()
    del document["paths"]["/v1/service/stop"]  # ends the service
    del document["paths"]["/v1/doctor"]  # takes seconds
    schema = schemathesis.openapi.from_dict(document)
    operations = [result.ok() for result in schema.get_all_operations()]
    passed: set[str] = set()
    for operation in operations:
        fuzzed.post(f"/jobs/{ids['job']}/cancel")  # the events of a resting job come to an end
        passed |= _try_out(operation, fuzzed, ids)
    assert len(operations) > 20
    assert {
        "POST /v1/swaps",
        "POST /v1/clips",
        "PATCH /v1/wardrobe/{entry}",
        "GET /v1/wardrobe",
    } <= passed
    assert len(passed) > 15  # the examples get further than to the first refusal


def _try_out(operation: Any, service: RunningService, ids: dict[str, str]) -> set[str]:
    """Call an operation with examples; give its name if one of them succeeded."""
    passed: set[str] = set()

    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    @hypothesis.given(case=operation.as_strategy(), is_known=strategies.booleans())
    def call(case: Any, is_known: bool) -> None:
        if operation.path == "/v1/queue" and isinstance(case.body, dict):
            case.body["paused"] = True
        if is_known and operation.method.upper() != "DELETE":
            case.path_parameters |= {name: ids[name] for name in case.path_parameters}
        if is_known and operation.path == "/v1/jobs" and isinstance(case.body, dict):
            case.body |= {"album": ids["album"], "photos": None, "settings": {}, "preset": "demo"}
        if is_known and operation.path == "/v1/swaps" and isinstance(case.body, dict):
            case.body |= {"job": JOB, "entry": ids["entry"], "kind": "top", "settings": {}}
            case.body["workspace"] = None
        if is_known and operation.path == "/v1/clips" and isinstance(case.body, dict):
            case.body |= {"job": JOB, "video": ids["video"], "settings": {}, "workspace": None}
        url = service.ready["url"]
        assert case.call(base_url=url).status_code == 401
        answer = case.call(base_url=url, headers={"Authorization": f"Bearer {service.token}"})
        assert answer.status_code < 500, answer.text
        if answer.status_code < 400:
            passed.add(operation.label)
        else:
            error = answer.json()["error"]
            assert error["code"]
            assert error["message"]

    call()
    return passed


def test_the_service_lived_through_it(fuzzed: RunningService):
    assert fuzzed.get("/health")["status"] == "ok"
    log = Path(fuzzed.state / "service.log").read_text()
    assert "Traceback" not in log


def test_every_route_says_its_errors(fuzzed: RunningService):
    document = fuzzed.client.get("/openapi.json").json()
    operations = [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    assert len(operations) > 20
    assert document["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
    for path, method, operation in operations:
        assert {"401", "404", "409", "422"} <= set(operation["responses"]), (path, method)
        assert operation.get("description"), (path, method)
