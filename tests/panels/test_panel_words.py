"""What the panels say, and how it is broken into lines."""

import pytest
from records import JOB, TOP, replace

from blender_addon.assets.photos import neighbour, photos_phrase, shown_photo
from blender_addon.avatar.bone_groups import GROUP_NAMES, group_of
from blender_addon.errors import reason_of
from blender_addon.jobs.wording import stage_line, state_line, step_line, time_left
from blender_addon.sidebar.sentences import characters_in, lines_of

RUNNING = replace(
    JOB,
    state="running",
    stage_title="Sculpt the shape",
    stage_index=5,
    step=12,
    total=40,
    progress=0.634,
    seconds_left=170.0,
)


def test_a_running_job_says_where_it_is():
    assert stage_line(RUNNING) == "5 of 8: Sculpt the shape"
    assert step_line(RUNNING) == "Step 12 of 40, about 3 min left"
    assert state_line(RUNNING) == "63%"


@pytest.mark.parametrize(
    ("state", "position", "line"),
    [
        ("queued", 2, "Waiting, number 2"),
        ("failed", None, "Failed"),
        ("done", None, "Assets found"),
    ],
)
def test_other_jobs_say_how_they_are(state, position, line):
    assert state_line(replace(JOB, state=state, position=position)) == line


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(20.0, "less than a minute"), (300.0, "about 5 min"), (2 * 3600.0, "about 2.0 h")],
)
def test_time_is_as_vague_as_it_is_known(seconds, words):
    assert time_left(seconds).startswith(words)


def test_lines_hold_every_word_within_the_width():
    text = "The album can't be read because /a/very/long/path/that/has/no/space/at/all is gone."
    lines = lines_of(text, 20)
    assert max(map(len, lines)) <= 20
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_a_wider_sidebar_holds_more():
    assert characters_in(600, 1.0) > characters_in(300, 1.0) > characters_in(300, 2.0)


def test_the_photo_that_shows_most_is_shown_first():
    assert shown_photo(TOP, "").photo == "p2"
    assert shown_photo(TOP, "p1").photo == "p1"
    assert neighbour(TOP, "p2", 1) == "p1"
    assert photos_phrase(TOP) == "in 2 photos"


@pytest.mark.parametrize(
    ("bone", "group"),
    [
        ("upperarm01.L", "Left Arm"),
        ("finger3-1.R", "Right Fingers"),
        ("metacarpal2.L", "Left Fingers"),
        ("toe2-1.R", "Right Toes"),
        ("pelvis.L", "Left Leg"),
        ("eye.R", "Face"),
        ("spine03", "Body"),
        ("left_collar", "Left Arm"),
        ("right_middle1", "Right Fingers"),
        ("left_foot", "Left Leg"),
        ("left_eye_smplhf", "Face"),
        ("jaw", "Face"),
        ("pelvis", "Body"),
        ("mixamorig:LeftHandThumb2", "Left Fingers"),
        ("mixamorig:RightToeBase", "Right Leg"),
        ("mixamorig:Hips", "Body"),
        ("lowerarm_twist_01_l", "Left Arm"),
        ("ball_r", "Right Leg"),
        ("neck_01", "Head"),
    ],
)
def test_bones_of_known_rigs_find_their_group(bone, group):
    assert group_of(bone) == group
    assert group in GROUP_NAMES


def test_what_blender_raises_is_cut_to_its_reason():
    message = """Error: Python: Traceback (most recent call last):
  File "/x/export.py", line 3, in execute
    open(path)
PermissionError: [Errno 13] Permission denied: '/root/a.fbx'
Location: /x/ops.py:109
"""
    assert reason_of(RuntimeError(message)) == "Permission denied: '/root/a.fbx'"
