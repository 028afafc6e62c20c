"""The wardrobe through the API, and what is refused before anything is tried on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from album2avatar.jobs.records import JobRecord
from finished_avatar import ENDED, JOB, plant_avatar, plant_job
from running_service import RunningService, read_events


@pytest.fixture(scope="module")
def dressed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """A service with Anna's finished job and her pieces; its queue is paused."""
    folder = tmp_path_factory.mktemp("dressed")
    plant_avatar(folder)
    running = RunningService(folder)
    running.client.put("/queue", json={"paused": True})
    yield running
    running.end()


@pytest.fixture(scope="module")
def pieces(dressed: RunningService) -> dict[str, str]:
    """Kind of each piece to its id."""
    return {item["kind"]: item["id"] for item in dressed.get("/wardrobe")["items"]}


def ids(service: RunningService, query: str = "", part: str = "items") -> list[str]:
    return [item["id"] for item in service.get(f"/wardrobe{query}")[part]]


class TestWardrobe:
    def test_pieces_say_what_they_are_and_whose(
        self, dressed: RunningService, pieces: dict[str, str]
    ):
        items = {item["kind"]: item for item in dressed.get("/wardrobe")["items"]}
        assert set(items) == {"hair", "top", "bottom"}
        assert (items["top"]["name"], items["top"]["source"]) == ("shirt", "Anna")
        for item in items.values():
            picture = dressed.client.get(f"/artifacts/{item['icon']}")
            assert picture.headers["content-type"] == "image/png"
            assert picture.content.startswith(b"\x89PNG")

    def test_the_list_is_filtered_by_kind(self, dressed: RunningService, pieces: dict[str, str]):
        assert ids(dressed, "?kind=top") == [pieces["top"]]
        assert ids(dressed, "?kind=shoes") == []
        assert dressed.client.get("/wardrobe?kind=socks").status_code == 422

    def test_a_piece_gets_another_name(self, dressed: RunningService, pieces: dict[str, str]):
        path = f"/wardrobe/{pieces['hair']}"
        assert dressed.client.patch(path, json={"name": "wig"}).json()["name"] == "wig"
        assert dressed.client.patch(path, json={"name": " "}).status_code == 422
        named = {item["id"]: item["name"] for item in dressed.get("/wardrobe")["items"]}
        assert named[pieces["hair"]] == "wig"

    def test_a_deleted_piece_can_be_brought_back(
        self, dressed: RunningService, pieces: dict[str, str]
    ):
        piece = pieces["bottom"]
        assert dressed.client.delete(f"/wardrobe/{piece}").status_code == 204
        assert piece not in ids(dressed)
        assert ids(dressed, part="deleted") == [piece]
        assert dressed.client.get(f"/artifacts/{piece}.icon").status_code == 404
        assert dressed.client.delete(f"/wardrobe/{piece}").status_code == 404
        assert dressed.post(f"/wardrobe/{piece}/restore")["id"] == piece
        assert piece in ids(dressed)
        assert dressed.client.post(f"/wardrobe/{piece}/restore").status_code == 404

    def test_a_piece_travels_as_one_file(
        self, dressed: RunningService, pieces: dict[str, str], tmp_path: Path
    ):
        piece, file = pieces["top"], tmp_path / "shirt.a2atoken"
        dressed.post(f"/wardrobe/{piece}/export", {"path": str(file)})
        dressed.client.delete(f"/wardrobe/{piece}")
        answer = dressed.client.post("/wardrobe/import", json={"path": str(file)})
        assert (answer.status_code, answer.json()["id"]) == (201, piece)
        assert piece in ids(dressed)

    @pytest.mark.parametrize("path", ["shirt.a2atoken", "/tmp/shirt.zip", "/nowhere/x.a2atoken"])
    def test_a_crooked_path_is_refused_with_a_sentence(
        self, dressed: RunningService, pieces: dict[str, str], path: str
    ):
        for action in ("import", f"{pieces['top']}/export"):
            answer = dressed.client.post(f"/wardrobe/{action}", json={"path": path})
            assert answer.status_code == 422
            assert answer.json()["error"]["message"].endswith(".")

    def test_a_damaged_file_is_refused_and_changes_nothing(
        self, dressed: RunningService, tmp_path: Path
    ):
        (tmp_path / "letter.a2atoken").write_text("Dear aunt, this is no token.")
        before = ids(dressed)
        answer = dressed.client.post(
            "/wardrobe/import", json={"path": str(tmp_path / "letter.a2atoken")}
        )
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "wardrobe")
        assert ids(dressed) == before

    @pytest.mark.parametrize("piece", ["w000000000000", "..", "%2e%2e", ".deleted", "w", "top"])
    def test_no_other_id_leads_anywhere(self, dressed: RunningService, piece: str):
        path = f"/wardrobe/{piece}"
        assert dressed.client.patch(path, json={"name": "x"}).status_code in (404, 405)
        assert dressed.client.delete(path).status_code in (404, 405)
        assert dressed.client.post(f"{path}/restore").status_code in (404, 405)
        assert dressed.client.get(f"/artifacts/{piece}.icon").status_code == 404


class TestTryingOn:
    def test_a_swap_is_a_job_with_stages_of_its_own(
        self, dressed: RunningService, pieces: dict[str, str]
    ):
        answer = dressed.client.post("/swaps", json={"job": JOB, "entry": pieces["top"]})
        assert answer.status_code == 202
        job = answer.json()
        assert (job["goal"], job["base"], job["state"]) == ("swap", JOB, "queued")
        assert job["title"] == "Anna with shirt"
        assert job["garment"] == {"kind": "top", "entry": pieces["top"], "words": ""}
        assert job["stage_count"] == 5
        assert job["id"] in dressed.get("/queue")["order"]
        assert not job["has_assets"]
        assert dressed.get(f"/jobs/{job['id']}/assets")["assets"] == []

    def test_words_need_no_piece_and_settings_differ_from_the_bases(self, dressed: RunningService):
        body = {"job": JOB, "kind": "bottom", "words": "red skirt", "settings": {"seed": 5}}
        job = dressed.post("/swaps", {**body, "title": "Anna in red"})
        assert job["title"] == "Anna in red"
        assert job["garment"]["words"] == "red skirt"
        record = JobRecord.model_validate_json(
            (dressed.state / "jobs" / job["id"] / "job.json").read_bytes()
        )
        assert record.settings().seed == 5
        assert record.settings().prior == str(dressed.folder / "prior")

    def test_a_key_makes_one_swap(self, dressed: RunningService, pieces: dict[str, str]):
        body = {"job": JOB, "entry": pieces["hair"]}
        key = {"Idempotency-Key": "click-7"}
        first = dressed.client.post("/swaps", json=body, headers=key).json()["id"]
        assert dressed.client.post("/swaps", json=body, headers=key).json()["id"] == first
        other = dressed.client.post("/swaps", json={**body, "title": "B"}, headers=key)
        assert other.status_code == 409

    @pytest.mark.parametrize(
        ("changes", "status", "named"),
        [
            ({"job": "j000000000000"}, 404, "job"),
            ({"entry": "w000000000000"}, 404, "wardrobe"),
            ({"entry": "../secret"}, 404, "wardrobe"),
            ({"kind": "shoes"}, 422, "shoes"),
            ({"entry": None}, 422, "Choose a piece"),
            ({"entry": None, "kind": "top", "words": "  "}, 422, "Choose a piece"),
            ({"entry": None, "kind": "face", "words": "old man"}, 422, "face"),
            ({"entry": None, "kind": "top", "words": "x" * 61}, 422, "words"),
            ({"settings": {"paint": {"stepps": 3}}}, 422, "paint.stepps"),
            ({"settings": {"prior": "no-such-model"}}, 422, "no-such-model"),
            ({"workspace": "relative"}, 409, "relative"),
            ({"workspace": "{base}/variant"}, 409, "Choose another folder"),
            ({"workspace": "{base}"}, 409, "works in"),
        ],
    )
    def test_what_can_not_be_put_on_is_refused_with_a_sentence(
        self,
        dressed: RunningService,
        pieces: dict[str, str],
        changes: dict[str, Any],
        status: int,
        named: str,
    ):
        body = {"job": JOB, "entry": pieces["top"], **changes}
        if "workspace" in body:
            body["workspace"] = body["workspace"].format(base=dressed.folder / "Anna")
        before = dressed.get("/jobs")
        answer = dressed.client.post("/swaps", json=body)
        assert answer.status_code == status, answer.text
        assert named in answer.json()["error"]["message"]
        assert dressed.get("/jobs") == before

    def test_only_a_finished_avatar_is_dressed(
        self, dressed: RunningService, pieces: dict[str, str]
    ):
        job = dressed.small_job(dressed.small_album(), goal="avatar", name="unfinished")
        answer = dressed.client.post("/swaps", json={"job": job, "entry": pieces["top"]})
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")
        assert "no finished avatar" in answer.json()["error"]["message"]

    def test_a_variant_that_rests_stays_a_variant(
        self, dressed: RunningService, pieces: dict[str, str]
    ):
        job = dressed.post("/swaps", {"job": JOB, "entry": pieces["bottom"]})["id"]
        dressed.post(f"/jobs/{job}/cancel")
        answer = dressed.client.post(f"/jobs/{job}/resume", json={"goal": "avatar"})
        assert answer.status_code == 409
        assert dressed.client.delete(f"/jobs/{job}/assets/top").status_code == 409
        resumed = dressed.post(f"/jobs/{job}/resume", {})
        assert (resumed["goal"], resumed["state"]) == ("swap", "queued")
        dressed.post(f"/jobs/{job}/cancel")
        assert dressed.client.delete(f"/jobs/{job}?files=true").status_code == 204

    def test_files_that_a_swap_waits_for_are_not_deleted(
        self, dressed: RunningService, pieces: dict[str, str]
    ):
        dressed.post("/swaps", {"job": JOB, "entry": pieces["hair"], "title": "Anna in wait"})
        answer = dressed.client.delete(f"/jobs/{JOB}?files=true")
        assert answer.status_code == 409
        assert "being made from this avatar's files" in answer.json()["error"]["message"]
        assert (dressed.folder / "Anna" / "export" / "avatar.glb").exists()


def test_a_piece_of_another_model_is_refused(tmp_path: Path):
    plant_avatar(tmp_path)
    record = tmp_path / "Anna" / "personalization" / "personalization.json"
    record.write_text(record.read_text().replace('"prior_hash": "', '"prior_hash": "f00d'))
    service = RunningService(tmp_path)
    piece = service.get("/wardrobe")["items"][0]
    answer = service.client.post("/swaps", json={"job": JOB, "entry": piece["id"]})
    service.end()
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "wardrobe")
    assert piece["name"] in answer.json()["error"]["message"]


def test_a_job_file_from_before_there_were_swaps_is_read(tmp_path: Path):
    plant_job(
        tmp_path,
        {
            "format": 1,
            "id": JOB,
            "title": "Anna",
            "goal": "assets",
            "album": "a0123456789ab",
            "folder": str(tmp_path / "album"),
            "photos": ["IMG_0401.jpg"],
            "preset": "demo",
            "body": "anny",
            "smplx_file": "",
            "prompt_addition": "",
            "differences": [],
            "workspace_root": str(tmp_path / "Anna"),
            "idempotency_key": "",
            "request_digest": "",
            "state": "done",
            "message": "",
            "error": None,
            "run": 1,
            "attempts": 1,
            "created_at": ENDED,
            "queued_at": ENDED,
            "started_at": ENDED,
            "finished_at": ENDED,
        },
    )
    service = RunningService(tmp_path)
    job = service.job(JOB)
    service.end()
    assert (job["goal"], job["state"], job["base"], job["garment"]) == (
        "assets",
        "done",
        None,
        None,
    )


@pytest.mark.slow
def test_a_garment_is_tried_on_from_the_album_to_the_variant(own_service: RunningService):
    """With its pictures and events, stopped and resumed, and without its base in the end."""
    base = own_service.small_job(own_service.small_album(), goal="avatar")
    own_service.wait_for(base, "done", seconds=400)
    _resume_without_wardrobe(own_service, base)
    worn = {item["kind"]: item["id"] for item in own_service.get("/wardrobe")["items"]}
    assert {"face", "top", "bottom"} <= set(worn)
    variant = own_service.post("/swaps", {"job": base, "entry": worn["top"]})["id"]
    own_service.wait_for_stage(variant, "sculpt")
    own_service.post(f"/jobs/{variant}/cancel")
    stopped = own_service.wait_for(variant, "cancelled")
    assert own_service.client.delete(f"/jobs/{base}?files=true").status_code == 204
    own_service.client.delete(f"/wardrobe/{worn['top']}")
    assert own_service.post(f"/jobs/{variant}/resume")["goal"] == "swap"
    done = own_service.wait_for(variant, "done", seconds=400)
    assert (done["base"], done["attempts"]) == (base, stopped["attempts"] + 1)
    assert own_service.client.get(f"/artifacts/{done['avatar']}").content.startswith(b"glTF")
    assert own_service.client.get(f"/artifacts/{done['preview']}").content.startswith(b"\x89PNG")
    with own_service.client.stream("GET", f"/jobs/{variant}/events") as stream:
        events = read_events(stream.iter_lines())
    stages = [data["stage"] for _, kind, data in events if kind == "progress"]
    assert list(dict.fromkeys(stages)) == ["compose", "sculpt", "paint", "rig", "export"]
    titles = {data["stage_title"] for _, kind, data in events if kind == "progress"}
    assert "Shape the garment" in titles
    again = own_service.post("/swaps", {"job": variant, "kind": "bottom", "words": "red skirt"})
    assert (again["base"], again["title"]) == (variant, f"{done['title']}, red skirt")
    own_service.post(f"/jobs/{again['id']}/cancel", {"force": True})
    own_service.wait_for(again["id"], "cancelled")
    assert own_service.client.delete(f"/jobs/{variant}?files=true").status_code == 204
    assert not Path(done["workspace"]).exists()


def _resume_without_wardrobe(service: RunningService, job: str) -> None:
    """An avatar whose pieces can't be kept is made all the same."""
    folder = service.folder / "data" / "album2avatar" / "wardrobe"
    folder.rename(folder.with_name("aside"))
    folder.write_text("no folder")
    service.post(f"/jobs/{job}/resume")
    service.wait_for(job, "done")
    assert "WardrobeError" in Path(service.job(job)["log_path"]).read_text()
    folder.unlink()
    folder.with_name("aside").rename(folder)
