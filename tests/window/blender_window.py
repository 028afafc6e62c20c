"""A real Blender with a window, used with a real mouse.

Blender lives in a folder of its own and is entered by chroot. Paths mean the same on both sides:
in there, the folder's own path is a link to its root, so a file below `BlenderWindow.root` has one
name for Blender, for the backend and for the test.
"""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from PIL import Image
from screen import HEIGHT, WIDTH, Box, Screen

COLUMNS = (0.5, 0.2, 0.8, 0.86, 0.89, 0.92, 0.95)
"""Where, across a panel, a row's buttons are looked for; icons alone are at its end."""
ROW_STEP = 14
"""Pixels; less than a button's height at Blender's usual size."""
LONGEST_REDRAW = 6.0
"""Seconds; what moves for longer is meant to move."""

ARTIST = Path("/home/mia")
"""The home folder, as Blender sees it."""

Place = tuple[str, str]
"""Types of an area and of its region, in Blender's words."""
SIDEBAR: Place = ("VIEW_3D", "UI")
SCENE: Place = ("VIEW_3D", "WINDOW")
PREFERENCES: Place = ("PREFERENCES", "WINDOW")


@dataclass(frozen=True)
class Button:
    """A button of the sidebar, as Blender names it."""

    what: str
    """`bpy.ops.…(…)` or `bpy.data….property`."""
    x: int
    y: int


class BlenderWindow:
    """Blender with one window on a screen; ends with the `with` block."""

    def __init__(self, root: Path, screen: Screen) -> None:
        """
        Args:
            root: the folder that scripts/blender_window_env made.
            screen: where the window opens.
        """
        self.root = root
        self.screen = screen
        self.folder = root / "window-test"
        self.home = root / ARTIST.relative_to("/")
        self._environment = {
            "PATH": "/usr/sbin:/usr/bin:/bin",
            "HOME": str(ARTIST),
            "LANG": "C.UTF-8",
            "DISPLAY": screen.display,
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "WINDOW_QUESTIONS": str(self.folder),
            "TMPDIR": str(self.folder),
        }
        self._found: dict[tuple[str, Place], Button] = {}
        self._lay_out()

    def _lay_out(self) -> None:
        for folder in (self.folder, self.home):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        same_path = self.root / self.root.relative_to("/")
        same_path.parent.mkdir(parents=True, exist_ok=True)
        if not same_path.is_symlink():
            same_path.symlink_to("/")
        shutil.copy(Path(__file__).with_name("inside_window.py"), self.folder)

    def install_extension(self, archive: Path) -> None:
        """Install and enable a zip that lies below the root, as Blender's own command does."""
        done = subprocess.run(
            [
                *("chroot", str(self.root), "blender", "--background", "--command"),
                *("extension", "install-file", "--repo", "user_default", "--enable", str(archive)),
            ],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def __enter__(self) -> "BlenderWindow":
        self._log = (self.folder / "blender.log").open("w")
        self._process = subprocess.Popen(
            [
                *("chroot", str(self.root), "blender", "--window-geometry"),
                *("0", "0", str(WIDTH), str(HEIGHT)),
                *("--python", str(self.folder / "inside_window.py")),
            ],
            env=self._environment,
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        self.ask("answer = True", seconds=90)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.quit()
        self._log.close()

    def quit(self) -> None:
        """End Blender as its menu does; by force where it doesn't go."""
        if self._process.poll() is not None:
            return
        self._put("bpy.ops.wm.quit_blender()")
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)

    @property
    def log(self) -> str:
        """What Blender has printed."""
        return (self.folder / "blender.log").read_text(errors="replace")

    def ask(self, question: str, seconds: float = 30.0) -> Any:
        """Run a piece of Python in Blender; what it leaves in `answer` comes back."""
        answer = self.folder / "answer.json"
        answer.unlink(missing_ok=True)
        self._put(question)
        wait_for(answer.exists, seconds, lambda: self._silence(question))
        found = json.loads(answer.read_text())
        if "error" in found:
            raise AssertionError(f"Blender could not run\n{question}\n{found['error']}")
        return found["answer"]

    def _put(self, question: str) -> None:
        part = self.folder / "question.part"
        part.write_text(question)
        part.rename(self.folder / "question.py")

    def _silence(self, question: str) -> str:
        state = self._process.poll()
        is_there = "runs" if state is None else f"has ended with {state}"
        return f"Blender ({is_there}) doesn't answer\n{question}\n{self.log[-3000:]}"

    def box(self, place: Place) -> Box:
        """Where a part of a window is on the screen."""
        x, y, width, height = self.ask(f"answer = box{place}")
        return Box(x, HEIGHT - y - height, x + width, HEIGHT - y)

    def open_sidebar(self, tab: str, width: int) -> None:
        """Show a tab of the sidebar, and drag the sidebar's edge until it is so many pixels wide.

        The sidebar lies beside the scene and not over it, as one of Blender's preferences has it:
        its edge can be found then, and pictures of it show nothing else.
        """
        self.ask("bpy.context.preferences.system.use_region_overlap = False")
        self.ask("view().spaces[0].show_region_ui = True")
        time.sleep(1.0)
        self.ask(
            f"place{SIDEBAR}[2].active_panel_category = {tab!r}; place{SIDEBAR}[1].tag_redraw()"
        )
        # A slow redraw can swallow the press; a person would try again as well.
        for _try in range(4):
            box = self.box(SIDEBAR)
            middle = (box.top + box.bottom) // 2
            self.screen.drag((box.left + 1, middle), (box.right - width + 1, middle))
            time.sleep(1.0)
            box = self.box(SIDEBAR)
            if abs(box.right - box.left - width) < 20:
                return
        raise AssertionError(f"the sidebar stays {box.right - box.left} pixels wide")

    def find(self, name: str, place: Place = SIDEBAR) -> Button:
        """The button whose operator or property contains `name`; scrolls down to it.

        The mouse goes over the place until Blender says that this button is below.
        """
        before = self._found.pop((name, place), None)
        if before and self._is_there(name, before, place):
            return before
        self.scroll(place, -60)
        is_moving = True
        while is_moving:
            button = self._sweep(name, place)
            if button and self._is_there(name, button, place):
                return button
            is_moving = self.scroll(place, 8) > 0
        raise AssertionError(f"no button {name} in {place}")

    def _sweep(self, name: str, place: Place) -> Button | None:
        box = self.box(place)
        # The sidebar's tabs, or a scroll bar, take the last 20 pixels.
        width, height = box.right - box.left - 20, box.bottom - box.top
        xs = [round(column * width) for column in COLUMNS]
        ys = list(range(height - ROW_STEP, 0, -ROW_STEP))
        found = self.ask(f"answer = sweep{(*place, name, xs, ys)}", seconds=120)
        # A row may have been found by its edge; a button is 20 pixels high.
        return found and Button(found[2], found[0], HEIGHT - found[1] + 3)

    def press(self, name: str, place: Place = SIDEBAR) -> None:
        """Click the button whose operator or property contains `name`."""
        button = self.find(name, place)
        self.screen.click(button.x, button.y)
        time.sleep(0.5)

    def _is_there(self, name: str, button: Button, place: Place) -> bool:
        """Look again when Blender has certainly seen the mouse come; remember a right place."""
        self._under(button.x, button.y, place)
        time.sleep(0.3)
        is_there = name in self._under(button.x, button.y, place)
        if is_there:
            self._found[name, place] = button
        return is_there

    def _under(self, x: int, y: int, place: Place) -> str:
        self.screen.move(x, y)
        return self.ask(f"answer = under_mouse{place}")

    def scroll(self, place: Place, steps: int) -> int:
        """Turn the wheel; the answer is by how many pixels the place's content went up."""
        before = self._offset(place)
        # Over a list the wheel would turn the list; beside the panels it turns the panels.
        box = self.box(place)
        self.screen.scroll(box.left + 4, (box.top + box.bottom) // 2, steps)
        time.sleep(0.3)
        return round(before - self._offset(place))

    def _offset(self, place: Place) -> float:
        return self.ask(f"answer = place{place}[2].view2d.region_to_view(0, 0)[1]")

    def picture(self, place: Place | None = None) -> Image.Image:
        """What the screen shows as soon as it stands still; of one place where it is named.

        The mouse goes into a corner first, off every button, so that no hint is in the picture.
        """
        box = self.box(place) if place else None
        self.screen.move(*((box.left + 3, box.bottom - 3) if box else (3, HEIGHT - 3)))
        before = None
        end = time.monotonic() + LONGEST_REDRAW
        while True:
            time.sleep(0.4)
            self.ask("answer = True", seconds=120)
            now = self.screen.picture(box)
            if now == before or time.monotonic() > end:
                return now
            before = now


def wait_for(
    condition: Callable[[], Any],
    seconds: float,
    complaint: str | Callable[[], str],
    between: float = 0.01,
) -> Any:
    """Wait until `condition` gives something true, and return that."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(between)
    raise AssertionError(complaint if isinstance(complaint, str) else complaint())


def find_root() -> Path:
    """The folder that scripts/blender_window_env makes."""
    default = Path.home() / ".cache" / "album2avatar" / "blender-window"
    return Path(os.environ.get("ALBUM2AVATAR_BLENDER_WINDOW", default)) / "root"
