"""Which photo a job's avatar looks like most: what was asked for last."""

from pathlib import Path

import pytest

from album2avatar.jobs.records import JobRecord, now

STAR = {"refine": {"hero_photo": "img_1"}}


@pytest.mark.parametrize(
    ("asked", "hero"),
    [
        ((), ""),
        ((STAR,), "img_1"),
        ((STAR, {"refine": {"visits": 9}}), "img_1"),
        ((STAR, {"refine": {"hero_photo": ""}}), ""),
        (({"refine": {"hero_photo": ""}}, STAR, {"paint": {"steps": 9}}), "img_1"),
    ],
)
def test_the_newest_wish_counts_as_in_the_settings(asked, hero):
    record = JobRecord(
        id="j0123456789ab",
        title="Summer",
        goal="avatar",
        album=None,
        folder=None,
        photos=(),
        preset="demo",
        differences=asked,
        workspace_root=Path("/avatars/summer"),
        created_at=now(),
        queued_at=now(),
    )
    assert record.hero_photo == record.settings().refine.hero_photo == hero
