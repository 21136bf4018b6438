"""A Unix terminal: its keys, its screen, and its mode, which is given back whatever happens.

Whatever happens: an error, Ctrl-C, Ctrl-Z, any other signal, or the end. Only `cli.terminal` imports this.
"""

import contextlib
import os
import select
import signal
import sys
import termios
import tty
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from types import FrameType
from typing import IO, Any

from convcalc.cli.keys import ENTER_SCREEN, LEAVE_SCREEN, Keyboard
from convcalc.ending import before_ending, by_default, handled
from convcalc.errors import UsageError

TERMINAL = "/dev/tty"
"""The terminal by its own name, where standard input is a pipe."""
NO_PASTES = b"\x1b[?2004l"
"""What has a terminal send pastes as if they were typed; readline has it mark them."""


class Tty(Keyboard):
    """Reads keys from the terminal itself, also where standard input is a pipe."""

    def __init__(self) -> None:
        super().__init__()
        try:
            self.descriptor = os.open(TERMINAL, os.O_RDWR)
        except OSError:
            raise UsageError("--walk needs a terminal for its keys", hint="leave it out") from None

    def more(self, timeout: float) -> bool:
        """Read what was typed, if anything was in time."""
        ready, _, _ = select.select([self.descriptor], [], [], timeout)
        if ready:
            self.waiting += os.read(self.descriptor, 4096).decode("utf-8", "replace") or "q"  # or the terminal is gone
        return bool(ready)


class Mode:
    """A terminal's mode as it was found, what brings its screen back, and what is to be done when Ctrl-Z is over."""

    def __init__(self, keys: int, screen: int, leave: bytes, again: Callable[[], object]) -> None:
        self.keys, self.screen, self.leave, self.again = keys, screen, leave, again
        self.found = termios.tcgetattr(keys)

    @contextlib.contextmanager
    def kept(self) -> Iterator[None]:
        """Let the mode be changed in a block: a signal that ends the process, or stops it, gives it back first."""
        with before_ending(self.restore), handled(self._stopped, [signal.SIGTSTP]):
            yield

    def restore(self) -> None:
        """Leave the terminal as it was found, unless it is another's by now, and what was typed too much unread."""
        with contextlib.suppress(OSError, termios.error):
            if self._is_ours():
                os.write(self.screen, self.leave)
                termios.tcsetattr(self.keys, termios.TCSAFLUSH, self.found)

    def _is_ours(self) -> bool:
        """Whether this is no job in the background."""
        try:
            return os.tcgetpgrp(self.keys) == os.getpgrp()
        except OSError:
            return True  # no shell has it

    def _stopped(self, number: int, _: FrameType | None) -> None:
        now = termios.tcgetattr(self.keys)
        self.restore()
        by_default(number)
        with contextlib.suppress(OSError, termios.error):
            termios.tcsetattr(self.keys, termios.TCSADRAIN, now)
            self.again()


def kept_mode(prompt: str) -> AbstractContextManager[None]:
    """Give the terminal's mode back, which readline changes, where a signal ends or stops what is typed."""
    readline: Any = sys.modules.get("readline")

    def ask_again() -> None:
        line = "" if readline is None else readline.get_line_buffer()
        os.write(sys.stdout.fileno(), (prompt + line).encode())

    return Mode(sys.stdin.fileno(), sys.stdout.fileno(), b"" if readline is None else NO_PASTES, ask_again).kept()


@contextlib.contextmanager
def screen(stdout: IO[str]) -> Iterator[Keyboard]:
    """Take the whole screen and the keys, and give them back whatever happens; keys come at once, and are not shown.

    Nothing is raised or drawn by a signal, which can come in the middle of anything: what came is noted. Where Ctrl-C
    does not end the process, it is raised once the screen is given back.
    """
    keyboard = Tty()
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
