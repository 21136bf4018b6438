"""Keys from the terminal, one by one, without Enter; and the screen they act on, left as it was found."""

import contextlib
import os
import re
import select
import signal
import tty
from collections.abc import Iterator
from typing import IO

from convcalc.cli.mode import Mode
from convcalc.errors import UsageError

SEQUENCES = {
    "\x1b[A": "up", "\x1b[B": "down", "\x1b[C": "right", "\x1b[D": "left",
    "\x1bOA": "up", "\x1bOB": "down", "\x1bOC": "right", "\x1bOD": "left",
    "\x1b[H": "home", "\x1b[F": "end", "\x1bOH": "home", "\x1bOF": "end",
    "\x1b[1~": "home", "\x1b[4~": "end", "\x1b[7~": "home", "\x1b[8~": "end",
    "\x1b[5~": "pageup", "\x1b[6~": "pagedown",
    "\r": "enter", "\n": "enter", " ": "space", "\x7f": "backspace", "\x08": "backspace", "\x1b": "escape",
}  # fmt: skip
"""What terminals send for the keys that are no signs."""

_KEY = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1bO.|.", re.DOTALL)
REST_OF_A_KEY = 0.1
"""Seconds within which the parts of one key come."""

ENTER_SCREEN, LEAVE_SCREEN = b"\x1b[?1049h\x1b[?25l\x1b[2J", b"\x1b[?25h\x1b[?1049l"
LOOK_AGAIN = 0.25
"""Seconds after which to see whether the window has another size, or was left and entered again."""


class Keyboard:
    """Reads keys from the terminal itself, also where standard input is a pipe."""

    def __init__(self) -> None:
        try:
            self.descriptor = os.open("/dev/tty", os.O_RDWR)
        except OSError:
            raise UsageError("--walk needs a terminal for its keys", hint="leave it out") from None
        self.waiting = ""
        self.is_stopped = False
        """Whether Ctrl-C was pressed."""
        self.is_changed = False
        """Whether the screen was left and entered again, by Ctrl-Z."""

    def stop(self, *_: object) -> None:
        """Note that Ctrl-C was pressed."""
        self.is_stopped = True

    def read(self, timeout: float) -> str | None:
        """Return the next key's name, or None if there is none in time; a key without a name is ``unknown``."""
        if not self.waiting and not self._more(timeout):
            return None
        if self.waiting == "\x1b":
            self._more(REST_OF_A_KEY)  # the rest of a key may come apart
        match = _KEY.match(self.waiting)
        assert match is not None
        self.waiting = self.waiting[match.end() :]
        key = match[0]
        return SEQUENCES.get(key, key if len(key) == 1 else "unknown")

    def _more(self, timeout: float) -> bool:
        """Read what was typed, if anything was in time."""
        ready, _, _ = select.select([self.descriptor], [], [], timeout)
        if ready:
            self.waiting += os.read(self.descriptor, 4096).decode("utf-8", "replace") or "q"  # or the terminal is gone
        return bool(ready)


@contextlib.contextmanager
def screen(stdout: IO[str]) -> Iterator[Keyboard]:
    """Take the whole screen and the keys, and give them back whatever happens; keys come at once, and are not shown.

    Nothing is raised or drawn by a signal, which can come in the middle of anything: what came is noted. Where Ctrl-C
    does not end the process, it is raised once the screen is given back.
    """
    keyboard = Keyboard()
    is_taken = False
    stdout.flush()  # what was said before stays before

    def enter() -> None:
        if is_taken:
            os.write(stdout.fileno(), ENTER_SCREEN)
            keyboard.is_changed = True

    mode = Mode(keyboard.descriptor, stdout.fileno(), LEAVE_SCREEN, enter)
    raising = signal.getsignal(signal.SIGINT)
    if callable(raising):
        signal.signal(signal.SIGINT, keyboard.stop)
    try:
        with mode.kept():
            try:
                is_taken = True
                tty.setcbreak(keyboard.descriptor)  # Ctrl-C and Ctrl-Z still work
                enter()
                yield keyboard
            finally:
                is_taken = False
                mode.restore()
    finally:
        os.close(keyboard.descriptor)
        if callable(raising):
            signal.signal(signal.SIGINT, raising)
    if keyboard.is_stopped:
        raise KeyboardInterrupt
