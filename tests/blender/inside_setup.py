"""Installs the built zip as an artist does, sets the backend up, and writes down what happened.

Run by the Python of a Blender's environment: inside_setup.py ZIP BACKEND_PYTHON OUTPUT_FOLDER
"""

import json
import os
import statistics
import sys
import time
import traceback
from pathlib import Path

import bpy

ZIP, PYTHON, OUTPUT = Path(sys.argv[-3]), sys.argv[-2], Path(sys.argv[-1])
MODULE = "bl_ext.user_default.album2avatar"


def part(name):
    """A module of the extension, as Blender has loaded it."""
    return sys.modules[f"{MODULE}.{name}"]


def preferences():
    return bpy.context.preferences.addons[MODULE].preferences


def tick_until(is_done, seconds):
    """Do what Blender's event loop does with the timer."""
    deadline = time.monotonic() + seconds
    while not is_done():
        assert time.monotonic() < deadline, part("backend").current().installer.status()
        part("backend").current().tick()
        time.sleep(0.01)


def status():
    return part("backend").current().installer.status()


def told(operator, **arguments):
    """What an operator reports as an error, "" where it works."""
    try:
        operator(**arguments)
    except RuntimeError as error:
        return str(error)
    return ""


def install():
    result = bpy.ops.extensions.package_install_files(
        filepath=str(ZIP), repo="user_default", enable_on_install=True
    )
    return {
        "result": list(result),
        "addons": [
            addon.module for addon in bpy.context.preferences.addons if "album2" in addon.module
        ],
        "state": status().state,
        "timer": bpy.app.timers.is_registered(part("backend")._tick),
        "heavy": [name for name in ("torch", "album2avatar") if name in sys.modules],
    }


def draw():
    """Draw the preferences with a real layout, in a copy of this process that then ends."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            bpy.context.window_manager.popup_menu(lambda menu, context: _draw(menu, writer))
        finally:
            os._exit(1)
    os.close(writer)
    with os.fdopen(reader) as file:
        answer = file.read()
    os.waitpid(child, 0)
    return answer


def _draw(menu, writer):
    try:
        part("preferences").draw_preferences(menu.layout.column(), bpy.context, preferences())
        os.write(writer, b"drawn")
    except Exception:
        os.write(writer, traceback.format_exc().encode())
    os._exit(0)


def set_up_without_network():
    """Blender's online access is off unless an artist switches it on."""
    values = preferences()
    values.environment, values.python = "OWN", sys._base_executable
    values.installation = str(OUTPUT / "backend")
    log_before = told(bpy.ops.album2avatar.open_set_up_log)
    bpy.ops.album2avatar.set_up()
    began = status().state
    working = draw()
    tick_until(lambda: status().state not in ("installing", "verifying"), 120)
    prefix = (OUTPUT / "backend" / "environment").resolve()
    return {
        "log_before": log_before,
        "began": began,
        "state": status().state,
        "code": status().problem.code if status().problem else "",
        "message": status().problem.message if status().problem else "",
        "made": (prefix / "pyvenv.cfg").is_file(),
        "drawn": [working, draw()],
    }


def use_an_existing_environment():
    values = preferences()
    values.environment = "EXISTING"
    nothing_chosen = told(bpy.ops.album2avatar.set_up)
    not_set_up = told(bpy.ops.album2avatar.start_backend)
    values.existing = PYTHON
    values.state = str(OUTPUT / "state")
    bpy.ops.album2avatar.set_up()
    tick_until(lambda: status().state not in ("installing", "verifying"), 180)
    return {
        "nothing_chosen": nothing_chosen,
        "not_set_up": not_set_up,
        "state": status().state,
        "problem": str(status().problem),
        "findings": len(status().findings),
        "drawn": draw(),
    }


def start_on_demand():
    """A panel that looks is enough; loading a file changes nothing."""
    backend = part("backend")
    connection = backend.connection()
    off = connection.peek().status
    connection.snapshot()
    tick_until(lambda: connection.peek().status == "ready", 60)
    bpy.ops.wm.read_homefile(use_empty=True)
    path = OUTPUT / "scene.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    bpy.ops.wm.open_mainfile(filepath=str(path))
    answers = []
    connection.request("GET", "/jobs", then=answers.append, fail=answers.append)
    tick_until(lambda: answers, 10)
    return {
        "off": off,
        "answers": answers,
        "timer": bpy.app.timers.is_registered(backend._tick),
        "same": backend.connection() is connection,
        "drawn": draw(),
    }


def stop_and_start():
    backend = part("backend")
    bpy.ops.album2avatar.stop_backend()
    tick_until(lambda: backend.connection().peek().status == "off", 30)
    backend.connection().snapshot()
    for _ in range(20):
        backend.current().tick()
    stays_off = backend.connection().peek().status
    bpy.ops.album2avatar.start_backend()
    tick_until(lambda: backend.connection().peek().status == "ready", 60)
    return {"stays_off": stays_off}


def ticks():
    """A thousand ticks while the backend is busy with requests of the panels."""
    current = part("backend").current()
    for _ in range(200):
        current.connection.request("GET", "/jobs", then=lambda answer: None)
    waits, works = [], []
    for _ in range(1000):
        current.connection.snapshot()
        began, began_to_work = time.perf_counter(), time.thread_time()
        current.tick()
        waits.append(time.perf_counter() - began)
        works.append(time.thread_time() - began_to_work)
        time.sleep(0.001)
    return {"median": statistics.median(waits), "works": sorted(works)}


def disable_and_enable():
    pid = json.loads((OUTPUT / "state" / "service.json").read_text())["pid"]
    backend = part("backend")
    began = time.perf_counter()
    bpy.ops.preferences.addon_disable(module=MODULE)
    took = time.perf_counter() - began
    found = {
        "took": took,
        "timer": bpy.app.timers.is_registered(backend._tick),
        "operators": hasattr(bpy.types, "ALBUM2AVATAR_OT_set_up"),
        "pid": pid,
    }
    deadline = time.monotonic() + 20
    while (OUTPUT / "state" / "service.json").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    found["service_ended"] = not (OUTPUT / "state" / "service.json").exists()
    for _ in range(2):
        bpy.ops.preferences.addon_enable(module=MODULE)
        bpy.ops.preferences.addon_disable(module=MODULE)
    bpy.ops.preferences.addon_enable(module=MODULE)
    values = preferences()  # Blender forgets them when it switches an extension off
    values.installation = str(OUTPUT / "backend")
    values.environment, values.existing = "EXISTING", PYTHON
    values.state = str(OUTPUT / "state")
    found["state_again"] = status().state
    part("backend").connection().snapshot()
    tick_until(lambda: part("backend").connection().peek().status == "ready", 60)
    return found


def quit_at_once():
    """Blender ends now, with the backend running; nobody unregisters."""
    return {"pid": json.loads((OUTPUT / "state" / "service.json").read_text())["pid"]}


CHECKS = (
    install,
    set_up_without_network,
    use_an_existing_environment,
    start_on_demand,
    stop_and_start,
    ticks,
    disable_and_enable,
    quit_at_once,
)

if __name__ == "__main__":
    findings = {check.__name__: check() for check in CHECKS}
    (OUTPUT / "setup.json").write_text(json.dumps(findings))
    # Also the test of a Blender that is gone without a word. And bpy 4.2 as a module crashes at
    # its end when a PropertyGroup with an update, get or set function was ever registered.
    os._exit(0)
