"""From what is ticked and chosen to what is asked of the backend."""

import pytest
from records import ALBUM, JOB, READY, replace

from blender_addon.album.choice import (
    album_files,
    album_path,
    awaits_hero,
    count_sentence,
    funnel_rows,
    used_photos,
    warning_sentences,
)
from blender_addon.connection.types import Body, FunnelRow, Needs, PhotoFit
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
    assert [photo.id for photo in used_photos(ALBUM, {"p1"}, ())] == ["p2"]
    assert count_sentence(ALBUM, {"p1"}, ()) == "1 of 3 photos will be used."


def test_the_artist_has_the_last_word_both_ways():
    assert [photo.id for photo in used_photos(ALBUM, {"p1"}, {"p3"})] == ["p2", "p3"]
    unreadable = replace(ALBUM, photos=(replace(ALBUM.photos[2], is_readable=False),))
    assert used_photos(unreadable, (), {"p3"}) == ()
    request = request_for(READY, replace(WISH, left_out={"p1"}, kept={"p3"}), "avatar", None)
    assert request.body["photos"] == ["p2", "p3"]


def test_the_hero_photo_is_handed_in_with_the_job():
    starred = replace(WISH, hero="p1", settings={"sculpt": {"steps": 9}})
    settings = request_for(READY, starred, "avatar", None).body["settings"]
    assert settings == {"sculpt": {"steps": 9}, "refine": {"hero_photo": "p1"}}
    typed = replace(WISH, hero="p1", settings={"refine": {"hero_photo": "p2", "visits": 4}})
    settings = request_for(READY, typed, "avatar", None).body["settings"]
    assert settings == {"refine": {"hero_photo": "p2", "visits": 4}}


def test_a_star_that_was_taken_off_is_said_to_the_job_that_goes_on():
    request = request_for(READY, WISH, "avatar", replace(JOB, hero_photo="p1"))
    assert request.path == "/jobs/j1/resume"
    assert request.body["settings"] == {"refine": {"hero_photo": ""}}
    assert "settings" not in request_for(READY, WISH, "avatar", None).body


@pytest.mark.parametrize("choice", [{"left_out": {"p1"}}, {"hero": "p3"}])
def test_a_photo_that_is_not_used_is_no_hero(choice):
    wish = replace(replace(WISH, hero="p1"), **choice)
    assert "settings" not in request_for(READY, wish, "avatar", None).body


@pytest.mark.parametrize(
    ("job", "hero", "awaits"),
    [
        (replace(JOB, goal="avatar"), "p1", True),
        (replace(JOB, goal="avatar", hero_photo="p1"), "p1", False),
        (replace(JOB, goal="avatar", hero_photo="p1"), "", True),
        (replace(JOB, goal="avatar", state="running"), "p1", False),
        (JOB, "p1", False),
        (None, "p1", False),
    ],
)
def test_an_avatar_that_is_made_waits_for_another_hero(job, hero, awaits):
    assert awaits_hero(job, hero) == awaits


def test_the_funnel_ends_with_what_is_ticked():
    funnel = (FunnelRow("found", 3), FunnelRow("sharp", 2), FunnelRow("used", 2))
    rows = funnel_rows(replace(ALBUM, funnel=funnel), (), {"p3"})
    assert [row.count for row in rows] == [3, 2, 3]
    assert funnel_rows(ALBUM, (), ()) == ()


def test_what_a_fit_found_stands_beside_what_the_album_says():
    fit = PhotoFit("p2", "p2.jpg", ("The body doesn't lie well.",))
    stranger = PhotoFit("p1", "other.jpg", ("Of another album.",))
    said = warning_sentences(ALBUM.photos, replace(JOB, doubtful_photos=(fit, stranger)))
    assert [text for _, text in said] == [
        "p2.jpg: It is blurred.",
        "p2.jpg: The body doesn't lie well.",
        "p3.jpg: No person.",
    ]


def test_photos_and_videos_are_taken_of_dropped_files():
    names = ["b.HEIC", "a.jpg", "notes.txt", "c.webp.part", "Clip.MOV"]
    assert album_files(names) == ["Clip.MOV", "a.jpg", "b.HEIC"]


def test_a_marked_video_is_the_album_and_a_marked_photo_means_its_folder():
    assert album_path("/photos/", "clip.mp4") == "/photos/clip.mp4"
    assert album_path("/photos/", "IMG_1.jpg") == "/photos/"


@pytest.mark.parametrize(
    ("minutes", "words"), [(0.7, "1 minute,"), (6.2, "6 minutes,"), (180.0, "3.0 hours,")]
)
def test_needs_are_said_as_people_say_them(minutes, words):
    assert words in needs_sentence(Needs(minutes, 2.5, 0.1, "two cores"))


@pytest.mark.parametrize("text", ["{", "[1]", "steps: 3"])
def test_settings_that_are_no_json_object_are_refused_in_words(text):
    with pytest.raises(AvatarError, match="field"):
        parse_settings(text)
