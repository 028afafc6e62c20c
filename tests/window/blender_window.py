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
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from PIL import Image
from screen import HEIGHT, WIDTH, Box, Screen

COLUMNS = (0.2, 0.5, 0.8, 0.95)
"""Where, across a panel, a row's buttons are looked for."""
ROW_STEP = 10
"""Pixels; half a button's height at Blender's usual size."""


@dataclass(frozen=True)
class Button:
    """A button of the sidebar, as Blender names it."""

    what: str
    """`bpy.ops.…(…)` or `bpy.data….property`."""
    x: int
    y: int


class BlenderWindow:
    """Blender with one window on a screen; ends with the `with` block."""

    def __init__(self, root: Path, screen: Screen, environment: Mapping[str, str]) -> None:
        """
        Args:
            root: the folder that scripts/blender_window_env made.
            screen: where the window opens.
            environment: variables that Blender and the extension see.
        """
        self.root = root
        self.screen = screen
        self.folder = root / "window-test"
        self._environment = {
            "PATH": "/usr/sbin:/usr/bin:/bin",
            "HOME": "/root",
            "LANG": "C.UTF-8",
            "DISPLAY": screen.display,
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "BLENDER_USER_RESOURCES": str(self.folder / "blender"),
            "WINDOW_QUESTIONS": str(self.folder),
            **environment,
        }
        self._lay_out()

    def _lay_out(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        (self.folder / "blender").mkdir(parents=True)
        same_path = self.root / self.root.relative_to("/")
        same_path.parent.mkdir(parents=True, exist_ok=True)
        if not same_path.is_symlink():
            same_path.symlink_to("/")
        shutil.copy(Path(__file__).with_name("inside_window.py"), self.folder)

    def install_extension(self, archive: Path) -> None:
        """Install and enable the zip, as Blender's own command does."""
        inside = shutil.copy(archive, self.folder)
        done = subprocess.run(
            [
                *("chroot", str(self.root), "blender", "--background", "--command"),
                *("extension", "install-file", "--repo", "user_default", "--enable", str(inside)),
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
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        self._log.close()

    @property
    def log(self) -> str:
        """What Blender has printed."""
        return (self.folder / "blender.log").read_text(errors="replace")

    def ask(self, question: str, seconds: float = 30.0) -> Any:
        """Run a piece of Python in Blender; what it leaves in `answer` comes back."""
        answer = self.folder / "answer.json"
        answer.unlink(missing_ok=True)
        part = self.folder / "question.part"
        part.write_text(question)
        part.rename(self.folder / "question.py")
        wait_for(answer.exists, seconds, lambda: self._silence(question))
        found = json.loads(answer.read_text())
        if "error" in found:
            raise AssertionError(f"Blender could not run\n{question}\n{found['error']}")
        return found["answer"]

    def _silence(self, question: str) -> str:
        state = self._process.poll()
        is_there = "runs" if state is None else f"has ended with {state}"
        return f"Blender ({is_there}) doesn't answer\n{question}\n{self.log[-3000:]}"

    def box(self, region: str) -> Box:
        """Where a part of the 3D viewport is: "UI" is the sidebar, "WINDOW" the scene."""
        x, y, width, height = self.ask(
            f"r = region({region!r}); answer = [r.x, r.y, r.width, r.height]"
        )
        return Box(x, HEIGHT - y - height, x + width, HEIGHT - y)

    def open_sidebar(self, tab: str, width: int) -> None:
        """Show a tab of the sidebar, and drag the sidebar's edge until it is so many pixels wide.

        The sidebar lies beside the scene and not over it, as one of Blender's preferences has it:
        its edge can be found then, and pictures of it show nothing else.
        """
        self.ask("bpy.context.preferences.system.use_region_overlap = False")
        self.ask("view().spaces[0].show_region_ui = True")
        time.sleep(1.0)
        self.ask(f"region('UI').active_panel_category = {tab!r}; view().tag_redraw()")
        time.sleep(0.5)
        # A slow redraw can swallow the press; a person would try again as well.
        for _try in range(4):
            sidebar = self.box("UI")
            middle = (sidebar.top + sidebar.bottom) // 2
            self.screen.drag((sidebar.left + 1, middle), (sidebar.right - width + 1, middle))
            time.sleep(1.0)
            if abs(self._width("UI") - width) < 20:
                return
        raise AssertionError(f"the sidebar stays {self._width('UI')} pixels wide")

    def _width(self, region: str) -> int:
        box = self.box(region)
        return box.right - box.left

    def buttons(self) -> Iterator[Button]:
        """Every button of the sidebar that can be seen, from the top, found with the mouse."""
        sidebar = self.box("UI")
        seen: set[str] = set()
        for y in range(sidebar.top + ROW_STEP, sidebar.bottom, ROW_STEP):
            for column in COLUMNS:
                # The tabs' names take the last 20 pixels.
                x = round(sidebar.left + column * (sidebar.right - 20 - sidebar.left))
                self.screen.move(x, y)
                what = self.ask("answer = under_mouse()")
                if what and what not in seen:
                    seen.add(what)
                    yield Button(what, x, y)

    def find(self, name: str) -> Button:
        """The button whose operator or property contains `name`; scrolls down to it."""
        sidebar = self.box("UI")
        x, y = (sidebar.left + sidebar.right) // 2, (sidebar.top + sidebar.bottom) // 2
        self.screen.scroll(x, y, -60)
        for _page in range(8):
            for button in self.buttons():
                if name in button.what:
                    return button
            self.screen.scroll(x, y, 8)
            time.sleep(0.3)
        raise AssertionError(f"no button {name} in the sidebar")

    def press(self, name: str) -> None:
        """Click the button whose operator or property contains `name`."""
        button = self.find(name)
        # A few pixels down, for a row may have been found by its edge.
        self.screen.click(button.x, button.y + 4)
        time.sleep(0.5)

    def rest_mouse(self) -> None:
        """Take the mouse off every button, so that pictures show no hint."""
        self.screen.move(3, HEIGHT - 3)
        time.sleep(1.0)

    def picture(self, region: str | None = None) -> Image.Image:
        """What the window shows; of one region where it is named."""
        self.rest_mouse()
        return self.screen.picture(self.box(region) if region else None)


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
