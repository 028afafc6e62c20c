"""From the zip to an exported avatar, as an artist does it, in a real Blender window.

The tests are one story: each goes on where the one above it ended. What the window shows is kept
in out/window, and scripts/guide_pictures takes the user guide's pictures from there.
"""

import json
import os
import time
from collections.abc import Callable
from functools import partial
from operator import eq
from pathlib import Path
from typing import Any

import pytest
from blender_window import PREFERENCES, SIDEBAR, BlenderWindow, wait_for
from conftest import REPOSITORY, Studio
from extension import MODULE, do, tell
from PIL import Image
from screen import Box
from sidebar_pictures import colours, panel_spans, progress_pixels, span_at

pytestmark = pytest.mark.window

PICTURES = REPOSITORY / "out" / "window"
CANVAS = ("IMAGE_EDITOR", "WINDOW")
SHARE_OF_TOP = (
    "max(found.share for asset in snapshot.assets[job.id] if asset.kind == 'top' "
    "for found in asset.photos[:1])"
)
"""Of the photo that shows most of it."""
GARMENT = "green sweater"
"""What Mia tries on; she wears another colour."""
WORDS = "woman with a red hat"
"""Who is made of a prompt alone."""
LONGEST_JOB = 1800.0
"""Seconds; the preset takes three minutes on two cores that have nothing else to do."""


@pytest.fixture
def blender(studio: Studio) -> BlenderWindow:
    return studio.blender


def keep(picture: Image.Image, name: str) -> None:
    """Save what the window shows."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    picture.convert("RGB").save(PICTURES / f"{name}.png", optimize=True)


def keep_panel(blender: BlenderWindow, button: str, name: str) -> Image.Image:
    """Scroll until the panel that has a button is seen whole, and save it."""
    y = blender.find(button).y - blender.box(SIDEBAR).top
    picture = blender.picture(SIDEBAR)
    top, bottom = span_at(picture, y)
    while bottom > picture.height - 4 and top > 80:
        moved = blender.scroll(SIDEBAR, 2)
        if not moved:
            break
        y -= moved
        picture = blender.picture(SIDEBAR)
        top, bottom = span_at(picture, y)
    edges = max(0, top - 4), min(picture.height, bottom + 4)
    panel = picture.crop((0, edges[0], picture.width - 20, edges[1]))
    keep(panel, name)
    return panel


def wait_in_blender(
    blender: BlenderWindow, expression: str, seconds: float, is_right: Callable[[Any], bool] = bool
) -> Any:
    """Wait until an expression about the extension has the right value."""
    return wait_for(
        lambda: (value := tell(blender, expression), is_right(value))[1] and (value,),
        seconds,
        lambda: f"{expression} stays {tell(blender, expression)!r}\n{_troubles(blender)}",
        between=0.5,
    )[0]


def _troubles(blender: BlenderWindow) -> str:
    keep(blender.screen.picture(), "trouble")
    return f"{tell(blender, 'repr((snapshot.problem, job)) ')}\n{blender.log[-2000:]}"


def test_the_tab_leads_to_the_set_up(blender: BlenderWindow) -> None:
    blender.open_sidebar("album2avatar", 380)
    keep(blender.picture(SIDEBAR), "not-set-up")
    blender.press("album2avatar.open_set_up")
    wait_for(
        lambda: blender.ask("answer = len(bpy.context.window_manager.windows)") == 2,
        10,
        "no preferences",
    )
    blender.screen.place_window("Preferences", Box(300, 40, 1060, 860))
    time.sleep(1.0)
    keep(blender.picture(PREFERENCES), "set-up-new")
    assert blender.find("album2avatar.set_up", PREFERENCES)


def test_an_existing_environment_is_checked_and_used(
    studio: Studio, blender: BlenderWindow
) -> None:
    blender.ask(f"""
chosen = bpy.context.preferences.addons[{MODULE!r}].preferences
chosen.environment, chosen.existing = "EXISTING", {str(studio.python.path)!r}
place{PREFERENCES}[1].tag_redraw()
""")
    blender.press("album2avatar.set_up", PREFERENCES)
    wait_in_blender(
        blender, "backend.current().installer.status().state", 120, partial(eq, "ready")
    )
    keep(blender.picture(PREFERENCES), "set-up-ready")
    blender.ask("""
with bpy.context.temp_override(window=bpy.context.window_manager.windows[1]):
    bpy.ops.wm.window_close()
""")


def test_the_backend_starts_by_itself(blender: BlenderWindow) -> None:
    wait_in_blender(blender, "snapshot.status", 60, partial(eq, "ready"))
    keep(blender.picture(SIDEBAR), "no-album")


def test_the_album_shows_its_photos(studio: Studio, blender: BlenderWindow) -> None:
    before = colours(blender.picture(SIDEBAR))
    do(blender, f"bpy.ops.album2avatar.choose_album(directory={str(studio.album)!r})")
    wait_in_blender(
        blender, "snapshot.albums and snapshot.albums[0].state", 90, partial(eq, "ready")
    )
    wait_in_blender(blender, "len(snapshot.files)", 30, lambda count: count >= 12)
    panel = keep_panel(blender, "album2avatar.toggle_photo", "album")
    assert tell(blender, "len(snapshot.albums[0].photos)") == 12
    assert colours(panel) > before + 2000


def test_a_click_leaves_a_photo_out(blender: BlenderWindow) -> None:
    blender.press("album2avatar.toggle_photo")
    assert tell(blender, "len(choices.album.left_out)") == 1
    blender.press("album2avatar.toggle_photo")
    assert tell(blender, "len(choices.album.left_out)") == 0


def test_find_assets_lists_the_pieces(blender: BlenderWindow) -> None:
    do(blender, "bpy.ops.album2avatar.choose_preset(preset='quick')")
    blender.press("album2avatar.find_assets")
    wait_in_blender(blender, "job and job.state", 180, partial(eq, "done"))
    wait_in_blender(blender, "[line.title for line in choices.assets.lines]", 20)
    kinds = tell(blender, "[line.kind for line in choices.assets.lines]")
    assert {"face", "top", "bottom"} <= set(kinds)
    wait_for(
        lambda: colours(keep_panel(blender, "album2avatar.find_assets", "assets")) > 1500,
        30,
        "no picture of the chosen piece came",
    )


def test_a_mask_is_painted_with_the_brush(blender: BlenderWindow) -> None:
    """A stroke takes a strip from the top, and a second one over it gives it back."""
    do(blender, "bpy.ops.screen.area_split(direction='VERTICAL', factor=0.5)")
    blender.ask("""
areas = bpy.context.window_manager.windows[0].screen.areas
views = [found for found in areas if found.type == 'VIEW_3D']
min(views, key=lambda found: found.x).type = 'IMAGE_EDITOR'
""")
    do(
        blender,
        "choices.assets.index = [line.kind for line in choices.assets.lines].index('top')",
    )
    shares = [tell(blender, SHARE_OF_TOP)]
    for brush in ("ERASE", "ADD"):
        blender.press("album2avatar.paint_mask")
        mask = "next(found for found in bpy.data.images if 'album2avatar_mask' in found)"
        wait_in_blender(blender, f"{mask}.size[0]", 30, lambda size: size > 1)
        blender.press(f"album2avatar.choose_mask_brush(chosen='{brush}')")
        blender.ask("""
with in_place('IMAGE_EDITOR', 'WINDOW'):
    bpy.ops.image.view_all(fit_view=True)
""")
        time.sleep(1.0)
        box = blender.box(CANVAS)
        middle = (box.top + box.bottom) // 2
        blender.screen.drag(
            ((box.left * 2 + box.right) // 3, middle), ((box.left + box.right * 2) // 3, middle)
        )
        assert tell(blender, f"{mask}.is_dirty")
        if brush == "ERASE":
            keep(blender.picture(CANVAS), "mask-painted")
            keep_panel(blender, "album2avatar.use_mask", "assets-mask")
        blender.press("album2avatar.use_mask")
        wait_in_blender(blender, SHARE_OF_TOP, 30, lambda share, before=shares[-1]: share != before)
        shares.append(tell(blender, SHARE_OF_TOP))
    before, erased, painted = shares
    assert erased < before - 0.005
    assert painted > erased + 0.005
    blender.ask("""
with in_place('IMAGE_EDITOR', 'WINDOW'):
    bpy.ops.screen.area_close()
""")


def test_create_starts_a_bar_that_moves(blender: BlenderWindow) -> None:
    keep_panel(blender, "album2avatar.create", "create")
    blender.press("album2avatar.create(")
    wait_in_blender(blender, "job.goal == 'avatar' and job.state", 60, partial(eq, "running"))
    blender.find("album2avatar.cancel_job")
    early = blender.picture(SIDEBAR)
    begun = tell(blender, "job.progress")
    wait_in_blender(blender, "job.progress", LONGEST_JOB, lambda progress: progress > begun + 0.05)
    late = blender.picture(SIDEBAR)
    assert progress_pixels(late) > progress_pixels(early) + 100


def test_cancel_stops_the_job_and_resume_goes_on(blender: BlenderWindow) -> None:
    blender.press("album2avatar.cancel_job")
    wait_in_blender(blender, "job.state", 60, partial(eq, "cancelled"))
    keep_panel(blender, "album2avatar.resume_job", "job-cancelled")
    reached = tell(blender, "job.progress")
    blender.press("album2avatar.resume_job")
    wait_in_blender(blender, "job.state", 30, partial(eq, "running"))
    wait_in_blender(blender, "job.progress", LONGEST_JOB, lambda progress: progress > reached)


def test_the_preview_lives_while_the_job_runs(blender: BlenderWindow) -> None:
    first = wait_in_blender(
        blender,
        "job.state == 'running' and job.preview in snapshot.files and job.preview",
        LONGEST_JOB,
    )
    shown = keep_panel(blender, "album2avatar.cancel_job", "job-running")
    assert colours(shown) > 1000
    second = wait_in_blender(
        blender,
        "job.preview in snapshot.files and job.preview",
        LONGEST_JOB,
        lambda preview: preview and preview != first,
    )
    assert second != first


def test_the_finished_avatar_goes_into_the_scene(blender: BlenderWindow) -> None:
    wait_in_blender(blender, "job.state", LONGEST_JOB, partial(eq, "done"))
    wait_in_blender(blender, "job.avatar in snapshot.files", 30)
    keep_panel(blender, "album2avatar.add_to_scene", "job-done")
    do(blender, "bpy.data.objects.remove(bpy.data.objects['Cube'])")
    before = colours(blender.picture(("VIEW_3D", "WINDOW")))
    blender.press("album2avatar.add_to_scene")
    wait_for(
        lambda: "ARMATURE" in blender.ask("answer = [found.type for found in bpy.data.objects]"),
        60,
        "no armature came",
    )
    do(blender, "bpy.ops.view3d.view_axis(type='FRONT'); bpy.ops.view3d.view_selected()")
    # Blender's solid view, for it needs no GPU; with the texture as colour.
    do(blender, "view().spaces[0].shading.color_type = 'TEXTURE'")
    assert colours(blender.picture(("VIEW_3D", "WINDOW"))) > before + 1000


def test_a_pose_is_a_click_and_undo_takes_it_back(blender: BlenderWindow) -> None:
    hand = (
        "[round(x, 4) for x in bpy.data.objects['Mia'].pose.bones["
        "bpy.data.objects['Mia']['album2avatar']['landmarks']['left_wrist']].head]"
    )
    at_rest = tell(blender, hand)
    blender.press("album2avatar.pose(pose='T_POSE')")
    assert tell(blender, hand)[2] > at_rest[2] + 0.1
    keep_panel(blender, "album2avatar.pose(pose='T_POSE')", "avatar-panel")
    keep(blender.picture(), "avatar")
    do(blender, "bpy.ops.ed.undo()")
    assert tell(blender, hand) == at_rest


def test_the_wardrobe_shows_the_pieces(blender: BlenderWindow) -> None:
    _open_panel(blender, -2)
    icons = "[item.icon for item in snapshot.wardrobe]"
    wait_in_blender(
        blender, f"{icons} and set({icons}[:12]) <= set(snapshot.files)", 30, lambda known: known
    )
    kinds = tell(blender, "[item.kind for item in snapshot.wardrobe]")
    assert {"face", "top", "bottom"} <= set(kinds)
    panel = keep_panel(blender, "album2avatar.try_on(", "wardrobe")
    assert colours(panel) > 1000


def test_words_are_tried_on(blender: BlenderWindow) -> None:
    do(blender, f"choices.wardrobe.words = {GARMENT!r}")
    do(blender, "choices.wardrobe.words_kind = 'top'")
    blender.press("album2avatar.try_on_words")
    wait_in_blender(blender, "job.goal == 'swap' and job.state", 60, partial(eq, "running"))
    wait_in_blender(
        blender,
        "job.preview in snapshot.files and job.preview",
        LONGEST_JOB,
    )
    keep_panel(blender, "album2avatar.import_pieces", "wardrobe-trying-on")
    wait_in_blender(blender, "job.state", LONGEST_JOB, partial(eq, "done"))
    wait_in_blender(blender, "job.avatar in snapshot.files", 30)


def test_the_variant_comes_beside_and_takes_turns(blender: BlenderWindow) -> None:
    shown = "[found.name for found in bpy.context.scene.objects if found.type == 'ARMATURE' "
    shown += "and not found.hide_viewport]"
    blender.press("album2avatar.add_to_scene")
    variant = f"Mia with {GARMENT}"
    wait_for(lambda: tell(blender, shown) == [variant], 60, "no variant came")
    blender.find("album2avatar.next_variant")
    keep_panel(blender, "album2avatar.next_variant", "wardrobe-variants")
    keep(blender.picture(), "variant")
    blender.press("album2avatar.next_variant")
    assert tell(blender, shown) == ["Mia"]
    keep(blender.picture(), "variant-former")
    do(blender, "bpy.ops.ed.undo()")
    assert tell(blender, shown) == [variant]
    blender.press('album2avatar.show_variant(variant="Mia")')
    assert tell(blender, shown) == ["Mia"]


def test_the_export_panel_checks_and_writes(studio: Studio, blender: BlenderWindow) -> None:
    _open_panel(blender, -1)
    blender.press("album2avatar.check_export")
    assert tell(blender, "choices.export.checked") == "Mia"
    assert not tell(blender, "[line.message for line in choices.export.findings]")
    keep_panel(blender, "album2avatar.check_export", "export")
    target = studio.album.parent / "Mia.fbx"
    do(blender, f"bpy.ops.album2avatar.export_fbx(filepath={str(target)!r}, preset='UNREAL')")
    assert target.read_bytes()[:18] == b"Kaydara FBX Binary"


def test_words_alone_become_a_job(blender: BlenderWindow) -> None:
    do(blender, f"choices.creation.prompt_addition = {WORDS!r}")
    panel = keep_panel(blender, "album2avatar.create_from_words", "create-words")
    assert colours(panel) > 100
    blender.press("album2avatar.create_from_words")
    wait_in_blender(blender, "job.goal == 'words' and job.state", 60, partial(eq, "running"))
    assert WORDS in tell(blender, "job.title")
    wait_in_blender(
        blender, "job.preview in snapshot.files and job.preview", LONGEST_JOB, lambda found: found
    )
    wait_in_blender(blender, "job.state", LONGEST_JOB, partial(eq, "done"))
    keep_panel(blender, "album2avatar.add_to_scene", "job-words")


def _open_panel(blender: BlenderWindow, place: int) -> None:
    """Click on the header of a panel, by its place; headers are no buttons that Blender names."""
    blender.scroll(SIDEBAR, 100)
    box = blender.box(SIDEBAR)
    top, bottom = panel_spans(blender.picture(SIDEBAR))[place]
    assert bottom - top < 40, "the panel is open already"
    blender.screen.click(box.left + 100, box.top + (top + bottom) // 2)
    time.sleep(1.0)


def test_blender_hardly_noticed(
    blender: BlenderWindow, record_property: Callable[[str, object], None]
) -> None:
    """The timer's turns, over the whole story, on a machine that was busy with the job."""
    ticks = tell(blender, "vars(backend.current().times)")
    for name, value in ticks.items():
        record_property(name, value)
    print(f"ticks: {ticks}")
    assert ticks["count"] > 1000
    assert ticks["late"] <= ticks["count"] / 200
    assert ticks["longest"] < 0.05


def test_quitting_ends_the_backend(blender: BlenderWindow) -> None:
    service = json.loads((_state_folder(blender) / "service.json").read_text())
    assert _is_alive(service["pid"])
    blender.quit()
    wait_for(lambda: not _is_alive(service["pid"]), 30, "the backend lives on")


def _state_folder(blender: BlenderWindow) -> Path:
    return blender.home / ".local" / "share" / "album2avatar" / "service"


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
