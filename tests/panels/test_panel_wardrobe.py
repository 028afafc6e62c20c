"""Who puts on what, and how it is asked for."""

import pytest
from records import JOB, READY, replace

from blender_addon.connection.types import WardrobeItem
from blender_addon.wardrobe.kinds import EVERY_KIND, KIND_TITLES, WORN_KINDS, of_kind, tooltip
from blender_addon.wardrobe.wish import Garment, obstacles, relatives, request_for, wearer

MIA = replace(JOB, id="j1", title="Mia", goal="avatar")
LEO = replace(JOB, id="j2", title="Leo", goal="avatar")
JACKET = replace(MIA, id="j3", title="Mia with jacket", goal="swap", base="j1")
SKIRT = replace(MIA, id="j4", title="Mia with jacket, skirt", goal="swap", base="j3")
KNOWN = replace(READY, jobs=(SKIRT, JACKET, LEO, MIA))
SWEATER = WardrobeItem("w1", "top", "sweater", "<asset1>", "Leo", True, "w1.icon")
SHOES = WardrobeItem("w2", "shoes", "boots", "<asset2>", "Leo", False, "w2.icon")


def test_the_active_avatar_is_dressed_whatever_job_is_chosen():
    assert wearer(KNOWN, "j1", True, "j2") == MIA
    assert wearer(KNOWN, None, False, "j2") == LEO


def test_an_avatar_of_no_known_job_is_never_mistaken_for_the_chosen_one():
    for job in (None, "j9"):
        assert wearer(KNOWN, job, True, "j2") is None
        (sentence,) = obstacles(KNOWN, None, True)
        assert "add it to the scene" in sentence


@pytest.mark.parametrize(
    ("snapshot", "job", "word"),
    [
        (replace(KNOWN, status="off"), MIA, "backend"),
        (KNOWN, None, "Click on an avatar"),
        (KNOWN, replace(MIA, state="running"), "come to an end"),
        (KNOWN, JOB, "come to an end"),
    ],
)
def test_what_hinders_is_said(snapshot, job, word):
    (sentence,) = obstacles(snapshot, job, False)
    assert word in sentence


@pytest.mark.parametrize("job", [MIA, JACKET])
def test_finished_avatars_and_their_variants_can_be_dressed(job):
    assert obstacles(KNOWN, job, True) == ()


def test_a_piece_is_asked_for_by_its_id_and_words_by_their_kind():
    piece = request_for(MIA, Garment(entry="w1"), None)
    assert (piece.path, piece.body) == ("/swaps", {"job": "j1", "entry": "w1"})
    words = request_for(MIA, Garment(kind="top", words=" blue shirt "), "/avatars/mia-2")
    assert words.body == {
        "job": "j1",
        "kind": "top",
        "words": "blue shirt",
        "workspace": "/avatars/mia-2",
    }


def test_variants_of_variants_are_relatives_and_other_people_are_not():
    assert relatives(KNOWN, SKIRT) == {"j1", "j3", "j4"}
    assert relatives(KNOWN, LEO) == {"j2"}
    without_first = replace(KNOWN, jobs=(SKIRT, JACKET, LEO))
    assert relatives(without_first, SKIRT) == {"j1", "j3", "j4"}


def test_a_ring_of_bases_has_an_end():
    ring = replace(READY, jobs=(replace(JACKET, base="j4"), replace(SKIRT, base="j3")))
    assert relatives(ring, ring.jobs[0]) == {"j3", "j4"}


def test_the_filter_keeps_one_kind_or_all():
    assert of_kind((SWEATER, SHOES), "shoes") == (SHOES,)
    assert of_kind((SWEATER, SHOES), EVERY_KIND) == (SWEATER, SHOES)


def test_a_hint_says_whose_the_piece_is():
    assert tooltip(SWEATER) == "Put sweater on: it was learned from Leo"


def test_every_kind_of_the_backend_has_a_title_and_the_same_can_be_worn():
    from album2avatar.asset_table import KIND_ORDER
    from album2avatar.wardrobe.layers import REPLACES

    assert set(KIND_TITLES) == set(KIND_ORDER)
    assert set(REPLACES) == WORN_KINDS
