"""Keys from the terminal, one by one, without Enter; and the screen they act on, left as it was found."""

import contextlib
import os
import re
import select
import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from types import FrameType
from typing import IO, Any

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
APART = 0.1
"""Seconds within which the parts of one key come."""

ENTER_SCREEN, LEAVE_SCREEN = "\x1b[?1049h\x1b[?25l\x1b[2J", "\x1b[?25h\x1b[?1049l"
LOOK_AGAIN = 0.25
"""Seconds after which to see whether the window has another size."""


class Keyboard:
    """Reads keys from the terminal itself, also where standard input is a pipe."""

    def __init__(self) -> None:
        try:
            self.descriptor = os.open("/dev/tty", os.O_RDWR)
        except OSError:
            raise UsageError("--walk needs a terminal for its keys", hint="leave it out") from None
        self.saved = termios.tcgetattr(self.descriptor)
        self.waiting = ""

    def listen(self) -> None:
        """Have keys come at once, and not be shown; Ctrl-C and Ctrl-Z still work."""
        tty.setcbreak(self.descriptor)

    def restore(self) -> None:
        """Leave the terminal as it was found, and what was typed too much unread."""
        termios.tcsetattr(self.descriptor, termios.TCSAFLUSH, self.saved)

    def close(self) -> None:
        """Let the terminal go."""
        os.close(self.descriptor)

    def read(self, timeout: float) -> str | None:
        """Return the next key's name, or None if there is none in time; a key without a name is ``unknown``."""
        if not self.waiting and not self._more(timeout):
            return None
        if self.waiting == "\x1b":
            self._more(APART)  # the rest of a key may come apart
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
def screen(stdout: IO[str], redraw: Callable[[], None]) -> Iterator[Keyboard]:
    """Take the whole screen and the keys, and give them back whatever happens: an error, Ctrl-C, Ctrl-Z, or the end."""
    keyboard = Keyboard()

    def enter() -> None:
        keyboard.listen()
        stdout.write(ENTER_SCREEN)
        stdout.flush()

    def leave() -> None:
        stdout.write(LEAVE_SCREEN)
        stdout.flush()
        keyboard.restore()

    def suspended(number: int, _: FrameType | None) -> None:
        leave()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)  # stops here, and goes on from here
        signal.signal(number, suspended)
        enter()
        redraw()

    def ended(number: int, _: FrameType | None) -> None:
        sys.exit(128 + number)

    handlers: dict[int, Any] = {
        signal.SIGTSTP: suspended,
        signal.SIGTERM: ended,
        signal.SIGHUP: ended,
        signal.SIGQUIT: ended,
    }
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    enter()
    try:
        yield keyboard
    finally:
        leave()
        keyboard.close()
        for number, handler in before.items():
            signal.signal(number, handler)
