"""The terminal's mode, which is given back whatever happens: an error, Ctrl-C, Ctrl-Z, any other signal, or the end."""

import contextlib
import os
import signal
import termios
from collections.abc import Callable, Iterator
from types import FrameType

from convcalc.ending import before_ending, by_default, handled


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
