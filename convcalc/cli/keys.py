"""Keys by their names, from what a terminal sends for them, on any platform."""

import re
from abc import ABC, abstractmethod

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


class Keyboard(ABC):
    """Reads keys, one by one and without Enter."""

    def __init__(self) -> None:
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
        if not self.waiting and not self.more(timeout):
            return None
        if self.waiting == "\x1b":
            self.more(REST_OF_A_KEY)  # the rest of a key may come apart
        match = _KEY.match(self.waiting)
        if match is None:
            return None
        self.waiting = self.waiting[match.end() :]
        key = match[0]
        return SEQUENCES.get(key, key if len(key) == 1 else "unknown")

    @abstractmethod
    def more(self, timeout: float) -> bool:
        """Add what was typed to what is waiting, if anything was in time."""
