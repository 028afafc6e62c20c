"""From an album to an exported avatar with the installed extension and a real backend.

Run by the Python of a Blender's environment:
inside_work.py ZIP BACKEND_PYTHON ALBUM SETTINGS OUTPUT_FOLDER
"""

import json
import os
import statistics
import sys
import time
import traceback
from pathlib import Path

import bpy
import numpy as np
from inside_panels import draw_all

ZIP, PYTHON, ALBUM, SETTINGS, OUTPUT = (Path(argument) for argument in sys.argv[-5:])
MODULE = "bl_ext.user_default.album2avatar"

refresh_waits = []
refresh_works = []


def part(name):
    """A module of the extension, as Blender has loaded it."""
    return sys.modules[f"{MODULE}.{name}"]


def snapshot():
    """What is known, looked at as a visible panel does."""
    return part("backend").connection().snapshot()


def choices():
    return bpy.context.window_manager.album2avatar


def chosen_job():
    return snapshot().job(choices().jobs.chosen)


def work_until(is_done, seconds, watch=lambda: None):
    """Do what Blender's event loop does with the two timers."""
    deadline = time.monotonic() + seconds
    while not is_done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{chosen_job()} {snapshot().problem} {choices().jobs.problem}")
        part("backend").current().tick()
        began, began_to_work = time.perf_counter(), time.thread_time()
        part("sidebar.refresh").tick()
        refresh_waits.append(time.perf_counter() - began)
        refresh_works.append(time.thread_time() - began_to_work)
        watch()
        time.sleep(0.02)


def in_state(*states):
    return lambda: chosen_job() is not None and chosen_job().state in states


def drawn():
    """What went wrong in a panel, and the longest that one took, seconds."""
    panels = draw_all(sys.modules[MODULE])
    errors = {name: found["error"] for name, found in panels.items() if "error" in found}
    return {"errors": errors, "longest": max(found.get("seconds", 0) for found in panels.values())}


def set_up():
    bpy.ops.extensions.package_install_files(
        filepath=str(ZIP), repo="user_default", enable_on_install=True
    )
    choose_folders()
    bpy.ops.album2avatar.set_up()
    installer = part("backend").current().installer
    work_until(lambda: installer.status().state in ("ready", "failed"), 180)
    work_until(lambda: snapshot().status in ("ready", "failed"), 60)
    return {"state": installer.status().state, "status": snapshot().status, "drawn": drawn()}


def choose_folders():
    values = bpy.context.preferences.addons[MODULE].preferences
    values.environment, values.existing = "EXISTING", str(PYTHON)
    values.state, values.avatars = str(OUTPUT / "state"), str(OUTPUT / "avatars")


def read_album():
    bpy.ops.album2avatar.choose_album(directory=str(ALBUM))
    work_until(lambda: choices().album.chosen, 30)
    reading = drawn()
    album = choices().album.chosen
    work_until(lambda: snapshot().album(album).state != "reading", 60)
    pictures = part("sidebar.pictures").pictures()
    thumbnails = [photo.thumbnail for photo in snapshot().album(album).photos]
    work_until(lambda: all(map(pictures.holds, thumbnails)), 30)
    photos = snapshot().album(album).photos
    bpy.ops.album2avatar.toggle_photo(photo=photos[-1].id)
    decided = part("album.properties")
    sentence = part("album.choice").count_sentence(
        snapshot().album(album),
        decided.left_out_of(choices().album),
        decided.kept_of(choices().album),
    )
    return {"photos": len(photos), "sentence": sentence, "drawn": [reading, drawn()]}


def drop_photos():
    """As Blender calls the operator when files are dropped into the viewport."""
    names = [{"name": path.name} for path in sorted(ALBUM.iterdir())[:2]]
    before = choices().album.chosen
    bpy.ops.album2avatar.drop_photos(
        "INVOKE_DEFAULT", directory=str(ALBUM), files=[*names, {"name": "notes.txt"}]
    )
    work_until(lambda: choices().album.chosen != before, 30)
    dropped = choices().album.chosen
    work_until(lambda: snapshot().album(dropped).state == "ready", 60)
    photos = [photo.name for photo in snapshot().album(dropped).photos]
    bpy.ops.album2avatar.use_album(album=before)
    bpy.ops.album2avatar.forget_album(album=dropped)
    work_until(lambda: len(snapshot().albums) == 1, 30)
    return {"photos": photos, "chosen_again": choices().album.chosen == before}


def find_assets():
    choices().creation.settings = "{"
    wrong = _told(bpy.ops.album2avatar.create)
    choices().creation.settings = SETTINGS.read_text()
    bpy.ops.album2avatar.find_assets()
    work_until(in_state("done", "failed"), 120)
    work_until(lambda: len(choices().assets.lines) > 2, 30)
    assets = choices().assets
    assets.index = [line.kind for line in assets.lines].index("top")
    pictures = part("sidebar.pictures").pictures()
    job = assets.lines[0].job
    mask = snapshot().assets[job][assets.index].photos[0].preview
    work_until(lambda: pictures.holds(mask), 30)
    before = [line.title for line in assets.lines]
    assets.lines[assets.index].title = "woollen jumper"
    work_until(lambda: assets.lines[assets.index].title == "woollen jumper", 30)
    bpy.ops.album2avatar.turn_asset_photo()
    kinds = [line.kind for line in assets.lines]
    bpy.ops.album2avatar.merge_asset(kind="shoes", into="bottom")
    work_until(lambda: len(assets.lines) == len(kinds) - 1, 30)
    return {
        "wrong": wrong,
        "job": [chosen_job().goal, chosen_job().state],
        "before": before,
        "after": [line.title for line in assets.lines],
        "kinds": kinds,
        "merged": [line.kind for line in assets.lines],
        "drawn": drawn(),
    }


def paint_mask():
    """The lower half is erased as by a brush, and painted again in the same outline."""
    masks = part("assets.mask_image")
    job, kind = choices().jobs.chosen, choices().assets.chosen

    def shown():
        asset = next(found for found in snapshot().assets[job] if found.kind == kind)
        return next(found for found in asset.photos if found.photo == choices().assets.photo)

    choices().assets.photo = choices().assets.photo or snapshot().assets[job][0].photos[0].photo
    place = masks.MaskPlace(job, kind, choices().assets.photo)
    shares = [shown().share]
    steps, whole = [], None
    for is_erased in (True, False):
        bpy.ops.album2avatar.paint_mask()
        steps.append(drawn())
        early = _told(bpy.ops.album2avatar.use_mask)
        work_until(lambda: masks.find_mask(place).size[0] > 1, 30)
        image = masks.find_mask(place)
        colors = np.array(image.pixels[:], np.float32).reshape(-1, 4)
        whole = colors[:, 3].copy() if whole is None else whole
        half = len(colors) // 2  # rows go upwards
        colors[:half, 3] = 0.0 if is_erased else whole[:half]
        image.pixels.foreach_set(colors.ravel())
        image.update()
        steps.append(drawn())
        bpy.ops.album2avatar.use_mask()
        work_until(lambda: masks.find_mask(place) is None, 30)
        last = shares[-1]
        work_until(lambda last=last: shown().share != last, 30)
        shares.append(shown().share)
    bpy.ops.album2avatar.paint_mask()
    bpy.ops.album2avatar.discard_mask()
    left = [path.name for path in (Path(bpy.app.tempdir) / "album2avatar-masks").iterdir()]
    return {
        "early": early,
        "shares": shares,
        "left": left,
        "is_open": masks.find_mask(place) is not None,
        "problem": choices().assets.problem,
        "drawn": steps,
    }


def create_and_cancel():
    """Create goes on from the assets; the job is stopped in the middle."""
    first = chosen_job().id
    bpy.ops.album2avatar.create()
    seen = []

    def watch():
        job = chosen_job()
        if job is not None:
            seen.append((job.state, job.stage_index, job.step, round(job.progress, 4)))

    def is_well_on():
        running = [line for line in seen if line[0] == "running"]
        return any(at > 2 for _, at, _, _ in running) and len({line[3] for line in running}) > 3

    work_until(is_well_on, 120, watch)
    running = drawn()
    bpy.ops.album2avatar.cancel_job()
    began = time.monotonic()
    work_until(in_state("cancelled", "failed", "done"), 60, watch)
    return {
        "same_job": chosen_job().id == first,
        "states": list(dict.fromkeys(state for state, _, _, _ in seen)),
        "progress": [at for state, _, _, at in dict.fromkeys(seen) if state == "running"],
        "state": chosen_job().state,
        "cancelled_after": time.monotonic() - began,
        "drawn": [running, drawn()],
    }


def resume():
    bpy.ops.album2avatar.resume_job()
    seen = []

    def watch():
        job = chosen_job()
        if job.state == "running" and job.preview:
            seen.append((job.stage_title, job.preview, job.metrics.get("gradient_norm")))

    work_until(in_state("running"), 30)
    work_until(in_state("done", "failed"), 240, watch)
    work_until(lambda: {chosen_job().avatar, chosen_job().preview} <= set(snapshot().files), 30)
    job = chosen_job()
    bpy.ops.album2avatar.show_preview()
    image = next(image for image in bpy.data.images if "album2avatar_preview" in image)
    return {
        "state": job.state,
        "error": str(job.error),
        "previews": len({preview for _, preview, _ in seen}),
        "stages": list(dict.fromkeys(title for title, _, _ in seen)),
        "norms": sum(norm is not None for _, _, norm in seen),
        "image": list(image.size),
        "folder": job.workspace,
        "drawn": drawn(),
    }


def add_to_scene():
    bpy.ops.wm.read_homefile(use_empty=True)
    work_until(lambda: len(choices().jobs.lines) == 1, 10)
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.album2avatar.add_to_scene("EXEC_DEFAULT", True)
    added = len(bpy.data.objects)
    bpy.ops.ed.undo()
    undone = len(bpy.data.objects)
    bpy.ops.ed.redo()
    armature = next(found for found in bpy.data.objects if found.type == "ARMATURE")
    bpy.context.view_layer.objects.active = armature
    described = armature["album2avatar"].to_dict()
    return {
        "objects": [added, undone, len(bpy.data.objects)],
        "name": armature.name,
        "job": chosen_job().title,
        "is_asset": armature.users_collection[0].asset_data is not None,
        "assets": {asset["kind"]: asset["name"] for asset in described["assets"]},
        "drawn": drawn(),
    }


def export():
    found = {}
    for preset in ("GENERIC", "UNITY", "UNREAL"):
        path = OUTPUT / f"{preset}.fbx"
        bpy.ops.album2avatar.export_fbx(filepath=str(path), preset=preset)
        found[preset] = path.stat().st_size
    path = OUTPUT / "avatar.glb"
    bpy.ops.album2avatar.export_glb(filepath=str(path))
    sent = _size()
    bpy.ops.wm.read_homefile(use_empty=True)
    bpy.ops.album2avatar.import_avatar(filepath=str(path))
    return {**found, "sent": sent, "back": _size()}


def wardrobe():
    """The finished avatar has put its pieces there; one of them goes and comes back."""
    work_until(lambda: snapshot().wardrobe, 30)
    pictures = part("sidebar.pictures").pictures()
    pieces = snapshot().wardrobe
    work_until(lambda: all(pictures.holds(piece.icon) for piece in pieces), 30)
    (jumper,) = [piece for piece in pieces if piece.kind == "top"]
    bpy.ops.album2avatar.rename_piece(entry=jumper.id, name="warm jumper")
    work_until(lambda: _piece("top").name == "warm jumper", 30)
    path = OUTPUT / "jumper.a2atoken"
    bpy.ops.album2avatar.export_piece(entry=jumper.id, filepath=str(path))
    bpy.ops.album2avatar.delete_piece(entry=jumper.id)
    work_until(lambda: choices().wardrobe.deleted == jumper.id, 30)
    without = _piece("top") is None
    deleted = drawn()
    bpy.ops.album2avatar.import_pieces(filepath=str(path))
    work_until(lambda: _piece("top") is not None, 30)
    bpy.ops.album2avatar.delete_piece(entry=jumper.id)
    work_until(lambda: _piece("top") is None, 30)
    bpy.ops.album2avatar.restore_piece(entry=jumper.id)
    work_until(lambda: _piece("top") is not None, 30)
    bpy.ops.album2avatar.import_pieces(filepath=str(SETTINGS.with_suffix(".a2atoken")))
    work_until(lambda: choices().wardrobe.problem, 30)
    return {
        "kinds": [piece.kind for piece in pieces],
        "source": jumper.source,
        "file": path.stat().st_size,
        "without": without,
        "same": _piece("top").id == jumper.id,
        "problem": choices().wardrobe.problem,
        "drawn": [deleted, drawn()],
    }


def try_on():
    """The jumper once more on its own avatar, in a scene of its own; then words on that."""
    base = chosen_job().id
    bpy.ops.wm.read_homefile(use_empty=True)
    work_until(lambda: chosen_job().avatar in snapshot().files, 30)
    bpy.ops.album2avatar.add_to_scene()
    bpy.ops.album2avatar.pose(pose="T_POSE")
    bpy.ops.album2avatar.try_on(entry=_piece("top").id)
    previews = set()

    def watch():
        if chosen_job().state == "running" and chosen_job().preview:
            previews.add(chosen_job().preview)

    work_until(lambda: chosen_job().id != base, 30)
    work_until(in_state("running"), 30)
    running = drawn()
    work_until(in_state("done", "failed"), 300, watch)
    if chosen_job().state == "failed":
        return {"error": str(chosen_job().error)}
    work_until(lambda: chosen_job().avatar in snapshot().files, 30)
    job = chosen_job()
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.album2avatar.add_to_scene("EXEC_DEFAULT", True)
    shown = [_shown()]
    bpy.ops.album2avatar.next_variant("EXEC_DEFAULT", True)
    shown.append(_shown())
    bpy.ops.ed.undo()
    shown.append(_shown())
    bpy.ops.ed.undo()
    shown.append(_shown())
    bpy.ops.ed.redo()
    both = drawn()
    choices().wardrobe.words, choices().wardrobe.words_kind = "red skirt", "bottom"
    bpy.ops.album2avatar.try_on_words()
    work_until(lambda: chosen_job().id != job.id, 30)
    in_words = chosen_job()
    bpy.ops.album2avatar.cancel_job(force=True)
    work_until(in_state("cancelled"), 30)
    bpy.ops.album2avatar.delete_job("EXEC_DEFAULT", files=True)
    work_until(lambda: len(snapshot().jobs) == 2, 30)
    bpy.ops.album2avatar.delete_job("EXEC_DEFAULT", job=base, files=True)
    work_until(lambda: len(snapshot().jobs) == 1, 30)
    return {
        "title": job.title,
        "stages": job.stage_count,
        "previews": len(previews),
        "shown": shown,
        "raised": _hand_heights(),
        "in_words": [in_words.title, in_words.base == job.id],
        "folder": len(list(Path(job.workspace).glob("export/avatar.glb"))),
        "drawn": [running, both],
    }


def switch_off_and_on():
    """The job is found again, since the ledger keeps it; Blender forgets the preferences."""
    before = choices().jobs.chosen
    bpy.ops.preferences.addon_disable(module=MODULE)
    bpy.ops.preferences.addon_enable(module=MODULE)
    choose_folders()
    work_until(lambda: snapshot().status == "ready" and snapshot().jobs, 60)
    work_until(lambda: choices().jobs.lines, 10)
    found = {"same_job": choices().jobs.chosen == before, "state": chosen_job().state}
    bpy.ops.album2avatar.delete_job("EXEC_DEFAULT", files=True)
    work_until(lambda: not snapshot().jobs and not choices().jobs.lines, 60)
    return {**found, "folders": len(list((OUTPUT / "avatars").iterdir())), "drawn": drawn()}


def times():
    """How long the panels' timer kept the main thread, seconds."""
    return {
        "median": statistics.median(refresh_waits),
        "over_5_ms": sum(seconds > 0.005 for seconds in refresh_works),
        "count": len(refresh_waits),
    }


def _piece(kind):
    return next((piece for piece in snapshot().wardrobe if piece.kind == kind), None)


def _shown():
    armatures = [found for found in bpy.data.objects if found.type == "ARMATURE"]
    return [found.name for found in armatures if not found.hide_viewport]


def _hand_heights():
    """Of all variants; they are the same where the pose was carried over."""
    bpy.context.view_layer.update()
    armatures = [found for found in bpy.data.objects if found.type == "ARMATURE"]
    wrist = armatures[0]["album2avatar"].to_dict()["landmarks"]["left_wrist"]
    return [found.pose.bones[wrist].head.z for found in armatures]


def _size():
    mesh = next(found for found in bpy.data.objects if found.type == "MESH")
    heights = [(mesh.matrix_world @ vertex.co).z for vertex in mesh.data.vertices]
    armature = next(found for found in bpy.data.objects if found.type == "ARMATURE")
    return [max(heights) - min(heights), len(heights), len(armature.data.bones)]


def _told(operator):
    try:
        operator()
    except RuntimeError as error:
        return str(error)
    return ""


WORK = (
    set_up,
    read_album,
    drop_photos,
    find_assets,
    paint_mask,
    create_and_cancel,
    resume,
    add_to_scene,
    export,
    wardrobe,
    try_on,
    switch_off_and_on,
    times,
)

if __name__ == "__main__":
    findings = {}
    began = time.monotonic()
    try:
        for step in WORK:
            findings[step.__name__] = step()
            print(f"{time.monotonic() - began:6.1f} s  {step.__name__}", flush=True)
        code = 0
    except BaseException:
        traceback.print_exc()
        code = 1
    (OUTPUT / "work.json").write_text(json.dumps(findings))
    if MODULE in sys.modules:
        part("backend").connection().close("now", 5.0)
    sys.stdout.flush()
    # Blender 4.2 as a Python module crashes while Python ends.
    os._exit(code)
