"""From what is ticked and chosen to what is asked of the backend."""

import pytest
from records import ALBUM, JOB, READY, replace

from blender_addon.album.choice import count_sentence, photos_among, used_photos
from blender_addon.connection.types import Body, Needs
from blender_addon.creation.settings_text import parse_settings
from blender_addon.creation.wish import (
    Wish,
    goes_on_from,
    needs_sentence,
    obstacles,
    obstacles_of_words,
    request_for,
    request_of_words,
)
from blender_addon.errors import AvatarError

WISH = Wish("a1")


def test_a_ready_wish_has_no_obstacle():
    assert obstacles(READY, WISH) == ()


@pytest.mark.parametrize(
    ("snapshot", "wish", "word"),
    [
        (replace(READY, status="starting"), WISH, "backend"),
        (READY, Wish(""), "album"),
        (replace(READY, albums=(replace(ALBUM, state="reading"),)), WISH, "still being read"),
        (READY, Wish("a1", left_out={"p1", "p2"}), "No photo"),
        (READY, Wish("a1", body="smplx"), "Choose your SMPL-X"),
        (READY, Wish("a1", body="smplx", smplx_file="/m/SMPLX.pkl"), ".npz"),
        (
            replace(READY, bodies=(Body("smplx", "SMPL-X", False, "The package is missing."),)),
            Wish("a1", body="smplx", smplx_file="/m/SMPLX.npz"),
            "package is missing",
        ),
    ],
)
def test_what_hinders_is_said(snapshot, wish, word):
    (sentence,) = obstacles(snapshot, wish)
    assert word in sentence


def test_words_alone_need_no_album():
    wish = Wish("", preset="fine", prompt_addition=" a man in a green shirt ")
    assert obstacles_of_words(READY, wish) == ()
    request = request_of_words(READY, replace(wish, workspace="/avatars/man"))
    assert request.path == "/prompts"
    assert request.body == {
        "prompt": "a man in a green shirt",
        "preset": "fine",
        "workspace": "/avatars/man",
    }
    (sentence,) = obstacles_of_words(READY, replace(wish, prompt_addition="  "))
    assert "Describe the person" in sentence


def test_a_new_job_names_the_ticked_photos_only_where_some_are_left_out():
    whole = request_for(READY, WISH, "avatar", None)
    assert whole.path == "/jobs"
    assert "photos" not in whole.body
    assert whole.body["preset"] == "demo"
    part = request_for(READY, replace(WISH, left_out={"p2"}), "avatar", None)
    assert part.body["photos"] == ["p1"]


def test_an_avatar_is_made_from_the_assets_that_were_found():
    wish = replace(WISH, preset="fine", prompt_addition=" smiling ")
    request = request_for(READY, wish, "avatar", JOB)
    assert request.path == "/jobs/j1/resume"
    assert request.body == {"goal": "avatar", "preset": "fine", "prompt_addition": "smiling"}


def test_a_prompt_that_was_emptied_is_empty_for_the_job_that_goes_on():
    found_with_one = replace(JOB, prompt_addition="smiling")
    request = request_for(READY, WISH, "avatar", found_with_one)
    assert request.path == "/jobs/j1/resume"
    assert request.body["prompt_addition"] == ""


@pytest.mark.parametrize(
    ("job", "wish"),
    [
        (replace(JOB, album="a2"), WISH),
        (replace(JOB, state="cancelled"), WISH),
        (replace(JOB, goal="avatar"), WISH),
        (JOB, replace(WISH, body="smplx")),
        (JOB, replace(WISH, known_photos={"j1": frozenset({"p1"})})),
    ],
)
def test_other_photos_or_bodies_begin_anew(job, wish):
    assert not goes_on_from(READY, job, wish)
    assert request_for(READY, wish, "avatar", job).path == "/jobs"


def test_finding_assets_again_is_a_new_job():
    assert request_for(READY, WISH, "assets", JOB).path == "/jobs"


def test_rejected_and_left_out_photos_are_not_used():
    assert [photo.id for photo in used_photos(ALBUM, {"p1"})] == ["p2"]
    assert count_sentence(ALBUM, {"p1"}) == "1 of 3 photos will be used."


def test_only_photos_are_taken_of_dropped_files():
    assert photos_among(["b.HEIC", "a.jpg", "notes.txt", "c.webp.part"]) == ["a.jpg", "b.HEIC"]


@pytest.mark.parametrize(
    ("minutes", "words"), [(0.7, "1 minute,"), (6.2, "6 minutes,"), (180.0, "3.0 hours,")]
)
def test_needs_are_said_as_people_say_them(minutes, words):
    assert words in needs_sentence(Needs(minutes, 2.5, 0.1, "two cores"))


@pytest.mark.parametrize("text", ["{", "[1]", "steps: 3"])
def test_settings_that_are_no_json_object_are_refused_in_words(text):
    with pytest.raises(AvatarError, match="field"):
        parse_settings(text)
