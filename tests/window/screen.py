"""A screen without a monitor, and a mouse on it."""

import os
import subprocess
from dataclasses import dataclass
from types import TracebackType

from PIL import Image, ImageGrab

WIDTH, HEIGHT = 1600, 1200


@dataclass(frozen=True)
class Box:
    """Part of the screen in pixels; y counts from the top."""

    left: int
    top: int
    right: int
    bottom: int


class Screen:
    """An X server of its own; ends with the `with` block."""

    def __enter__(self) -> "Screen":
        read_end, write_end = os.pipe()
        self._server = subprocess.Popen(
            [
                "Xvfb",
                *("-displayfd", str(write_end)),
                *("-screen", "0", f"{WIDTH}x{HEIGHT}x24", "+extension", "GLX", "-ac"),
            ],
            pass_fds=[write_end],
            stderr=subprocess.DEVNULL,
        )
        os.close(write_end)
        with os.fdopen(read_end) as told:
            self.display = ":" + told.readline().strip()
        assert self.display != ":", "Xvfb ended before it had a display"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.terminate()
        self._server.wait(10)

    def picture(self, box: Box | None = None) -> Image.Image:
        """What the screen shows now, or a part of it."""
        picture = ImageGrab.grab(xdisplay=self.display)
        return picture if box is None else picture.crop((box.left, box.top, box.right, box.bottom))

    def move(self, x: int, y: int) -> None:
        self._do("mousemove", str(x), str(y))

    def click(self, x: int, y: int) -> None:
        """Press the left button there, as slowly as a hand does."""
        self._do("mousemove", str(x), str(y), "sleep", "0.2", "click", "1")

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        self._do(
            *("mousemove", str(start[0]), str(start[1]), "sleep", "0.3", "mousedown", "1"),
            *("sleep", "0.1", "mousemove", str((start[0] + end[0]) // 2), str(end[1])),
            *("sleep", "0.1", "mousemove", str(end[0]), str(end[1])),
            *("sleep", "0.2", "mouseup", "1"),
        )

    def scroll(self, x: int, y: int, steps: int) -> None:
        """Turn the wheel over a point: down for positive steps, up for negative ones."""
        button = "5" if steps > 0 else "4"
        self._do(
            *("mousemove", str(x), str(y), "sleep", "0.1"),
            *("click", "--repeat", str(abs(steps)), "--delay", "30", button),
        )

    def key(self, name: str) -> None:
        self._do("key", name)

    def place_window(self, title: str, box: Box) -> None:
        """Put a window where it is seen whole, as a window manager would."""
        self._do(
            *("search", "--sync", "--onlyvisible", "--name", title),
            *("windowsize", str(box.right - box.left), str(box.bottom - box.top)),
            *("windowmove", str(box.left), str(box.top)),
        )

    def _do(self, *words: str) -> None:
        subprocess.run(
            ["xdotool", *words],
            env={**os.environ, "DISPLAY": self.display},
            check=True,
            timeout=30,
        )
